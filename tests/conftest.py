"""What all tests share: real repositories in a temporary folder, with an identity of their own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from repositories import Files, MakeRepository, hermetic_git_environment, new_repository

from agent_gate.vcs.repo import Repository


@pytest.fixture(autouse=True)
def _hermetic_environment(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the user's git configuration, caches or keys."""
    home = tmp_path_factory.mktemp("home")
    for name, value in hermetic_git_environment(home).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AGENT_GATE_CACHE_DIR", str(home / "cache"))
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)


@pytest.fixture
def make_repository(tmp_path: Path) -> MakeRepository:
    """`make_repository({path: content}, name="repo")`: a repository with one commit on main."""

    def make(files: Files | None = None, name: str = "repo") -> Repository:
        contents: Mapping[str, str | bytes] = files if files is not None else {"README.md": "# sample\n"}
        return new_repository(tmp_path / name, contents)

    return make
