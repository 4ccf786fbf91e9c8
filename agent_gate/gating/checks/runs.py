"""The runs of pytest that a change is judged by. Each is made once in a check, whoever asks.

The tests gate and the coverage gate look at the same run of the candidate, and may do so on two machines:
what it depends on stands in both jobs.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from agent_gate.domain.gate import Outcome
from agent_gate.gating.checks.trees import TestTrees
from agent_gate.gating.context import GateContext, measured_once
from agent_gate.gating.coverage.change import measured_change
from agent_gate.gating.pytest_run import PytestRun, RunError, run_pytest

BAD: frozenset[Outcome] = frozenset({"failed", "errored"})


@dataclass(frozen=True)
class Deadline:
    """The end of the time that all runs over a candidate have together."""

    limit_s: float
    began: float = field(default_factory=time.monotonic)

    @property
    def left_s(self) -> float:
        """How many seconds are left; never nothing, so that a run that comes too late says so itself."""
        return max(self.began + self.limit_s - time.monotonic(), 0.1)


async def base_run(context: GateContext, trees: TestTrees) -> PytestRun:
    """The base's tests over the base: from the cache, or made once. Raises RunError."""
    key = context.job.of_base().digest
    return await context.workplace.once(f"tests of the base {key}", lambda: _base_run(context, trees, key))


async def _base_run(context: GateContext, trees: TestTrees, key: str) -> PytestRun:
    async with measured_once(key):
        stored = _read(context.cache.get(key))
        if stored is not None:
            return stored
        maximum = context.job.options.timeout_s or int(context.definition.options["maximum_s"])
        try:
            run = await run_pytest(context, trees.base, (), maximum)
        except RunError as error:
            raise RunError(f"the base's own tests: {error.reason}", error.hint, error.output_sha256) from None
        failing = [test for test, case in run.cases.items() if case.outcome in BAD]
        second = await run_again(context, trees.base, failing, Deadline(maximum))
        unsteady = [test for test in failing if second and second.outcome(test) not in BAD]
        run = run.model_copy(update={"modules": {}, "unsteady": tuple(unsteady)})
        context.cache.put(key, run.model_dump(mode="json"))
        return run


def deadline(context: GateContext, base: PytestRun) -> Deadline:
    """Ten times the base's own time, within bounds, unless the policy says otherwise."""
    options = context.definition.options
    limit_s = base.duration_ms / 1000 * float(options["times_base"])
    bounded_s = min(max(limit_s, float(options["minimum_s"])), float(options["maximum_s"]))
    return Deadline(context.job.options.timeout_s or bounded_s)


async def candidate_run(context: GateContext, trees: TestTrees, until: Deadline) -> PytestRun:
    """The candidate's tests over the candidate, with coverage where the check wants it. Raises RunError."""

    async def make() -> PytestRun:
        wanted = context.job.inputs.get("coverage")
        change = await measured_change(context, wanted) if wanted else None
        measured = change.probes if change else None
        return await run_pytest(context, trees.candidate, (), until.left_s, measured, trees.markers)

    return await context.workplace.once(f"tests of the candidate {context.job.digest}", make)


async def run_again(
    context: GateContext, tree: str, tests: Collection[str], until: Deadline, markers: Sequence[str] = ()
) -> PytestRun | None:
    """The same tests once more over the same tree, in a fresh copy; None where that shows nothing.

    With many failures it is not done: chance does not break many tests at a time.
    """
    if not tests or len(tests) > int(context.definition.options["again_at_most"]):
        return None
    try:
        functions = sorted({function_of(test) for test in tests})
        return await run_pytest(context, tree, functions, until.left_s, markers=markers)
    except RunError:
        return None  # what failed stays failed


def function_of(test: str) -> str:
    """A parametrised test's function: some ids cannot be asked for a second time."""
    return test.partition("[")[0]


def _read(stored: Any) -> PytestRun | None:
    try:
        return PytestRun.model_validate(stored) if stored is not None else None
    except ValidationError:
        return None  # written by another version: run anew
