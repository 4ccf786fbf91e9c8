"""Which failures are chance, and which ids: tests that failed, or are missing, are run a second time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from agent_gate.gating.checks.again import BAD, Deadline, function_of, run_again
from agent_gate.gating.checks.outcomes import Runs
from agent_gate.gating.checks.trees import TestTrees
from agent_gate.gating.context import GateContext, together
from agent_gate.gating.pytest_result import PytestRun


@dataclass(frozen=True)
class _Doubt:
    """What is to be run again, by the tree in which it was not as it should be."""

    candidate: tuple[str, ...] = ()
    hybrid: tuple[str, ...] = ()
    base: tuple[str, ...] = ()


async def told_apart(context: GateContext, trees: TestTrees, runs: Runs, until: Deadline) -> Runs:
    """The same runs, with what a second run of the tests in doubt says. Usually there are none."""
    doubt = _doubt(runs)
    candidate, hybrid, base = await together(
        run_again(context, trees.candidate, doubt.candidate, until, trees.markers),
        run_again(context, trees.hybrid, doubt.hybrid, until),
        run_again(context, trees.base, doubt.base, until),
    )
    by_chance = [test for test in doubt.base if base and base.outcome(test) in BAD]
    return replace(
        runs,
        passed_again=frozenset(
            test
            for tests, again in ((doubt.candidate, candidate), (doubt.hybrid, hybrid))
            for test in tests
            if again and again.outcome(test) == "passed" and not _meddled(again, runs.base)
        ),
        unsteady_base=frozenset({*runs.base.unsteady, *by_chance}),
        drifting=_drifting(runs, base) if base else frozenset(),
    )


def _meddled(again: PytestRun, base: PytestRun) -> bool:
    """Whether a second run shows nothing, since the code did to pytest or its tests what the base's does not."""
    foreign = any(base.altered.get(name) != where for name, where in again.altered.items())
    return foreign or not set(again.overruled) <= set(base.overruled)


def _doubt(runs: Runs) -> _Doubt:
    candidate = [
        test for test, case in runs.candidate.cases.items() if case.outcome in BAD and not runs.known(test)
    ]
    hybrid = [
        test
        for test, case in runs.hybrid.cases.items()
        if runs.hybrid is not runs.candidate
        and case.outcome in BAD
        and not runs.edited(test)
        and runs.base.outcome(test) == "passed"
        and runs.candidate.outcome(test) == "passed"
    ]
    base = [
        test
        for test in (*candidate, *hybrid)
        if runs.base.outcome(test) == "passed" and not runs.edited(test)
    ]
    return _Doubt(tuple(candidate), tuple(hybrid), (*base, *_missing(runs)))


def _missing(runs: Runs) -> tuple[str, ...]:
    """Parametrised tests of untouched files that the candidate's run does not know."""
    return tuple(
        test
        for test, case in runs.base.cases.items()
        if "[" in test
        and case.outcome == "passed"
        and not runs.edited(test)
        and runs.candidate.outcome(test) == "absent"
        and not runs.candidate.failed_file(test)
    )


def _drifting(runs: Runs, again: PytestRun) -> frozenset[str]:
    """Missing ids that a second run of the base does not know either, where as many others took their place."""
    missing = [test for test in _missing(runs) if again.outcome(test) == "absent"]
    others = Counter(
        function_of(test)
        for test, case in runs.candidate.cases.items()
        if case.outcome == "passed" and test not in runs.base.cases
    )
    count: Mapping[str, int] = Counter(map(function_of, missing))
    return frozenset(test for test in missing if others[function_of(test)] >= count[function_of(test)])
