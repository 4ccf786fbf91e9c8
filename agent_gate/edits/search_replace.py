"""Reads search/replace blocks, fenced or not:

    path/to/file.py
    <<<<<<< SEARCH
    lines as they are
    =======
    lines as they shall be
    >>>>>>> REPLACE

The three marker lines have the same number of signs, five to nineteen, so that a block can hold lines
that look like markers of another length.
"""

from __future__ import annotations

import re

from agent_gate.edits.fence import Place, Taken, opening
from agent_gate.edits.file_edit import Replacement
from agent_gate.edits.path_label import info_path, mentioned_path, path_label
from agent_gate.edits.problem import Rule, problem
from agent_gate.edits.text_file import joined

_SEARCH = re.compile(r"(?P<signs><{5,19}) ?(?:SEARCH|ORIGINAL)>?[ \t]*$")
_REPLACE = re.compile(r"(?P<signs>>{5,19}) ?(?:REPLACE|UPDATED)[ \t]*$")
_STRAY = re.compile(
    r"[ \t]*(?:(?:<{5,19}|>{5,19})[ \t]*(?:SEARCH|ORIGINAL|REPLACE|UPDATED)\b|(?:-{7} SEARCH|\+{7} REPLACE)[ \t]*$)"
)
_LINES_ABOVE = 3
FORM = (
    "write the path on a line of its own, then a fenced block with the three marker lines "
    "'<<<<<<< SEARCH', '=======' and '>>>>>>> REPLACE', each alone and at the start of its line"
)


def is_marker(line: str) -> bool:
    """Whether the line is a marker, in its place or not, well formed or not."""
    return _STRAY.match(line) is not None


def read(place: Place) -> Taken | None:
    """The block that begins on this line; None where none does."""
    match = _SEARCH.match(place.line) if place.line.startswith("<") else None
    if match is None:
        return _stray_marker(place)
    signs = len(match["signs"])
    divider, end, rule = _extent(place, signs)
    path = _path(place)
    number = place.index + 1
    if rule:
        return Taken(
            place.at(end, fence=place.fence, path=path),
            problems=(problem(rule, path, f"the block on line {number} of the reply {_WHAT[rule]}: {FORM}"),),
        )
    after = place.at(end + 1, fence=place.fence, path=path)
    if not path:
        return Taken(
            after,
            problems=(
                problem("malformed", "", f"the block on line {number} of the reply names no file: {FORM}"),
            ),
        )
    edit = Replacement(
        path=path,
        search=joined(place.lines[place.index + 1 : divider]),
        replace=joined(place.lines[divider + 1 : end]),
        line=number,
    )
    return Taken(after, edits=(edit,))


_WHAT: dict[Rule, str] = {
    "truncated": "is not finished",
    "malformed": "is not well formed",
    "ambiguous": "has more than one '=======' line, so its two parts cannot be told apart "
    "(use nine signs in all three marker lines)",
}


def _extent(place: Place, signs: int) -> tuple[int, int, Rule | None]:
    """Indexes of the divider and of the last marker; or where the reading goes on, and what is wrong."""
    dividers: list[int] = []
    divider_text = "=" * signs
    for index in range(place.index + 1, len(place.lines)):
        line = place.lines[index]
        if line.startswith("=") and line.rstrip() == divider_text:
            dividers.append(index)
        elif line.startswith("<") and (match := _SEARCH.match(line)) and len(match["signs"]) == signs:
            return 0, index, "malformed"
        elif line.startswith(">") and (match := _REPLACE.match(line)) and len(match["signs"]) == signs:
            if len(dividers) == 1:
                return dividers[0], index, None
            return 0, index + 1, "ambiguous" if dividers else "malformed"
    return 0, len(place.lines), "truncated"


def _stray_marker(place: Place) -> Taken | None:
    """A marker that belongs to no block: reading past it would apply the reply without this part."""
    if not is_marker(place.line):
        return None
    return Taken(
        place.at(place.index + 1, fence=place.fence),
        problems=(
            problem(
                "malformed",
                "",
                f"line {place.index + 1} of the reply has a marker that belongs to no block: {FORM}",
            ),
        ),
    )


def _path(place: Place) -> str:
    """The path nearest above the block: in its fence, on its fence, before its fence, or of the block before."""
    fence = place.fence
    inside = max(place.floor, fence.index + 1 if fence else 0)
    found = _path_above(place.lines, place.index, inside)
    if not found and fence and place.floor <= fence.index + 1:
        found = info_path(fence.info) or _path_above(place.lines, fence.index, fence.floor)
    path = found or place.path
    return path.removeprefix("./")


def _path_above(lines: tuple[str, ...], index: int, floor: int) -> str | None:
    seen = 0
    mentioned = None
    while index > floor and seen < _LINES_ABOVE:
        index -= 1
        line = lines[index]
        if not line.strip() or opening(line, index):
            continue
        seen += 1
        if label := path_label(line):
            return label
        mentioned = mentioned or mentioned_path(line)
    return mentioned
