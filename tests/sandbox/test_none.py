from __future__ import annotations

from pathlib import Path

import pytest

from agent_gate.sandbox.base import Confinement
from agent_gate.sandbox.none import Unconfined


def test_only_the_environment_is_kept_clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_API_KEY", "k")
    copy = tmp_path / "copy"
    request = Confinement(argv=("true",), cwd=copy, writable=(copy,), env={"CI": "yes"})
    argv, env = Unconfined().wrap(request)
    assert argv == ("true",)
    assert "SECRET_API_KEY" not in env
    assert env["CI"] == "yes"
    assert env["HOME"] == str(tmp_path)
