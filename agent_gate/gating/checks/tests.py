"""The `tests` gate: the project's tests over the change, the base's tests over the change, and the
change's tests over the base.

An exit code alone passed 22 of 24 known attacks on pytest; so each run must leave two complete accounts
that agree, the base's own tests and configuration are run over the new source, and the change's tests
have to fail without the change before they show anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from agent_gate.domain.gate import GateDefinition, GateResult
from agent_gate.domain.pattern import matches
from agent_gate.domain.value import PlainData
from agent_gate.gating.checks.again import Deadline
from agent_gate.gating.checks.check import Check
from agent_gate.gating.checks.claims import hollow_tests
from agent_gate.gating.checks.comparison import findings
from agent_gate.gating.checks.kept import kept_tests
from agent_gate.gating.checks.outcomes import Runs, cases
from agent_gate.gating.checks.plugin_code import alters_pytest
from agent_gate.gating.checks.red import Introduced, introduced_names, red_tests
from agent_gate.gating.checks.runs import base_run, candidate_run, deadline
from agent_gate.gating.checks.shards import AllTests, run_in_shards
from agent_gate.gating.checks.steadiness import told_apart
from agent_gate.gating.checks.trees import TestTrees, is_test_side, make_trees
from agent_gate.gating.context import GateContext, errored, judged, together
from agent_gate.gating.diff import FileDiff
from agent_gate.gating.pytest_result import ConftestError, LateError, PytestRun, RunError
from agent_gate.gating.pytest_run import run_pytest
from agent_gate.gating.request import CheckRequest


async def run_tests(context: GateContext) -> GateResult:
    """Judges the candidate by its tests and by the base's; what cannot be believed is errored."""
    told = {"tool_version": context.environment.pytest, "sandbox": context.workplace.sandbox_name}
    if not context.environment.pytest:
        return errored(context, *without_pytest(context))
    trees = await asyncio.to_thread(make_trees, context)
    diff = await context.diff()
    try:
        base = await base_run(context, trees)
        until = deadline(context, base)
        runs = await told_apart(context, trees, await _runs(context, trees, base, until), until)
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
        await base_run(context, trees)
    except RunError:
        return  # the same happens when the candidate is judged, and is told there


def tests_inputs(request: CheckRequest) -> PlainData:
    """The options of the coverage gate where it is asked too: both look at one run, which it wants measured."""
    coverage = next((gate for gate in request.definitions if gate.check == "coverage"), None)
    return {"coverage": dict(coverage.options)} if coverage else {}


TESTS = Check(run=run_tests, inputs=tests_inputs, measure_base=measure_tests_base)


def without_pytest(context: GateContext) -> tuple[str, str]:
    """What is said where there is no pytest, and what to do about it."""
    return (
        f"pytest is not installed in the environment of {context.environment.python}",
        "install it there, or name another interpreter: [environment] python in agent-gate.toml",
    )


async def _runs(context: GateContext, trees: TestTrees, base: PytestRun, until: Deadline) -> Runs:
    """The candidate's runs, side by side, within one time limit for them together."""
    definition, diff = context.definition, await context.diff()
    touched = {path for file in diff for path in (file.path, file.old_path) if path}
    changed = {path for path in touched if is_test_side(path, definition)}
    modules = sorted(
        path
        for path in changed
        if path.endswith(".py")
        and path in trees.candidate_entries
        and PurePosixPath(path).name != "conftest.py"
    )
    work = {"candidate": candidate_run(context, trees, until)}
    if trees.hybrid != trees.candidate:
        hybrid = run_in_shards(AllTests(context, trees, trees.hybrid, base, until))
        files = {test.partition("::")[0] for test in base.cases}
        work["hybrid"] = _crossed("the base's tests over the change", hybrid, files)
    if modules:
        red = run_pytest(context, trees.red, modules, until.left_s, markers=trees.markers)
        work["red"] = _perhaps_late(_crossed("the change's tests over the base", red, modules))
    finished = dict(zip(work, await together(*work.values()), strict=True))
    candidate, failing = finished["candidate"], finished.get("red")
    introduced = await asyncio.to_thread(_introduced, definition, diff)
    gone = any(
        candidate.outcome(test) == "absent" and test.partition("::")[0] in changed for test in base.cases
    )
    kept = await asyncio.to_thread(kept_tests, definition, diff) if gone else {}
    hollow = await asyncio.to_thread(hollow_tests, definition, diff) if failing else frozenset[str]()
    return Runs(
        gate=definition.id,
        base=base,
        candidate=candidate,
        hybrid=finished.get("hybrid", candidate),
        red=failing,
        reds=red_tests(failing.failures, candidate.cases, introduced) if failing else {},
        changed=frozenset(changed),
        kept=kept,
        hollow=hollow,
        source_changed=any(path.endswith(".py") for path in touched - changed),
        has_source=any(matches(path, definition.scope) for path in trees.candidate_entries),
        hooks_changed=any(
            alters_pytest(file.before, file.after)
            for file in diff
            if {file.path, file.old_path} & changed and file.path.endswith(".py")
        ),
    )


async def _crossed(what: str, run: Awaitable[PytestRun], files: Iterable[str]) -> PytestRun:
    """A run of the tests of one version over the source of the other.

    That a conftest.py cannot be imported there is an outcome: it asks for names that the other has not.
    """
    try:
        return await run
    except ConftestError as error:
        return error.over(files)
    except RunError as error:
        raise type(error)(f"{what}: {error.reason}", error.hint, error.output_sha256) from None


async def _perhaps_late(run: Awaitable[PytestRun]) -> PytestRun:
    """What the change makes fast or ends a loop in may take for ever on the base: then nothing is red."""
    try:
        return await run
    except LateError:
        return PytestRun(late=True)


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
    in_shards = {"shards": runs.candidate.shards} if runs.candidate.shards > 1 else {}
    return {
        **in_shards,
        "tests": len(outcomes),
        "passed": outcomes.count("passed"),
        "failed": outcomes.count("failed") + outcomes.count("errored"),
        "skipped": outcomes.count("skipped"),
        "base_tests": len(runs.base.cases),
        "red_on_base": sum(1 for test in runs.reds if runs.edited(test)),
    }
