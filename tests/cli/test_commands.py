"""Commands that need no gate: help, init, completion, and how bugs are told."""

from __future__ import annotations

from pathlib import Path

import pytest
from program import agent_gate
from repositories import MakeRepository, git
from small_project import FILES


@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize(
    "command",
    ["approve", "check", "demo", "gates", "init", "reject", "resume", "review", "run", "runs", "show", "spec", "verify"],
)  # fmt: skip
def test_every_command_has_help(tmp_path: Path, command: str, flag: str) -> None:
    done = agent_gate(tmp_path, command, flag)
    assert done.returncode == 0, done.stderr
    assert f"Usage: agent-gate {command}" in done.stdout


def test_an_unknown_command_and_an_unknown_option_are_usage_errors(tmp_path: Path) -> None:
    assert agent_gate(tmp_path, "frobnicate").returncode == 2
    assert agent_gate(tmp_path, "run", "--frobnicate").returncode == 2


def test_repo_may_stand_before_and_after_the_command(make_repository: MakeRepository, tmp_path: Path) -> None:
    repository = make_repository(FILES)
    for arguments in (["--repo", str(repository.root), "runs"], ["runs", "--repo", str(repository.root)]):
        done = agent_gate(tmp_path, *arguments)
        assert done.returncode == 0, done.stderr
        assert "no runs yet" in done.stderr


def test_init_writes_what_works_and_never_overwrites(make_repository: MakeRepository) -> None:
    repository = make_repository({**FILES, "agent-gate.toml": "# mine\n"})
    done = agent_gate(repository.root, "init")
    assert done.returncode == 0, done.stderr
    assert (repository.root / "agent-gate.toml").read_text() == "# mine\n"
    assert (repository.root / ".agent-gate/spec.schema.json").exists()
    checked = agent_gate(repository.root, "spec", "check", "specs/first-change.yaml")
    assert checked.returncode == 0, checked.stderr
    (repository.root / "agent-gate.toml").unlink()
    agent_gate(repository.root, "init")
    git(repository.root, "add", "--all")
    git(repository.root, "commit", "--quiet", "--message", "init")
    dry = agent_gate(repository.root, "run", "specs/first-change.yaml", "--dry-run")
    assert dry.returncode == 0, dry.stderr


@pytest.mark.usefixtures("known_canaries")
def test_colours_are_for_terminals(make_repository: MakeRepository) -> None:
    repository = make_repository(FILES)
    done = agent_gate(repository.root, "gates")
    assert "\x1b[" not in done.stdout + done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shell_completion(tmp_path: Path, shell: str) -> None:
    done = agent_gate(tmp_path, env={"_AGENT_GATE_COMPLETE": f"{shell}_source"})
    assert "agent-gate" in done.stdout
