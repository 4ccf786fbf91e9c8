"""Start-up is a promise: what a command does not use, it does not import."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"litellm", "textual", "git", "pydantic", "ruamel.yaml", "asyncio"}


def loaded(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return HEAVY & set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["-h"]])
def test_version_and_help_import_nothing_heavy(arguments: list[str]) -> None:
    code = f"from agent_gate.cli import main\ntry:\n    main({arguments!r})\nexcept SystemExit:\n    pass"
    assert loaded(code) == set()


def test_verify_needs_neither_a_model_nor_the_ui() -> None:
    assert not loaded("import agent_gate.cli.verify") & {"litellm", "textual", "asyncio"}


@pytest.mark.parametrize("module", ["run", "decide", "look", "check", "gates", "demo", "spec", "init", "ui"])
def test_no_command_imports_litellm_or_textual_before_it_is_called(module: str) -> None:
    assert not loaded(f"import agent_gate.cli.{module}") & {"litellm", "textual"}


def test_nothing_is_imported_from_the_judged_repository(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("raise SystemExit('click of the judged repository')")
    (tmp_path / "stat.py").write_text("raise SystemExit('stat of the judged repository')")
    done = subprocess.run(
        [sys.executable, "-m", "agent_gate", "--help"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
