"""What there is to say about a spec file: an error or a question, at its place."""

from __future__ import annotations

from typing import NamedTuple

from agent_gate.domain.visible import visible_line

Where = tuple[str | int, ...]
"""The way to a value: `("load", 0, "expect", 1)`."""


class Place(NamedTuple):
    """A place in the file, both counted from 1; 0 where the file as a whole is meant."""

    line: int
    column: int


class Remark(NamedTuple):
    """One error or one question, with what to write instead."""

    code: str
    where: Where
    message: str
    hint: str = ""
    place: Place = Place(0, 0)
    clause: str = ""
    """The id of the clause that it is about."""

    @property
    def field(self) -> str:
        """The field as people write it: `load[0].expect[1]`; a misspelt one may hold anything."""
        return visible_line(dotted(self.where))


def dotted(where: Where) -> str:
    """`load[0].expect[1]`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in where).lstrip(".")
