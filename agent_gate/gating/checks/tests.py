"""The `tests` gate: the project's tests over the change, the base's tests over the change, and the
change's tests over the base.

An exit code alone passed 22 of 24 known attacks on pytest; so each run must leave a complete report that
agrees with itself, the base's own tests and configuration are run over the new source, and the change's
tests have to fail without the change before they show anything.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from pydantic import ValidationError

from agent_gate.domain.gate import GateDefinition, GateResult
from agent_gate.domain.pattern import matches
from agent_gate.gating.checks.check import Check
from agent_gate.gating.checks.comparison import Runs, cases, findings
from agent_gate.gating.checks.red import Introduced, introduced_names, red_tests
from agent_gate.gating.checks.trees import TestTrees, is_test_side, make_trees
from agent_gate.gating.context import GateContext, errored, judged, measured_once, together
from agent_gate.gating.diff import FileDiff
from agent_gate.gating.pytest_run import PytestRun, RunError, run_pytest


async def run_tests(context: GateContext) -> GateResult:
    """Judges the candidate by its tests and by the base's; what cannot be believed is errored."""
    told = {"tool_version": context.environment.pytest, "sandbox": context.workplace.sandbox_name}
    if not context.environment.pytest:
        return errored(
            context,
            f"pytest is not installed in the environment of {context.environment.python}",
            "install it there, or name another interpreter: [environment] python in agent-gate.toml",
        )
    trees = await asyncio.to_thread(make_trees, context)
    diff = await context.diff()
    try:
        base = await _base_run(context, trees.base)
        runs = await _runs(context, trees, base, diff)
    except RunError as error:
        return errored(context, error.reason, error.hint, output_sha256=error.output_sha256, **told)
    if foreign := _imported_from_elsewhere(context, runs, diff):
        hint = "the tests would judge other code than the change: is it installed elsewhere?"
        return errored(context, foreign, hint, **told)
    return judged(
        context,
        findings(runs),
        cases=cases(runs),
        measures=_measures(runs),
        output_sha256=runs.candidate.output_sha256,
        **told,
    )


async def measure_tests_base(context: GateContext) -> None:
    """Runs the base's tests over the base, so that a candidate need not wait for it."""
    if not context.environment.pytest:
        return
    trees = await asyncio.to_thread(make_trees, context)
    try:
        await _base_run(context, trees.base)
    except RunError:
        return  # the same happens when the candidate is judged, and is told there


TESTS = Check(run=run_tests, measure_base=measure_tests_base)


async def _base_run(context: GateContext, tree: str) -> PytestRun:
    key = context.job.of_base().digest
    async with measured_once(key):
        stored = _read(context.cache.get(key))
        if stored is not None:
            return stored
        maximum = context.job.options.timeout_s or int(context.definition.options["maximum_s"])
        try:
            run = await run_pytest(context, tree, (), maximum)
        except RunError as error:
            raise RunError(f"the base's own tests: {error.reason}", error.hint, error.output_sha256) from None
        run = run.model_copy(update={"modules": {}})
        context.cache.put(key, run.model_dump(mode="json"))
        return run


async def _runs(context: GateContext, trees: TestTrees, base: PytestRun, diff: Sequence[FileDiff]) -> Runs:
    """The candidate's runs, side by side, within one time limit for them together."""
    definition = context.definition
    limit_s = base.duration_ms / 1000 * float(definition.options["times_base"])
    limit_s = min(
        max(limit_s, float(definition.options["minimum_s"])), float(definition.options["maximum_s"])
    )
    deadline = time.monotonic() + (context.job.options.timeout_s or limit_s)

    async def run(tree: str, *arguments: str) -> PytestRun:
        return await run_pytest(context, tree, arguments, max(deadline - time.monotonic(), 0.1))

    touched = {path for file in diff for path in (file.path, file.old_path) if path}
    changed = {path for path in touched if is_test_side(path, definition)}
    modules = sorted(
        path
        for path in changed
        if path.endswith(".py")
        and path in trees.candidate_entries
        and PurePosixPath(path).name != "conftest.py"
    )
    work = {"candidate": run(trees.candidate)}
    if trees.hybrid != trees.candidate:
        work["hybrid"] = run(trees.hybrid)
    if modules:
        work["red"] = run(trees.red, *modules)
    finished = dict(zip(work, await together(*work.values()), strict=True))
    candidate, red = finished["candidate"], finished.get("red")
    introduced = await asyncio.to_thread(_introduced, definition, diff)
    return Runs(
        gate=definition.id,
        base=base,
        candidate=candidate,
        hybrid=finished.get("hybrid", candidate),
        red=red,
        reds=red_tests(red.failures, candidate.cases, introduced) if red else {},
        changed=frozenset(changed),
        source_changed=any(path.endswith(".py") for path in touched - changed),
        has_source=any(matches(path, definition.scope) for path in trees.candidate_entries),
    )


def _introduced(definition: GateDefinition, diff: Sequence[FileDiff]) -> Introduced:
    source = [file for file in diff if file.path.endswith(".py") and not is_test_side(file.path, definition)]
    return introduced_names(
        {file.old_path: file.before for file in source if file.before is not None},
        {file.path: file.after for file in source if file.after is not None},
    )


def _imported_from_elsewhere(context: GateContext, runs: Runs, diff: Sequence[FileDiff]) -> str:
    """A sentence where a changed source file was not the one that the tests imported.

    An editable install, or a copy in site-packages, can put another version in its place; then a broken
    candidate passes.
    """
    library = str(context.environment.library)
    changed = [
        file.path
        for file in diff
        if file.path.endswith(".py")
        and not file.is_deleted
        and not is_test_side(file.path, context.definition)
    ]
    for run in (runs.candidate, runs.hybrid):
        for module, file in sorted(run.modules.items()):
            name = module.replace(".", "/")
            tail = f"{name}/__init__.py" if file.endswith("/__init__.py") else f"{name}.py"
            for path in changed:
                if _stands_for(tail, path, file.startswith(f"{library}/") and "site-packages" not in file):
                    return f"the tests imported {file} where the change has {path}"
    return ""


def _stands_for(tail: str, path: str, standard_library: bool) -> bool:
    """Whether a module that would lie at `tail` below a folder of sys.path is the changed file."""
    if path in {tail, f"src/{tail}"}:
        return True
    return path.endswith(f"/{tail}") and "/" in tail and not standard_library


def _measures(runs: Runs) -> Mapping[str, int]:
    outcomes = [record.outcome for record in runs.candidate.cases.values()]
    return {
        "tests": len(outcomes),
        "passed": outcomes.count("passed"),
        "failed": outcomes.count("failed") + outcomes.count("errored"),
        "skipped": outcomes.count("skipped"),
        "base_tests": len(runs.base.cases),
        "red_on_base": sum(1 for test in runs.reds if runs.edited(test)),
    }


def _read(stored: Any) -> PytestRun | None:
    try:
        return PytestRun.model_validate(stored) if stored is not None else None
    except ValidationError:
        return None  # written by another version: run anew
