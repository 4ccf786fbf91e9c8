"""A spec as the lint sees it: its clauses, their words and their measures, whatever is still missing.

Unlike the model it can be made of a file that is not right yet, and it loads nothing heavy.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from agent_gate.domain.measure import Duration, Expectation, Rate
from agent_gate.domain.spec_rules import clauses_of
from agent_gate.domain.verifier import Verifier
from agent_gate.spec.remark import Where

Parsed = TypeVar("Parsed")
SLOT = re.compile(r"<[A-Za-z][^<>=\n]*\s[^<>\n]*>")
"""What a template leaves to the author: `<what breaks>`."""
_PROSE = (
    "stimulus", "cause", "effect", "response", "detection", "recovery", "threat", "statement",
)  # fmt: skip


class Placed(NamedTuple):
    """Something that was read, and where it stands."""

    where: Where
    value: Any


class ClauseOutline(NamedTuple):
    """One clause as it stands in the file."""

    section: str
    position: int
    """Its place in the section, from 0."""
    fields: Mapping[str, Any]

    @property
    def where(self) -> Where:
        """The way to it."""
        return (self.section, self.position)

    @property
    def id(self) -> str:
        """Its id, or an empty text."""
        return self.text("id")

    def text(self, name: str) -> str:
        """A field's text; empty where there is none."""
        value = self.fields.get(name)
        return value.strip() if isinstance(value, str) else ""

    def table(self, name: str) -> Mapping[str, Any]:
        """A field's table; empty where there is none."""
        value = self.fields.get(name)
        return value if isinstance(value, Mapping) else {}

    @property
    def prose(self) -> Iterator[Placed]:
        """What it says in words, field by field; manual verifiers are words, too."""
        for name in _PROSE:
            if text := self.text(name):
                yield Placed((*self.where, name), text)
        for found in self.verifiers:
            if found.value.kind == "manual":
                yield Placed(found.where, found.value.target)

    @property
    def words(self) -> str:
        """All that it says in words."""
        return "\n".join(placed.value for placed in self.prose)

    @property
    def verifiers(self) -> Iterator[Placed]:
        """Its verifiers, as far as they can be read."""
        yield from _each(self.fields.get("verified_by"), (*self.where, "verified_by"), Verifier.parse)

    @property
    def expectations(self) -> Iterator[Placed]:
        """Its measures, as far as they can be read; those of its fault, too."""
        yield from _each(self.fields.get("expect"), (*self.where, "expect"), Expectation.parse)
        fault = self.table("fault").get("expect")
        yield from _each(fault, (*self.where, "fault", "expect"), Expectation.parse)

    @property
    def rate(self) -> Rate | None:
        """So many a second."""
        return _read(self.fields.get("rate"), Rate.parse)

    @property
    def duration(self) -> Duration | None:
        """For so long."""
        return _read(self.fields.get("for"), Duration.parse)


class Outline:
    """A whole spec as it stands in the file."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data = data

    @cached_property
    def clauses(self) -> tuple[ClauseOutline, ...]:
        """All clauses, in the order of the sections."""
        return tuple(ClauseOutline(*found) for found in clauses_of(self.data))

    def of(self, section: str) -> tuple[ClauseOutline, ...]:
        """The clauses of one section."""
        return tuple(clause for clause in self.clauses if clause.section == section)

    def text(self, name: str) -> str:
        """A top-level field's text; empty where there is none."""
        value = self.data.get(name)
        return value.strip() if isinstance(value, str) else ""

    def table(self, name: str) -> Mapping[str, Any]:
        """A top-level field's table; empty where there is none."""
        value = self.data.get(name)
        return value if isinstance(value, Mapping) else {}

    def patterns(self, name: str) -> tuple[Placed, ...]:
        """The texts of `context`, or of `allow` or `deny` under `paths`."""
        inside = name in {"allow", "deny"}
        value = self.table("paths").get(name) if inside else self.data.get(name)
        where: Where = ("paths", name) if inside else (name,)
        return tuple(_each(value, where, str))

    @cached_property
    def words(self) -> str:
        """All that the spec says in words, without the reasons under not_applicable."""
        own = [self.text("title"), self.text("goal")]
        return "\n".join([*own, *(clause.words for clause in self.clauses)])

    @property
    def reasons(self) -> Mapping[str, Any]:
        """What is said not to be applicable."""
        return self.table("not_applicable")


def says(text: str, pattern: re.Pattern[str]) -> str:
    """The first word of the text that the pattern finds, or an empty text."""
    found = pattern.search(text)
    return found.group() if found else ""


def any_word(*stems: str) -> re.Pattern[str]:
    """Finds any of the words; `retr(y|ies)` may be a stem, and a stem that ends in `-` any word that begins so."""
    parts = (rf"{stem[:-1]}\w*" if stem.endswith("-") else stem for stem in stems)
    return re.compile(rf"\b(?:{'|'.join(parts)})\b", re.IGNORECASE)


def _each(value: Any, where: Where, parse: Callable[[str], Parsed]) -> Iterator[Placed]:
    for index, item in enumerate(value if isinstance(value, list) else ()):
        if (read := _read(item, parse)) is not None:
            yield Placed((*where, index), read)


def _read(value: Any, parse: Callable[[str], Parsed]) -> Parsed | None:
    if not isinstance(value, str):
        return None
    try:
        return parse(value)
    except ValueError:
        return None  # the grammar has said so already
