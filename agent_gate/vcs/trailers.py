"""Trailers of a commit message: written by us, and read back by git itself.

git decides what a trailer is, so git is asked after each rendering whether it reads exactly what was
meant. `--no-divider` counts: without it a line `---` in the body hides all trailers from the parser.
Source: git-interpret-trailers(1).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from agent_gate.errors import UsageError
from agent_gate.vcs.repo import Repository

ASSISTED_BY = "Assisted-by"
GENERATED_BY = "Generated-by"
RUN = "Agent-Gate-Run"
SPEC = "Agent-Gate-Spec"
EVIDENCE = "Agent-Gate-Evidence"
RESULT = "Agent-Gate-Result"
CO_AUTHORED_BY = "Co-authored-by"
REVIEWED_BY = "Reviewed-by"
KEYS = (ASSISTED_BY, GENERATED_BY, RUN, SPEC, EVIDENCE, RESULT, CO_AUTHORED_BY, REVIEWED_BY)
"""Every trailer that we write, in the order in which they stand."""

_OURS = {key.casefold() for key in KEYS}
_REFUSED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_PINNED = ("-c", "trailer.separators=:", "-c", "core.commentChar=#")
_READ_AS_SYNTAX = re.compile(r"[^\s:]+\s*:|#|---|\(cherry picked from commit ")


class TrailerError(UsageError):
    """A value cannot stand in a trailer, or git reads other trailers than were written."""


@dataclass(frozen=True)
class Trailer:
    """One line `key: value`."""

    key: str
    value: str

    @property
    def ours(self) -> bool:
        """Whether the key is one that we write; git compares keys without case."""
        return self.key.casefold() in _OURS

    def __str__(self) -> str:
        return f"{self.key}: {self.value}"


def render_trailers(trailers: Sequence[Trailer]) -> str:
    """The trailer block, without a last newline; raises TrailerError for a value that is no plain line."""
    for trailer in trailers:
        if not trailer.ours:
            raise TrailerError(f"{trailer.key!r} is no trailer of agent-gate")
        if not trailer.value or trailer.value != trailer.value.strip():
            raise TrailerError(f"the trailer {trailer.key} has an empty value, or blanks around it")
        if any(unicodedata.category(character) in _REFUSED_CATEGORIES for character in trailer.value):
            raise TrailerError(
                f"the trailer {trailer.key} would hold a line break or an invisible character: {trailer.value!r}",
                hint="take it out of the name or id that the trailer is made from",
            )
    places = [KEYS.index(trailer.key) for trailer in trailers]
    if places != sorted(places):
        raise TrailerError("the trailers are not in their order")
    return "\n".join(map(str, trailers))


def render_message(repository: Repository, subject: str, body: str, trailers: Sequence[Trailer]) -> str:
    """Subject, body and trailers as one commit message, ending in a newline.

    Raises TrailerError where git would read anything but exactly these trailers.
    """
    head = f"{subject}\n\n{body}".strip()
    message = f"{head}\n\n{render_trailers(trailers)}\n"
    if (read := read_trailers(repository, message)) != tuple(trailers):
        found = ", ".join(map(str, read)) or "none"
        raise TrailerError(
            f"git would read other trailers from this message than agent-gate wrote: {found}",
            hint="a line of the spec's title or goal looks like git's own syntax; word it differently",
        )
    return message


def read_trailers(repository: Repository, message: str) -> tuple[Trailer, ...]:
    """The trailers as git reads them, whatever the user's configuration says."""
    output = repository.git(*_PINNED, "interpret-trailers", "--parse", "--no-divider", stdin=message.encode())
    trailers = []
    for line in output.decode().removesuffix("\n").split("\n"):
        key, separator, value = line.partition(":")
        if separator:
            trailers.append(Trailer(key.strip(), value.strip()))
    return tuple(trailers)


def plain_line(line: str) -> str:
    """A line of somebody's text that nobody reads as a trailer, a comment, a divider or a control code."""
    visible = "".join(" " if unicodedata.category(c) in _REFUSED_CATEGORIES else c for c in line).rstrip()
    return f"    {visible}" if _READ_AS_SYNTAX.match(visible) else visible
