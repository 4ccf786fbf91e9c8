"""A spec while it is being written: every field is text, nothing has to be right yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from agent_gate.domain.value import Value
from agent_gate.domain.verifier import Verifier
from agent_gate.drafting.question import BY_NAME, Section
from agent_gate.spec.codes import Level


class RestsOn(NamedTuple):
    """How many clauses each side answers for. A clause with verifiers of both kinds counts for both."""

    machine: int
    person: int
    clauses: int

    def bars(self, width: int) -> tuple[int, int]:
        """How many of `width` cells each bar fills; full only where every clause is counted."""
        whole = self.clauses or 1
        return self.machine * width // whole, self.person * width // whole


class ClauseDraft(Value):
    """One clause: its id and its fields, as they were typed."""

    id: str
    fields: Mapping[str, str] = {}

    def text(self, name: str) -> str:
        """What stands in a field; empty when nothing does."""
        return self.id if name == "id" else self.fields.get(name, "")

    def with_text(self, name: str, text: str) -> ClauseDraft:
        """The same with another text in one field."""
        if name == "id":
            return self.model_copy(update={"id": text})
        return self.model_copy(update={"fields": {**self.fields, name: text}})

    @property
    def verifiers(self) -> tuple[str, ...]:
        """The kinds of verifier that it names; what cannot be read names none."""
        return tuple(kind for line in items_of(self.text("verified_by")) if (kind := _kind(line)))


class SpecDraft(Value):
    """The whole form."""

    texts: Mapping[str, str] = {"risk": "standard"}
    """The fields of the sections themselves, by name: title, goal, allow, …"""
    clauses: Mapping[str, tuple[ClauseDraft, ...]] = {}
    """By section."""
    not_applicable: Mapping[str, str] = {}
    """Reasons, by section, or by the code of a question: `FM04`, `FM04:FAIL-2`."""
    preset: str = ""
    """The preset that it began as; it has questions of its own."""

    def text(self, name: str) -> str:
        """What stands in a field of a section."""
        return self.texts.get(name, "")

    def with_text(self, name: str, text: str) -> SpecDraft:
        """The same with another text in one field of a section."""
        return self.model_copy(update={"texts": {**self.texts, name: text}})

    def with_reason(self, section: str, text: str) -> SpecDraft:
        """The same with a reason why a section does not apply; an empty one takes it back."""
        reasons = {name: reason for name, reason in self.not_applicable.items() if name != section}
        return self.model_copy(update={"not_applicable": {**reasons, section: text} if text else reasons})

    def of(self, section: str) -> tuple[ClauseDraft, ...]:
        """The clauses of a section."""
        return self.clauses.get(section, ())

    def with_clause(self, section: str, index: int, clause: ClauseDraft) -> SpecDraft:
        """The same with one clause replaced."""
        changed = list(self.of(section))
        changed[index] = clause
        return self.with_section(section, tuple(changed))

    def with_new_clause(self, section: str) -> SpecDraft:
        """The same with an empty clause at a section's end, under the next free id."""
        taken = {clause.id for clauses in self.clauses.values() for clause in clauses}
        prefix = BY_NAME[section].prefix
        number = next(n for n in range(1, len(taken) + 2) if f"{prefix}-{n}" not in taken)
        return self.with_section(section, (*self.of(section), ClauseDraft(id=f"{prefix}-{number}")))

    def without_clause(self, section: str, index: int) -> SpecDraft:
        """The same without one clause."""
        kept = self.of(section)
        return self.with_section(section, kept[:index] + kept[index + 1 :])

    def is_begun(self, section: Section) -> bool:
        """Whether anything was written there."""
        own = any(self.text(field.name).strip() for field in section.fields if field.name != "risk")
        return own or bool(self.of(section.name)) or bool(self.not_applicable.get(section.name, "").strip())

    @property
    def rests_on(self) -> RestsOn:
        """What its clauses rest on: the two bars of the form."""
        clauses = [clause for section in self.clauses.values() for clause in section]
        machine = sum(any(kind != "manual" for kind in clause.verifiers) for clause in clauses)
        person = sum("manual" in clause.verifiers for clause in clauses)
        return RestsOn(machine, person, len(clauses))

    @property
    def unverified(self) -> tuple[str, ...]:
        """The ids of the clauses that name nothing that would show that they hold."""
        return tuple(c.id for section in self.clauses.values() for c in section if not c.verifiers)

    def with_section(self, section: str, clauses: tuple[ClauseDraft, ...]) -> SpecDraft:
        """The same with other clauses in a section."""
        return self.model_copy(update={"clauses": {**self.clauses, section: clauses}})


class Problem(Value):
    """What is wrong with, or open in, one field of the form: the words are those of `agent-gate spec check`."""

    section: str
    clause: int = -1
    """The clause's place in its section; -1 for the section's own fields."""
    field: str = ""
    code: str = ""
    """As docs/spec-lint.md explains it."""
    level: Level = "error"
    message: str
    hint: str = ""
    key: str = ""
    """Under which a reason in not_applicable silences it; empty for errors, which nothing silences."""


def items_of(text: str) -> list[str]:
    """The items of a list field: one a line, empty lines left out."""
    return [line.strip() for line in text.split("\n") if line.strip()]


def _kind(text: str) -> str:
    try:
        return Verifier.parse(text).kind
    except ValueError:
        return ""
