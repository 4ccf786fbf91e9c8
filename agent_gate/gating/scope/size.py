"""The size of a change: what is too long is not read, and what is not read is not approved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agent_gate.domain.pattern import matches
from agent_gate.domain.value import PlainData
from agent_gate.gating.diff import FileDiff
from agent_gate.gating.scope.files import is_binary
from agent_gate.gating.scope.remark import Remark


def source_lines(diff: Sequence[FileDiff], options: PlainData) -> int:
    """Changed lines that are neither documentation nor tests nor written by a tool; an edited line is one."""
    not_source = (*options["documentation"], *options["tests"], *options["locks"])
    return sum(_lines(file) for file in diff if not matches(file.path, not_source))


def size_remarks(diff: Sequence[FileDiff], options: PlainData) -> Iterator[Remark]:
    """One question about a change in which the point drowns. What is only moved is not counted."""
    read = [file for file in diff if not matches(file.path, options["locks"])]
    counted = (
        (source_lines(diff, options), "changed source lines", int(options["size_lines"])),
        (sum(_lines(file) for file in read), "changed lines in all", int(options["size_all_lines"])),
        (sum(file.before != file.after for file in diff), "changed files", int(options["size_files"])),
    )
    large = [f"{count} {what} (more than {most})" for count, what, most in counted if count > most]
    if large:
        message = f"{' and '.join(large)}: can it be several changes, each of them read?"
        yield Remark("size", "", message, "ask")


def _lines(file: FileDiff) -> int:
    if file.after is not None and is_binary(file.after):
        return 0
    return max(len(file.added), len(file.removed))
