"""Judges what a tool says about a candidate against what it says about the base."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from pydantic import ValidationError

from agent_gate.domain.gate import Finding, GateResult, Level, at_least
from agent_gate.domain.pattern import matches
from agent_gate.gating.baseline import introduced
from agent_gate.gating.context import GateContext, errored, judged, measured_once, together
from agent_gate.gating.diff import FileDiff
from agent_gate.gating.effect import is_unasked, levelled
from agent_gate.gating.programs import changed_programs
from agent_gate.gating.tool_output import ToolError
from agent_gate.gating.tool_run import Measured, Tooling, measure, merged, prepare


async def run_tool(context: GateContext) -> GateResult:
    """The gate's result on the candidate; what went wrong is a result too."""
    try:
        tooling = await prepare(context)
        diff = await context.diff()
        base, candidate = await (_by_file if _looks_at_single_files(tooling, diff) else _whole)(tooling, diff)
        base, candidate = await _with_programs(tooling, diff, base, candidate)
    except ToolError as error:
        return errored(context, error.reason, error.hint, tool_version=context.job.tool_version)
    return _judge(tooling, base, candidate, diff)


async def _whole(tooling: Tooling, _: Sequence[FileDiff]) -> tuple[Measured, Measured]:
    return await together(_base_measured(tooling), measure(tooling, tooling.context.job.tree))


async def _by_file(tooling: Tooling, diff: Sequence[FileDiff]) -> tuple[Measured, Measured]:
    """Of the candidate only what differs is looked at; the rest is as the base's tool run says."""
    base = await _base_measured(tooling)
    files = _present(tooling, diff)
    part = (
        await measure(tooling, tooling.context.job.tree, files)
        if files
        else Measured(plain=(), everything=())
    )
    touched = {path for file in diff for path in (file.path, file.old_path)}
    return base, merged(base, part if files else part.model_copy(update={"examined": ()}), touched)


async def _with_programs(
    tooling: Tooling, diff: Sequence[FileDiff], base: Measured, candidate: Measured
) -> tuple[Measured, Measured]:
    """Also what the tool says about changed programs without an ending, which no pattern of names tells."""
    definition, job = tooling.definition, tooling.context.job
    scope, argv = definition.scope, definition.first_line_argv or definition.files_argv
    old, new = (
        [path for path in paths if not matches(path, scope)][:_MOST_FILES]
        for paths in changed_programs(definition.first_line, diff)
    )
    if not argv or not (old or new):
        return base, candidate

    async def both(measured: Measured, tree: str, files: Sequence[str]) -> Measured:
        if not files:
            return measured
        part = await measure(tooling, tree, files, argv)
        whole = merged(measured, part.model_copy(update={"examined": ()}), ())
        return whole.model_copy(update={"incomplete": measured.incomplete or part.incomplete})

    base, candidate = await together(both(base, job.base_tree, old), both(candidate, job.tree, new))
    return base, candidate


def _looks_at_single_files(tooling: Tooling, diff: Sequence[FileDiff]) -> bool:
    return bool(tooling.definition.files_argv) and len(_present(tooling, diff)) <= _MOST_FILES


def _present(tooling: Tooling, diff: Sequence[FileDiff]) -> list[str]:
    scope = tooling.definition.scope
    return [file.path for file in diff if file.after is not None and matches(file.path, scope)]


_MOST_FILES = 200
"""Beyond these a command line gets long, and looking at everything costs no more."""


async def measure_tool_base(context: GateContext) -> None:
    """Puts the base's findings into the cache, so that a candidate need not wait for them.

    What goes wrong here goes wrong again when the candidate is judged, and is told there.
    """
    try:
        await _base_measured(await prepare(context))
    except ToolError:
        return


async def _base_measured(tooling: Tooling) -> Measured:
    cache = tooling.context.cache
    key = tooling.context.job.of_base().digest
    async with measured_once(key):
        stored = _read(cache.get(key))
        if stored is None:
            stored = await measure(tooling, tooling.context.job.base_tree)
            cache.put(key, stored.model_dump(mode="json"))
        return stored


def _read(stored: Any) -> Measured | None:
    try:
        return Measured.model_validate(stored) if stored is not None else None
    except ValidationError:
        return None  # written by another version: measured anew


def _judge(tooling: Tooling, base: Measured, candidate: Measured, diff: Sequence[FileDiff]) -> GateResult:
    context = tooling.context
    renamed = {file.old_path: file.path for file in diff if file.is_renamed}
    changed = {file.path for file in diff if not file.is_deleted}
    broken = changed & set(candidate.unparsed)
    if candidate.incomplete and not broken:
        return errored(
            context, f"{context.definition.tool}: {candidate.incomplete}", "what it did not look at is not judged",
            tool_version=context.job.tool_version,
        )  # fmt: skip
    plain = _new(candidate.plain, base.plain, renamed, broken)
    silenced = introduced(_silenced(candidate), _silenced(base), renamed)
    known = {finding.key for finding in (*plain, *silenced)}
    asked = [f for f in introduced(candidate.asked, base.asked, renamed) if f.key not in known]
    block_at = context.job.options.block_at or context.definition.block_at
    lost = introduced(base.plain, candidate.plain, {new: old for old, new in renamed.items()})
    findings = [
        *levelled(tooling, plain, lost, diff, broken),
        *(_levelled(f, "block" if at_least(f.severity, block_at) else "note") for f in asked),
        *(
            f.model_copy(update={"level": "note" if is_unasked(tooling, f) else "ask", "suppressed": True})
            for f in silenced
        ),
        *_unexamined(tooling, base, candidate, changed - broken),
        *_lost(context, base, candidate, diff),
    ]
    return judged(
        context,
        findings,
        _sentence([f for f in findings if f.level == "block"]),
        tool_version=context.job.tool_version,
        known_rules=tooling.rules,
        measures={"findings_base": len(base.plain), "findings_candidate": len(candidate.plain)},
        output_sha256=candidate.output_sha256,
        sandbox=context.job.sandbox if context.definition.executes else "",
    )


def _new(
    candidate: Iterable[Finding], base: Iterable[Finding], renamed: Mapping[str, str], broken: Collection[str]
) -> list[Finding]:
    """The introduced findings; in a changed file that cannot be parsed, all there are."""
    candidate = tuple(candidate)
    new = introduced(candidate, base, renamed)
    return [*(f for f in candidate if f.path in broken), *(f for f in new if f.path not in broken)]


def _silenced(measured: Measured) -> tuple[Finding, ...]:
    """What is found only when the suppressions in the code are ignored."""
    return introduced(measured.everything, measured.plain)


def _levelled(finding: Finding, level: Level) -> Finding:
    return finding.model_copy(update={"level": level})


def _unexamined(
    tooling: Tooling, base: Measured, candidate: Measured, changed: Collection[str]
) -> list[Finding]:
    """Changed files in scope that the tool did not look at.

    Where the base's configuration already left that file or its folder out, this is as the project
    wants it. Otherwise it blocks, or, where the base configures the tool, it is a question.
    """
    if candidate.examined is None:
        return []
    definition = tooling.context.definition
    entries = tooling.context.repository.entries(tooling.context.job.base_tree)
    left_out = {
        path for path in entries if matches(path, definition.scope) and path not in (base.examined or ())
    } - set(base.unparsed)
    folders = {str(PurePosixPath(path).parent) for path in left_out} if tooling.configuration.path else set()
    missed = [
        path
        for path in sorted(set(changed) - set(candidate.examined))
        if matches(path, definition.scope)
        and not (
            tooling.configuration.path and (path in left_out or str(PurePosixPath(path).parent) in folders)
        )
    ]
    level: Level = "ask" if tooling.configuration.path else "block"
    return [
        Finding(
            gate=definition.id,
            rule="unexamined",
            path=path,
            message=f"{definition.tool} did not look at this changed file",
            severity="high",
            level=level,
        )
        for path in missed
    ]


def _lost(
    context: GateContext, base: Measured, candidate: Measured, diff: Sequence[FileDiff]
) -> list[Finding]:
    """Tests that passed on the base and of which the candidate's run says nothing, or that they were skipped.

    One whose file the change edits is a question. Where nobody tells the file, it is one too, unless the
    definition says which files are tests (`options.tests`) and the change touches none of them.
    """
    failed = {finding.excerpt for finding in candidate.everything}
    touched = {path for file in diff for path in (file.path, file.old_path) if path}
    patterns = tuple(context.definition.options.get("tests", ("*",)))
    touches_tests = any(matches(path, patterns) for path in touched)
    known = context.repository.entries(context.job.base_tree)

    def lost(test: str) -> Finding:
        file = test.partition("::")[0]
        edited = file in touched if file in known else touches_tests
        return Finding(
            gate=context.definition.id,
            rule="lost-test",
            path=file if file in known else "",
            message=f"{test} passed on the base and did not run",
            severity="high",
            level="ask" if edited else "block",
            excerpt=test,
        )

    return [lost(test) for test in sorted({*base.cases} - {*candidate.cases} - failed)]


def _sentence(blocks: list[Finding]) -> str:
    if not blocks:
        return ""
    return f"{len(blocks)} new finding{'s' if len(blocks) > 1 else ''}"
