"""Reads a reply: prose, and edits in any of the formats, in any order.

Reading is one pass from top to bottom; whatever a reader looks at, it takes, so the time grows with
the length of the reply and with nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agent_gate.domain.gate import Finding
from agent_gate.edits import search_replace, unsupported, whole_file
from agent_gate.edits.fence import Place, Taken
from agent_gate.edits.file_edit import FileEdit
from agent_gate.edits.problem import problem

MAX_BYTES = 2 * 1024 * 1024
"""Of a reply. The longest useful ones that we have seen are a tenth of that."""
MAX_PROBLEMS = 50

Reader = Callable[[Place], Taken | None]
READERS: dict[str, Reader] = {
    "search/replace": search_replace.read,
    "patch": unsupported.read,
    "whole file": whole_file.read,
}
"""One reader per format, asked in this order at each line that belongs to no edit."""

_THINKING = ("<think>", "</think>")


@dataclass(frozen=True)
class ParsedReply:
    """The edits of a reply in the order in which they stand, and what could not be understood.

    With any problem nothing of the reply may be applied.
    """

    edits: tuple[FileEdit, ...]
    problems: tuple[Finding, ...] = ()


def parse_reply(text: str) -> ParsedReply:
    """Reads a reply; whatever it holds, this raises nothing."""
    size = len(text.encode("utf-8", errors="surrogatepass"))
    if size > MAX_BYTES:
        message = (
            f"the reply has {size} bytes, more than the {MAX_BYTES} that are read; change less at a time"
        )
        return ParsedReply((), (problem("too-large", "", message),))
    place = Place(_lines(_after_thinking(text)))
    edits: list[FileEdit] = []
    problems: list[Finding] = []
    while place.index < len(place.lines) and len(problems) < MAX_PROBLEMS:
        taken = next((taken for read in READERS.values() if (taken := read(place))), None)
        if taken is None:
            place = place.at(place.index + 1, fence=place.fence, used=False)
            continue
        edits += taken.edits
        problems += taken.problems
        place = taken.place
    return ParsedReply(tuple(edits), tuple(problems))


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.removesuffix("\r") for line in text.split("\n"))


def _after_thinking(text: str) -> str:
    """Some models think aloud before they answer, with drafts of their edits.

    The line numbers stay as they are.
    """
    begin, end = _THINKING
    if not text.lstrip().startswith(begin):
        return text
    thought, closed, answer = text.partition(end)
    return "\n" * thought.count("\n") + answer if closed else ""
