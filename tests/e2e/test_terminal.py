"""`run` with somebody at the terminal: the review follows at once, in lines."""

from __future__ import annotations

from pathlib import Path

import pytest
from program import agent_gate, command, new_file, record_replies
from repositories import MakeRepository, git
from small_project import GOOD, QUICK_FILES, QUICK_SPEC
from terminal import Terminal

from agent_gate.vcs.repo import Repository

pytestmark = pytest.mark.usefixtures("confined")


@pytest.fixture
def project(make_repository: MakeRepository, tmp_path: Path) -> Repository:
    (tmp_path / "spec.yaml").write_text(QUICK_SPEC)
    record_replies(tmp_path / "good.jsonl", [GOOD])
    return make_repository(QUICK_FILES)


def arguments(tmp_path: Path) -> list[str]:
    return command("run", str(tmp_path / "spec.yaml"), "--model", f"replay:{tmp_path / 'good.jsonl'}")


def test_look_answer_approve(project: Repository, tmp_path: Path) -> None:
    with Terminal(arguments(tmp_path), project.root) as terminal:
        terminal.wait_for("you sign")
        terminal.wait_for("approve (a)")
        terminal.type("d\n")
        terminal.wait_for("+def total(prices: list[int], discount: int = 0) -> int:")
        terminal.wait_for("approve (a)")
        terminal.type("a\n")
        terminal.wait_for("your sentence")
        terminal.type("only // divides\n")
        terminal.wait_for("verify it, offline")
        assert terminal.wait() == 0
    assert git(project.root, "rev-list", "--count", "HEAD") == "2"
    assert agent_gate(project.root, "verify").returncode == 0


def test_later_leaves_it_parked_and_reject_ends_it(project: Repository, tmp_path: Path) -> None:
    with Terminal(arguments(tmp_path), project.root) as terminal:
        terminal.wait_for("approve (a)")
        terminal.type("l\n")
        terminal.wait_for("agent-gate approve")
        assert terminal.wait() == 3
    with Terminal(command("resume", "@"), project.root) as terminal:
        terminal.wait_for("approve (a)")
        terminal.type("r\n")
        terminal.wait_for("why")
        terminal.type("not now\n")
        assert terminal.wait() == 5
    assert git(project.root, "rev-list", "--count", "HEAD") == "1"


def test_a_question_is_shown_to_whoever_takes_a_parked_run_up_again(
    project: Repository, tmp_path: Path
) -> None:
    asking = GOOD + "\n" + new_file("tests/conftest.py", '"""Nothing is shared yet."""')
    model = record_replies(tmp_path / "asking.jsonl", [asking])
    assert agent_gate(project.root, "run", str(tmp_path / "spec.yaml"), "--model", model).returncode == 3
    with Terminal(command("resume", "@"), project.root) as terminal:
        terminal.wait_for("you accept: scope: tests/conftest.py")
        terminal.wait_for("approve (a)")
        terminal.type("l\n")
        assert terminal.wait() == 3


def test_control_c_at_the_prompt_leaves_it_parked(project: Repository, tmp_path: Path) -> None:
    with Terminal(arguments(tmp_path), project.root) as terminal:
        terminal.wait_for("approve (a)")
        assert terminal.interrupt() == 130
        assert "agent-gate resume" in terminal.output
    assert "awaiting approval" in agent_gate(project.root, "runs").stdout
