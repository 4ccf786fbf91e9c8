"""Fenced code blocks in a reply (CommonMark 0.31, section 4.5), and where the reading stands.

One difference: a fence with an info string inside a fence of the same length opens an inner one,
because models put Markdown with code into Markdown without a longer fence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent_gate.domain.gate import Finding
from agent_gate.edits.file_edit import FileEdit

_FENCE = re.compile(r"(?P<indent>[ \t]*)(?P<run>`{3,}|~{3,})(?P<info>[^`]*)$")
_INDENT_OF_CLOSER = 3


@dataclass(frozen=True)
class Fence:
    """An opening fence."""

    index: int
    indent: str
    run: str
    info: str
    floor: int = 0
    """The first line that may name what the fence holds."""

    def closed_by(self, line: str) -> bool:
        """Whether the line ends this block."""
        other = opening(line, 0)
        return other is not None and not other.info and self._reached_by(other)

    def nested_in(self, line: str) -> bool:
        """Whether the line opens an inner block whose end must not end this one."""
        other = opening(line, 0)
        return other is not None and bool(other.info) and self._reached_by(other)

    def _reached_by(self, other: Fence) -> bool:
        return other.run.startswith(self.run) and len(other.indent) <= len(self.indent) + _INDENT_OF_CLOSER

    def dedented(self, line: str) -> str:
        """A line of the block without the fence's own indentation."""
        return line.removeprefix(self.indent)


def opening(line: str, index: int, floor: int = 0) -> Fence | None:
    """The fence that the line opens (or, without an info string, perhaps closes)."""
    match = _FENCE.match(line)
    if match is None:
        return None
    return Fence(
        index=index, indent=match["indent"], run=match["run"], info=match["info"].strip(), floor=floor
    )


@dataclass(frozen=True)
class Place:
    """Where the reading of a reply stands."""

    lines: tuple[str, ...]
    index: int = 0
    floor: int = 0
    """The first line that no edit has used yet: a path is not looked for above it."""
    fence: Fence | None = None
    """The block that is open here, where its content is read line by line."""
    path: str = ""
    """The path of the edit before."""

    @property
    def line(self) -> str:
        """The line to be read."""
        return self.lines[self.index]

    def at(self, index: int, *, fence: Fence | None, path: str = "", used: bool = True) -> Place:
        """Further down; `used` tells that what lies between belongs to an edit or a closed block."""
        return Place(self.lines, index, index if used else self.floor, fence, path or self.path)


@dataclass(frozen=True)
class Taken:
    """What a reader took from the reply, and where the reading goes on."""

    place: Place
    edits: tuple[FileEdit, ...] = ()
    problems: tuple[Finding, ...] = ()
