"""A second check of the same tree says the same, and asks nobody anew; one that could differ is made."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from program import agent_gate
from repositories import MakeRepository, git, write_files
from small_project import FILES

from agent_gate.cli.remembered import CheckMemory, Said
from agent_gate.stamps import settled, stamp
from agent_gate.vcs.repo import Repository

STATIC = '[gates]\nrequired = ["scope", "ruff"]\nadvisory = []\n'
SAID = Said((("err", "told"), ("out", "said")), 3)
LOADED = """
import sys
from agent_gate.cli import main
try:
    main(["check"])
finally:
    print("loaded:", *sorted({"pydantic", "asyncio", "git"} & sys.modules.keys()), file=sys.stderr)
"""


@pytest.fixture
def project(make_repository: MakeRepository) -> Repository:
    repository = make_repository({**FILES, "agent-gate.toml": STATIC})
    write_files(repository.root, {"till.py": FILES["till.py"] + "\n\nimport os\n"})
    return repository


def memory(repository: Repository, asked: list[str], *, enabled: bool = True) -> CheckMemory:
    return CheckMemory(repository, repository.resolve("HEAD"), asked, enabled=enabled)


@pytest.fixture
def old_file(tmp_path: Path) -> Path:
    """A file that has not changed for an hour."""
    path = tmp_path / "tool"
    path.write_text("one")
    an_hour_ago = time.time() - 3600
    os.utime(path, (an_hour_ago, an_hour_ago))
    return path


@pytest.mark.usefixtures("confined")
def test_the_second_check_loads_next_to_nothing_and_says_the_same(project: Repository) -> None:
    first = agent_gate(project.root, "check")
    assert "cached" not in first.stderr
    second = subprocess.run(
        [sys.executable, "-c", LOADED], cwd=project.root, capture_output=True, text=True, check=False
    )
    assert second.returncode == first.returncode == 1
    assert second.stdout == first.stdout
    assert "failed (2 new findings) 0.0 s, cached" in second.stderr
    assert second.stderr.splitlines()[-1] == "loaded:"


@pytest.mark.usefixtures("confined")
def test_each_format_is_kept_by_itself(project: Repository) -> None:
    told = [json.loads(agent_gate(project.root, "check", "--format", "json").stdout) for _ in range(2)]
    assert [all(result["cached"] for result in each["results"]) for each in told] == [False, True]
    assert told[0]["verdict_digest"] == told[1]["verdict_digest"]
    assert "✗" in agent_gate(project.root, "check").stdout


@pytest.mark.usefixtures("confined")
def test_without_the_cache_nothing_is_repeated_and_nothing_kept(project: Repository) -> None:
    for _ in range(2):
        assert "cached" not in agent_gate(project.root, "check", "--no-cache").stderr
    assert "cached" not in agent_gate(project.root, "check").stderr


@pytest.mark.usefixtures("confined")
def test_a_gate_that_could_not_look_is_asked_again(project: Repository) -> None:
    write_files(project.root, {"agent-gate.toml": STATIC.replace('"ruff"', '"ruff", "own"')})
    own = """schema = "agent-gate/gate/v1"
id = "own"
title = "A tool that is not there"
tool = "no-such-tool-anywhere"
argv = ["{tool}"]
parser = "exit-code"
canary = { files = { "canary.py" = "" } }
"""
    write_files(project.root, {".agent-gate/gates/own.toml": own})
    git(project.root, "add", "--all")
    git(project.root, "commit", "--quiet", "--message", "a gate of our own")
    write_files(project.root, {"till.py": FILES["till.py"] + "\n\nX = 1\n"})
    for _ in range(2):
        done = agent_gate(project.root, "check")
        assert done.returncode == 1
        assert "is not installed" in done.stderr


def test_what_was_said_is_said_again(project: Repository, old_file: Path) -> None:
    assert memory(project, ["a"]).recall() is None
    memory(project, ["a"]).keep(SAID, [str(old_file)])
    assert memory(project, ["a"]).recall() == SAID
    assert memory(project, ["b"]).recall() is None
    assert memory(project, ["a"], enabled=False).recall() is None


@pytest.mark.parametrize("how", ["content", "gone", "replaced"])
def test_a_file_that_had_a_say_and_changed_makes_it_void(
    project: Repository, old_file: Path, how: str
) -> None:
    memory(project, ["a"]).keep(SAID, [str(old_file)])
    if how == "content":
        old_file.write_text("two")
    else:
        old_file.unlink()
    if how == "replaced":
        old_file.write_text("one")
    assert memory(project, ["a"]).recall() is None


def test_a_file_that_appears_makes_it_void(project: Repository, tmp_path: Path) -> None:
    memory(project, ["a"]).keep(SAID, [str(tmp_path / "absent")])
    assert memory(project, ["a"]).recall() == SAID
    (tmp_path / "absent").write_text("")
    assert memory(project, ["a"]).recall() is None


def test_nothing_rests_on_a_file_that_changed_only_now(project: Repository, tmp_path: Path) -> None:
    (tmp_path / "fresh").write_text("")
    assert not settled([stamp(tmp_path / "fresh")])
    memory(project, ["a"]).keep(SAID, [str(tmp_path / "fresh")])
    assert memory(project, ["a"]).recall() is None


def _hook(root: Path) -> None:
    write_files(root, {".git/hooks/pre-commit": "#!/bin/sh\nexit 1\n"})
    (root / ".git/hooks/pre-commit").chmod(0o755)


def _hooks_elsewhere(root: Path) -> None:
    write_files(root.parent, {"hooks/pre-commit": "#!/bin/sh\nexit 1\n"})
    (root.parent / "hooks/pre-commit").chmod(0o755)
    git(root, "config", "core.hooksPath", str(root.parent / "hooks"))


def _branch(root: Path) -> None:
    git(root, "switch", "--quiet", "--create", "other")


@pytest.mark.parametrize("change", [_hook, _hooks_elsewhere, _branch])
def test_hooks_and_the_branch_are_part_of_the_question(
    project: Repository, old_file: Path, change: Callable[[Path], None]
) -> None:
    memory(project, ["a"]).keep(SAID, [str(old_file)])
    change(project.root)
    assert memory(project, ["a"]).recall() is None


@pytest.mark.parametrize("name", ["VIRTUAL_ENV", "PATH"])
def test_so_are_the_variables_that_choose_interpreter_and_tools(
    project: Repository, old_file: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory(project, ["a"]).keep(SAID, [str(old_file)])
    monkeypatch.setenv(name, f"/elsewhere:{os.environ.get(name, '')}")
    assert memory(project, ["a"]).recall() is None
