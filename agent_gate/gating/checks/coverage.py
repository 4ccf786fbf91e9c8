"""The `coverage` gate: the lines and branches that a change adds or edits are run by its tests.

Measured in the candidate's run that the tests gate judges: one run serves both. The base's configuration
of coverage.py says which files count; a `# pragma: no cover` that the change brings excludes nothing.
"""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from agent_gate.domain.gate import NOT_APPLICABLE, Finding, GateDefinition, GateResult, Level
from agent_gate.domain.policy import GateOptions
from agent_gate.domain.value import PlainData
from agent_gate.gating.checks.check import Check
from agent_gate.gating.checks.runs import base_run, candidate_run, deadline
from agent_gate.gating.checks.tests import measure_tests_base, tests_inputs, without_pytest
from agent_gate.gating.checks.trees import make_trees
from agent_gate.gating.context import GateContext, errored, judged, skipped
from agent_gate.gating.coverage.change import MeasuredChange, is_measurable, measured_change
from agent_gate.gating.coverage.configuration import UnreadableConfigurationError, coverage_configuration
from agent_gate.gating.coverage.report import ChangeReport, FileReport, report_of
from agent_gate.gating.pytest_result import RunError
from agent_gate.gating.request import CheckRequest
from agent_gate.resources import data_directory

_EXCERPT_LINES = 12


async def run_coverage(context: GateContext) -> GateResult:
    """Judges what the tests ran of the change; what could not be measured is errored."""
    told = {"tool_version": context.environment.pytest, "sandbox": context.workplace.sandbox_name}
    options = context.definition.options
    if not any(is_measurable(file, options) for file in await context.diff()):
        return skipped(context.definition, NOT_APPLICABLE)
    if not context.environment.pytest:
        return errored(context, *without_pytest(context))
    change = await measured_change(context, options)
    if change is None:
        return errored(
            context, await _unreadable(context), "mend it on the base: only the base's version counts"
        )
    tests = _of_tests(context)
    trees = await asyncio.to_thread(make_trees, tests)
    try:
        run = await candidate_run(tests, trees, deadline(tests, await base_run(tests, trees)))
    except RunError as error:
        return errored(context, error.reason, error.hint, output_sha256=error.output_sha256, **told)
    if run.coverage is None:
        return errored(
            context, "the measurement did not see a module of which it was known what is run",
            "look for a fixture or a hook that keeps tests it does not know from running",
            output_sha256=run.output_sha256, **told,
        )  # fmt: skip
    report = report_of(run.coverage, change.probes.files)
    per_cent = context.job.options.changed_lines
    wanted = int(options["changed_lines"]) if per_cent is None else per_cent
    return judged(
        context,
        _findings(context.definition, change, report, wanted, await _sources(context)),
        reason=f"the tests run {report.per_cent} % of the changed lines and branches, and {wanted} % are asked",
        measures=report.measures,
        output_sha256=run.output_sha256,
        **told,
    )


def coverage_inputs(request: CheckRequest) -> PlainData:
    """The job of the tests gate, as far as it says how the candidate's tests are run."""
    asked = (gate for gate in request.definitions if gate.check == "tests")
    tests = next(asked, None) or _tests_definition()
    return {
        "definition": tests.model_dump(mode="json", by_alias=True),
        "options": request.options(tests).model_dump(mode="json"),
        "inputs": dict(tests_inputs(request)),
    }


async def measure_coverage_base(context: GateContext) -> None:
    """Runs the base's tests: how long they take is the measure of how long the candidate's may take."""
    await measure_tests_base(_of_tests(context))


COVERAGE = Check(run=run_coverage, inputs=coverage_inputs, measure_base=measure_coverage_base)


def _tests_definition() -> GateDefinition:
    text = (data_directory("gates") / "tests.toml").read_text(encoding="utf-8")
    return GateDefinition.model_validate(tomllib.loads(text))


def _of_tests(context: GateContext) -> GateContext:
    """The same workplace, with the job that the tests gate has or would have."""
    told: Mapping[str, Any] = context.job.inputs
    job = context.job.model_copy(
        update={
            "definition": GateDefinition.model_validate(told["definition"]),
            "options": GateOptions.model_validate(told["options"]),
            "inputs": told["inputs"],
        }
    )
    return GateContext(job, context.workplace)


async def _unreadable(context: GateContext) -> str:
    try:
        await asyncio.to_thread(coverage_configuration, context.repository, context.job.base_tree)
    except UnreadableConfigurationError as error:
        return f"the configuration of coverage cannot be read: {error}"
    return "the configuration of coverage cannot be read"


async def _sources(context: GateContext) -> Mapping[str, list[str]]:
    diff = await context.diff()
    return {file.path: (file.after or b"").decode(errors="replace").splitlines() for file in diff}


def _findings(
    definition: GateDefinition,
    change: MeasuredChange,
    report: ChangeReport,
    wanted: int,
    sources: Mapping[str, list[str]],
) -> Iterator[Finding]:
    level: Level = "note" if report.is_enough(wanted) else "block"
    for file in report.files:
        if file.error:
            yield _finding(
                definition, "not-measured", file.path, f"cannot be measured: {file.error}", "block"
            )
        elif file.missed_lines or file.missed_branches:
            yield _missed(definition, file, level, sources[file.path])
    yield from _nothing_to_run(definition, change, report)


def _missed(definition: GateDefinition, file: FileReport, level: Level, source: list[str]) -> Finding:
    places = sorted({*file.missed_lines, *(line for line, _ in file.missed_branches)})
    texts = [source[line - 1].strip()[:200] for line in places[:_EXCERPT_LINES] if line <= len(source)]
    return _finding(
        definition, "not-run", file.path, file.told, level, line=places[0], excerpt="\n".join(texts)
    )  # fmt: skip


def _nothing_to_run(
    definition: GateDefinition, change: MeasuredChange, report: ChangeReport
) -> Iterator[Finding]:
    """Why nothing of a changed file is measured: by the base's word, or since there is nothing to run."""
    said = f"by the base's {change.configuration.path}" if change.configuration.path else "on the base"
    for file in change.left_out:
        new = "a new file that is left out of coverage" if file.is_added else "left out of coverage"
        level: Level = "ask" if file.is_added and not report.wanted else "note"
        yield _finding(definition, "left-out", file.path, f"{new} {said}", level)
    for told in report.files:
        if told.lines or told.branches or told.error:
            continue
        if told.excluded:
            what = f"all of the {told.excluded} changed lines are excluded {said}"
            yield _finding(definition, "excluded", told.path, what, "note" if report.wanted else "ask")
        else:
            what = "the changed lines leave nothing to run: comments, docstrings, declarations or blank lines"
            yield _finding(definition, "nothing-to-run", told.path, what, "note")


def _finding(
    definition: GateDefinition, rule: str, path: str, message: str, level: Level, **more: Any
) -> Finding:
    return Finding(
        gate=definition.id, rule=rule, path=path, message=message,
        severity="high" if level == "block" else "medium", level=level, introduced=level != "note", **more,
    )  # fmt: skip
