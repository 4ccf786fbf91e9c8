"""Judges what a tool says about a candidate against what it says about the base."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from pydantic import ValidationError

from agent_gate.domain.gate import Finding, GateDefinition, GateResult, Level, at_least
from agent_gate.domain.pattern import matches
from agent_gate.gating.baseline import introduced
from agent_gate.gating.context import GateContext, errored, measured_once, together
from agent_gate.gating.tool_run import Measured, ToolError, Tooling, measure, prepare
from agent_gate.vcs.repo import Repository


async def run_tool(context: GateContext, definition: GateDefinition) -> GateResult:
    """The gate's result on the candidate; what went wrong is a result too."""
    try:
        tooling = await prepare(context, definition)
    except ToolError as error:
        return errored(definition, error.reason, error.hint)
    try:
        base, candidate = await together(_base_measured(tooling), measure(tooling, context.request.tree))
    except ToolError as error:
        return errored(definition, error.reason, error.hint, tool_version=tooling.job.tool_version)
    return _judge(tooling, base, candidate)


async def measure_tool_base(context: GateContext, definition: GateDefinition) -> None:
    """Puts the base's findings into the cache, so that a candidate need not wait for them.

    What goes wrong here goes wrong again when the candidate is judged, and is told there.
    """
    try:
        await _base_measured(await prepare(context, definition))
    except ToolError:
        return


async def _base_measured(tooling: Tooling) -> Measured:
    cache = tooling.context.cache
    key = tooling.context.base_job(tooling.job).digest
    async with measured_once(key):
        stored = _read(cache.get(key))
        if stored is None:
            stored = await measure(tooling, tooling.job.base_tree)
            cache.put(key, stored.model_dump(mode="json"))
        return stored


def _read(stored: Any) -> Measured | None:
    try:
        return Measured.model_validate(stored) if stored is not None else None
    except ValidationError:
        return None  # written by another version: measured anew


def _judge(tooling: Tooling, base: Measured, candidate: Measured) -> GateResult:
    request, definition = tooling.context.request, tooling.definition
    renamed = _renames(request.repository, request.base_tree, request.tree)
    changed = {file.path for file in request.changed if file.status != "deleted"}
    broken = changed & set(candidate.unparsed)
    plain = _new(candidate.plain, base.plain, renamed, broken)
    silenced = introduced(_silenced(candidate), _silenced(base), renamed)
    told = {finding.key for finding in (*plain, *silenced)}
    asked = [f for f in introduced(candidate.asked, base.asked, renamed) if f.key not in told]
    block_at = tooling.job.options.block_at or definition.block_at
    findings = [
        *(
            _levelled(f, "block" if f.path in broken or at_least(f.severity, block_at) else "note")
            for f in plain
        ),
        *(_levelled(f, "block" if at_least(f.severity, block_at) else "note") for f in asked),
        *(f.model_copy(update={"level": "ask", "suppressed": True}) for f in silenced),
        *_unexamined(tooling, base, candidate, changed - broken),
    ]
    blocks = [f for f in findings if f.level == "block"]
    return GateResult(
        gate=definition.id,
        definition_digest=definition.digest,
        tool_version=tooling.job.tool_version,
        status="failed" if blocks else "passed",
        reason=_sentence(blocks),
        findings=tuple(findings),
        known_rules=tooling.rules,
        verifies=definition.verifies,
        measures={"findings_base": len(base.plain), "findings_candidate": len(candidate.plain)},
        output_sha256=candidate.output_sha256,
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
    definition = tooling.definition
    entries = tooling.context.request.repository.entries(tooling.job.base_tree)
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


def _renames(repository: Repository, base: str, tree: str) -> dict[str, str]:
    """From a file's path in the base to its path in the candidate, as git detects renames."""
    output = repository.git("diff-tree", "-r", "-z", "-M", "--diff-filter=R", "--name-status", base, tree)
    words = output.decode(errors="surrogateescape").split("\0")[:-1]
    return {words[i + 1]: words[i + 2] for i in range(0, len(words), 3)}


def _sentence(blocks: list[Finding]) -> str:
    if not blocks:
        return ""
    return f"{len(blocks)} new finding{'s' if len(blocks) > 1 else ''}"
