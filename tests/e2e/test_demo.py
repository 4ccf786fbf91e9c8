"""The demo does what the README says it does."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from demo_run import DemoRun, demo_run
from program import agent_gate
from repositories import git

from agent_gate.demo.sample import spec_bytes


@pytest.fixture
def demo(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> DemoRun:
    """The run that all look at; what was found out in it need not be found out again."""
    run = demo_run(tmp_path_factory)
    monkeypatch.setenv("AGENT_GATE_CACHE_DIR", str(run.cache))
    return run


def test_the_first_reply_fails_the_second_passes_and_the_commit_verifies(
    demo: DemoRun, tmp_path: Path
) -> None:
    done, shop = demo, tmp_path / "shop"
    assert done.returncode == 0, done.stderr
    shutil.copytree(demo.shop, shop, symlinks=True)
    told = done.stderr
    assert (
        told.index("✗ bandit") < told.index("attempt 2") < told.index("✓ tests") < told.index("✓ approved by")
    )
    assert "approved by Ana Ito <ana@example.org> (--yes)" in told
    assert git(shop, "rev-list", "--count", "HEAD") == "2"
    command = done.stdout.strip().splitlines()[-1].split()
    assert command[:2] == ["agent-gate", "verify"]
    verified = agent_gate(shop, *command[1:])
    assert verified.returncode == 0, verified.stdout
    assert git(shop, "status", "--porcelain") == ""
    reworded = spec_bytes().decode().replace("at most 20 orders", "at most 25 orders")
    (tmp_path / "spec.yaml").write_text(reworded)
    shown = agent_gate(shop, "show", "@", "--spec", str(tmp_path / "spec.yaml"), "--format", "json")
    clauses = {clause["clause"]: clause for clause in json.loads(shown.stdout)["clauses"]}
    assert [name for name, clause in clauses.items() if clause["state"] != "verified"] == ["ACC-3"]
    assert clauses["ACC-3"]["evidence"][0]["basis"].startswith("outdated")


@pytest.mark.usefixtures("demo")
def test_without_a_terminal_and_without_yes_it_parks(tmp_path: Path) -> None:
    done = agent_gate(tmp_path, "demo", "--dir", "shop")
    assert done.returncode == 3, done.stderr
    shop = tmp_path / "shop"
    assert git(shop, "rev-list", "--count", "HEAD") == "1"
    assert agent_gate(shop, "approve", "@", "--answer", "DEC-1=one constant string").returncode == 0


def test_it_never_writes_into_a_folder_that_holds_something(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    done = agent_gate(tmp_path, "demo", "--dir", ".", "--yes")
    assert done.returncode == 2
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.usefixtures("demo")
def test_a_user_whom_git_does_not_know_sees_it_all_the_same(tmp_path: Path) -> None:
    environment = {"GIT_CONFIG_GLOBAL": "/dev/null", "HOME": str(tmp_path), "EMAIL": ""}
    configuration = tmp_path / "config"
    configuration.write_text("[user]\n\tuseConfigOnly = true\n")
    done = agent_gate(
        tmp_path,
        "demo",
        "--dir",
        "shop",
        "--yes",
        env={**environment, "GIT_CONFIG_GLOBAL": str(configuration)},
    )
    assert done.returncode == 0, done.stderr
    assert "git does not know you" in done.stderr
