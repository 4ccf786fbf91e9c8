"""Start-up is a promise: what a command does not use, it does not import."""

from __future__ import annotations

import shlex
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


PROGRAM = shlex.quote(str(Path(sys.executable).with_name("agent-gate")))


def shell(command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("closed", "told"), [(">&-", ""), ("2>&-", "agent-gate "), ("<&-", "agent-gate ")])
def test_a_closed_stream_is_no_bug(closed: str, told: str) -> None:
    done = shell(f"{PROGRAM} --version {closed}")
    assert (done.returncode, done.stdout[:11], done.stderr) == (0, told, "")


def test_everything_that_was_said_arrives_before_the_program_ends() -> None:
    done = shell(f"{PROGRAM} spec schema | (sleep 0.2; cat)")
    assert done.stdout.endswith("}\n")
    assert len(done.stdout) > 30_000


def test_the_exit_code_is_that_of_the_command(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("schema: none\n")
    assert shell(f"{PROGRAM} spec check {shlex.quote(str(tmp_path / 'bad.yaml'))}").returncode == 2
