"""Reads whole files: a fenced block under its path.

The path stands alone on the line before the fence, in the fence's info string, or as the first line
of the block. A block without a path is an example, and is left alone.
"""

from __future__ import annotations

import re

from agent_gate.edits.fence import Fence, Place, Taken, opening
from agent_gate.edits.file_edit import WholeFile
from agent_gate.edits.path_label import comment_label, info_path, path_label
from agent_gate.edits.problem import problem
from agent_gate.edits.search_replace import is_marker
from agent_gate.edits.text_file import joined
from agent_gate.edits.unsupported import begins_patch

_CONFLICT = re.compile(r"[ \t]*(?:<{7}|>{7}|\|{7})(?:[ \t]|$)")
_SHELL = frozenset({"bash", "console", "powershell", "sh", "shell", "shell-session", "zsh"})
_SCRIPT = re.compile(r"\.(?:bash|ps1|sh|zsh)$|(?:^|/)[^./]+$")
_PROSE = frozenset({"", "diff", "md", "markdown", "output", "patch", "plaintext", "text", "txt"}) | _SHELL


def read(place: Place) -> Taken | None:
    """The block that opens on this line, whole; None where none opens.

    Reading stops short at what another format must read: a search/replace marker, or a block with a
    path inside one without.
    """
    if place.fence is not None and place.fence.closed_by(place.line):
        return Taken(place.at(place.index + 1, fence=None))
    fence = opening(place.line, place.index, place.floor)
    if fence is None:
        return None
    path, first = _label(place.lines, fence)
    stop, closed = _end(place.lines, fence, first if path else 0)
    if closed and not path:
        return Taken(place.at(stop + 1, fence=place.fence))
    if not closed and (not path or stop < len(place.lines)):
        return Taken(place.at(stop, fence=fence, used=False))
    if not closed:
        message = f"the file whose block opens on line {place.index + 1} of the reply is not finished: no fence ends it"
        return Taken(place.at(stop, fence=None, path=path), problems=(problem("truncated", path, message),))
    body = [fence.dedented(text) for text in place.lines[first:stop]]
    return _taken(place, place.at(stop + 1, fence=place.fence, path=path), path, body)


def _taken(place: Place, after: Place, path: str, body: list[str]) -> Taken:
    line = place.index + 1
    if any(_CONFLICT.match(text) for text in body):
        message = (
            f"the whole file on line {line} of the reply holds conflict markers; "
            "give the file as it shall be, or search/replace blocks"
        )
        return Taken(after, problems=(problem("conflict-markers", path, message),))
    return Taken(after, edits=(WholeFile(path=path, content=joined(body), line=line),))


def _end(lines: tuple[str, ...], fence: Fence, first: int) -> tuple[int, bool]:
    """Where the block ends and whether a fence closes it there, or where another reader has to go on.

    `first` is the first line of the file's content, 0 where the block is no file.
    """
    depth = 0
    for index in range(fence.index + 1, len(lines)):
        line = lines[index]
        if is_marker(line) or (first in {0, index} and begins_patch(lines, index)):
            return index, False
        if fence.nested_in(line):
            inner = opening(line, index, fence.index + 1)
            if not first and inner is not None and _label(lines, inner)[0]:
                return index, False
            depth += 1
        elif fence.closed_by(line):
            if depth == 0:
                return index, True
            depth -= 1
    return len(lines), False


def _label(lines: tuple[str, ...], fence: Fence) -> tuple[str, int]:
    """The path that the block has, and the index of its content's first line; no path, no label."""
    first = fence.index + 1
    language = fence.info.split()[0].lower() if fence.info else ""
    path = info_path(fence.info) or _path_before(lines, fence)
    if not path and language not in _PROSE and first < len(lines):
        path = comment_label(fence.dedented(lines[first]))
        first += 1
    if not path or (language in _SHELL and not _SCRIPT.search(path)):
        return "", fence.index + 1
    return path.removeprefix("./"), first


def _path_before(lines: tuple[str, ...], fence: Fence) -> str | None:
    index = fence.index - 1
    while index >= fence.floor and not lines[index].strip():
        index -= 1
    return path_label(lines[index]) if index >= fence.floor else None
