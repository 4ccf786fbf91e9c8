"""Recognises patches, which this version does not read, so that no reply is applied without them."""

from __future__ import annotations

from agent_gate.edits.fence import Place, Taken, opening
from agent_gate.edits.problem import problem
from agent_gate.edits.search_replace import FORM

_LANGUAGES = frozenset({"diff", "patch", "udiff"})


def read(place: Place) -> Taken | None:
    """A problem where a patch begins on this line; None where none does."""
    after = _end_of_fenced(place)
    if after is None and begins_patch(place.lines, place.index):
        after = place.at(place.index + 1, fence=place.fence, used=False)
    if after is None:
        return None
    message = (
        f"line {place.index + 1} of the reply begins a patch, a format that is not understood here: {FORM}"
    )
    return Taken(after, problems=(problem("unsupported-format", "", message),))


def begins_patch(lines: tuple[str, ...], index: int) -> bool:
    """Whether a unified diff or an apply_patch envelope begins on this line."""
    line = lines[index]
    if line.startswith("--- "):
        return index + 1 < len(lines) and lines[index + 1].startswith("+++ ")
    return line.startswith("*** Begin Patch")


def _end_of_fenced(place: Place) -> Place | None:
    fence = opening(place.line, place.index)
    if fence is None or not fence.info or fence.info.split()[0].lower() not in _LANGUAGES:
        return None
    for index in range(place.index + 1, len(place.lines)):
        if fence.closed_by(place.lines[index]):
            return place.at(index + 1, fence=place.fence)
    return place.at(len(place.lines), fence=None)
