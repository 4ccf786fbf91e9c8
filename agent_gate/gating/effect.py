"""What a new finding of a tool does: it blocks, asks, or is told."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from agent_gate.domain.gate import Finding, Told, at_least
from agent_gate.domain.pattern import matches
from agent_gate.gating.diff import FileDiff
from agent_gate.gating.lowest_python import lowest_python
from agent_gate.gating.tool_run import Tooling

_BEFORE = "the lines that the change replaces had the same: is it worse now?"


def levelled(
    tooling: Tooling,
    new: Iterable[Finding],
    lost: Iterable[Finding],
    diff: Sequence[FileDiff],
    broken: Collection[str],
) -> Iterator[Finding]:
    """The new findings with their levels; `lost` are those of the base that the candidate no longer has.

    In a file that the tool cannot read (`broken`) everything blocks. What stands in the place of a like
    finding of the base is a question: code that is edited was as bad before.
    """
    job, definition = tooling.context.job, tooling.context.definition
    block_at = job.options.block_at or definition.block_at
    before = _Before(lost, diff)
    for finding in new:
        if finding.path in broken:
            yield finding.model_copy(update={"level": "block"})
        elif (
            not at_least(finding.severity, block_at)
            or is_unasked(tooling, finding)
            or _outgrown(tooling, finding)
        ):
            yield finding.model_copy(update={"level": "note"})
        elif before.take(finding):
            message = f"{finding.message.removesuffix('.')}; {_BEFORE}"
            yield finding.model_copy(update={"level": "ask", "message": message})
        else:
            yield finding.model_copy(update={"level": "block"})


def is_unasked(tooling: Tooling, finding: Finding) -> bool:
    """Whether it is an opinion that the base has not asked for; a policy that blocks at `low` asks for all."""
    definition, chosen = tooling.context.definition, tooling.configuration.chosen
    if tooling.context.job.options.block_at == "low" or finding.rule.startswith(chosen):
        return False
    choice = definition.choice
    beside = choice is not None and not _is_of(finding.rule, choice.rules)
    return beside or any(_covers(told, finding) for told in definition.told)


def _covers(told: Told, finding: Finding) -> bool:
    return _is_of(finding.rule, told.rules) and matches(finding.path, told.paths)


def _is_of(rule: str, groups: Collection[str]) -> bool:
    """Whether a rule's name begins with one of these, as a whole word of it: `SIM102` is not of the group `S`."""
    return any(
        rule.startswith(group) and not (group[-1:].isalpha() and rule[len(group) :][:1].isalpha())
        for group in groups
    )


def _outgrown(tooling: Tooling, finding: Finding) -> bool:
    """Whether it is about a Python that the candidate no longer supports; the tool's configuration is the base's."""
    pattern = tooling.context.definition.options.get("newer_python")
    needed = re.search(pattern, finding.message) if pattern else None
    if needed is None:
        return False
    job = tooling.context.job
    return lowest_python(tooling.context.repository, job.tree) >= (3, int(needed[1]))


class _Before:
    """Findings of the base that are gone, each for one of the candidate's in the same edited lines."""

    def __init__(self, lost: Iterable[Finding], diff: Sequence[FileDiff]) -> None:
        self._lost = list(lost)
        self._files = {file.path: file for file in diff}

    def take(self, finding: Finding) -> bool:
        """Whether there was such a finding, of the same rule and no less severe. It counts once."""
        file = self._files.get(finding.path)
        for number, old in enumerate(self._lost):
            alike = old.rule == finding.rule and at_least(old.severity, finding.severity)
            if alike and file is not None and old.path == file.old_path and _replaces(file, old, finding):
                del self._lost[number]
                return True
        return False


def _replaces(file: FileDiff, old: Finding, new: Finding) -> bool:
    return any(
        _overlaps(old, hunk.old_start, hunk.old_count) and _overlaps(new, hunk.new_start, hunk.new_count)
        for hunk in file.hunks
    )


def _overlaps(finding: Finding, start: int, count: int) -> bool:
    return finding.line < start + count and start <= max(finding.line, finding.end_line)
