"""No attack is green for us, as it is for a naive tool; each honest look-alike passes, or asks what it must."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from program import agent_gate
from threat_cases import Case, read_cases
from threat_outcomes import NAIVE, ask_gates, ask_naive, carry_out
from threat_page import read_outcomes

from agent_gate.engine.check_change import check_change
from agent_gate.engine.context import Context
from agent_gate.gating.environment import Environment
from agent_gate.vcs.change_source import ChangeSource, locate_change
from agent_gate.vcs.repo import Repository

CASES = {case.name: case for case in read_cases()}
RECORDED = read_outcomes()


def name(case: Case) -> str:
    return f"{case.topic}: {case.name}"


@pytest.mark.parametrize("case", [case for case in CASES.values() if case.is_attack], ids=name)
async def test_an_attack(case: Case, tmp_path: Path, environments: dict[str, Environment]) -> None:
    """By the gates that stopped it when all were asked; the others cost time, and change nothing of what these say."""
    recorded = {rule.partition("/")[0] for rule in RECORDED[case.name]["by"]}
    told = await ask_gates(
        carry_out(case, tmp_path), environments, case.spec, only=() if case.spec else recorded
    )
    assert told.says == case.says, told.detail
    assert set(case.by) <= set(told.by), told.detail
    assert list(told.by) == RECORDED[case.name]["by"], "the page is old: tests/adversarial/score.py --record"


@pytest.mark.parametrize("tool", NAIVE)
def test_a_naive_tool_says_nothing(tool: str, tmp_path: Path) -> None:
    """Of one attack for each tool; what they say of every other one is recorded with its outcome."""
    case = next(case for case in CASES.values() if tool in case.naive)
    done = ask_naive(tool, carry_out(case, tmp_path), tmp_path)
    assert done.returncode == 0, f"{case.name}: {done.stdout[-2000:]}{done.stderr[-2000:]}"


@pytest.mark.parametrize("case", [case for case in CASES.values() if not case.is_attack], ids=name)
async def test_an_honest_change(case: Case, tmp_path: Path, environments: dict[str, Environment]) -> None:
    told = await ask_gates(carry_out(case, tmp_path), environments, case.spec)
    assert (told.says, set(told.by)) == (case.says, set(case.by)), told.detail


@pytest.mark.usefixtures("environments")
@pytest.mark.parametrize(
    ("case", "code", "outcome"),
    [
        ("a nested ruff.toml", 1, "blocked"),
        ("a new version", 3, "passed"),
        ("documentation only", 0, "passed"),
    ],
)
def test_the_whole_program(case: str, code: int, outcome: str, tmp_path: Path) -> None:
    done = agent_gate(carry_out(CASES[case], tmp_path), "check", "--format", "json")
    assert done.returncode == code, done.stderr
    assert json.loads(done.stdout)["outcome"] == outcome


async def test_two_checks_of_one_tree_say_the_same(
    tmp_path: Path, environments: dict[str, Environment]
) -> None:
    """Messages of Python name files of the copy that was run: an approval would not outlive the check."""
    repository = Repository.open(carry_out(CASES["a deprecated function goes with its test"], tmp_path))
    base, tree = locate_change(repository, ChangeSource())
    digests = set()
    for _ in range(2):
        context = Context(repository, use_cache=False, _environments=environments)
        verdict = (await check_change(context, base, tree)).verdict
        assert verdict is not None
        digests.add(verdict.digest)
    assert len(digests) == 1
