"""Finds the passage that a SEARCH part means: only ever the one passage that it can mean.

The ladder has two steps, exact and without trailing white space; on each, a passage counts only if
it is the only one. Nothing is taken because it looks similar: similar lines are shown to the model.
"""

from __future__ import annotations

import difflib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from agent_gate.edits.text_file import TextFile, split

Step = Literal["exact", "trailing-space", "whole-file", "new-file"]

_SHOWN_PLACES = 5
_SHOWN_LINES = 5
_COMPARED_LINES = 4000
_COMPARED_LENGTH = 200
_COMMON_LINE = 20
"""A line that stands more often than this in the file says nothing about the place."""


@dataclass(frozen=True)
class Passage:
    """Where lines stand in the file (`start` from 0), and the step that found them."""

    start: int
    step: Step


@dataclass(frozen=True)
class Missed:
    """No single passage: none, or all the lines (from 1) at which one begins."""

    places: tuple[int, ...] = ()


class Passages:
    """The text of one file, to find passages in."""

    def __init__(self, file: TextFile) -> None:
        self.lines = file.lines

    @cached_property
    def _exact(self) -> str:
        return _framed(self.lines)

    @cached_property
    def _stripped(self) -> str:
        return _framed([_without_trailing(line) for line in self.lines])

    def find(self, search: str) -> Passage | Missed:
        """The one passage that these lines are."""
        wanted = split(search)
        places = _places(self._exact, _framed(wanted))
        step: Step = "exact"
        if not places:
            places = _places(self._stripped, _framed([_without_trailing(line) for line in wanted]))
            step = "trailing-space"
        if len(places) == 1:
            return Passage(places[0], step)
        return Missed(tuple(place + 1 for place in places))

    def closest(self, search: str) -> tuple[int, str]:
        """The number of the first line that differs in the passage most like the search, and its lines.

        The lines carry their numbers; (0, "") where nothing is like it.
        """
        wanted = split(search)
        offset = self._offset_by_lines(wanted)
        if offset is None:
            offset = self._offset_by_likeness(wanted)
        if offset is None:
            return 0, ""
        differing = next(
            (i for i, line in enumerate(wanted) if not self._has(offset + i, _without_trailing(line))), 0
        )
        start = min(max(offset + differing, 0), len(self.lines) - 1)
        first = max(start - 1, 0)
        shown = self.lines[first : first + _SHOWN_LINES]
        return start + 1, "\n".join(
            f"{first + i + 1}: {line[:_COMPARED_LENGTH]}" for i, line in enumerate(shown)
        )

    def _has(self, index: int, line: str) -> bool:
        return 0 <= index < len(self.lines) and _without_trailing(self.lines[index]) == line

    def _offset_by_lines(self, wanted: Sequence[str]) -> int | None:
        """The place at which most lines stand as they are wanted, but for their indentation."""
        votes: Counter[int] = Counter()
        for index, line in enumerate(wanted):
            known = self._index.get(line.strip(), [])
            if line.strip() and len(known) <= _COMMON_LINE:
                votes.update(place - index for place in known)
        return min(votes, key=lambda place: (-votes[place], place)) if votes else None

    def _offset_by_likeness(self, wanted: Sequence[str]) -> int | None:
        """The place whose line is most like the longest wanted one."""
        index = max(range(len(wanted)), key=lambda i: len(wanted[i].strip()), default=None)
        if index is None:
            return None
        line = wanted[index].strip()[:_COMPARED_LENGTH]
        candidates = [text.strip()[:_COMPARED_LENGTH] for text in self.lines[:_COMPARED_LINES]]
        found = difflib.get_close_matches(line, candidates, n=1)
        return candidates.index(found[0]) - index if found else None

    @cached_property
    def _index(self) -> dict[str, list[int]]:
        places: dict[str, list[int]] = defaultdict(list)
        for index, line in enumerate(self.lines):
            places[line.strip()].append(index)
        return dict(places)


def _without_trailing(line: str) -> str:
    return line.rstrip(" \t\f\v\r")


def _framed(lines: Sequence[str]) -> str:
    """Text in which a passage of whole lines is a substring, and nothing else is."""
    return "\n" + "".join(f"{line}\n" for line in lines)


def _places(text: str, passage: str) -> list[int]:
    """The lines (from 0) at which the passage begins; a few of them are enough."""
    found: list[int] = []
    position = text.find(passage)
    while position >= 0 and len(found) < _SHOWN_PLACES:
        found.append(text.count("\n", 0, position))
        position = text.find(passage, position + 1)
    return found
