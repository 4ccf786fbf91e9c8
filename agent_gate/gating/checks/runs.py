"""The runs of pytest that a change is judged by. Each is made once in a check, whoever asks.

The tests gate and the coverage gate look at the same run of the candidate, and may do so on two machines:
what it depends on stands in both jobs.
"""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from agent_gate.gating.checks.again import BAD, Deadline, run_again
from agent_gate.gating.checks.shards import AllTests, run_in_shards
from agent_gate.gating.checks.trees import TestTrees
from agent_gate.gating.context import GateContext, measured_once
from agent_gate.gating.coverage.change import measured_change
from agent_gate.gating.pytest_result import PytestRun, RunError
from agent_gate.gating.pytest_run import run_pytest


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
        base = await base_run(context, trees)
        tests = AllTests(context, trees, trees.candidate, base, until, measured, trees.markers)
        return await run_in_shards(tests)

    return await context.workplace.once(f"tests of the candidate {context.job.digest}", make)


def _read(stored: Any) -> PytestRun | None:
    try:
        return PytestRun.model_validate(stored) if stored is not None else None
    except ValidationError:
        return None  # written by another version: run anew
