"""A spec while it is being written: every field is text, nothing has to be right yet."""

from __future__ import annotations

from collections.abc import Mapping

from agent_gate.domain.spec import VERIFIERS_WITH_OPTIONAL_TARGET, VERIFIERS_WITH_TARGET
from agent_gate.domain.value import Value
from agent_gate.tui.questions import BY_NAME, Section


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
        """The kinds of verifier that it names."""
        return tuple(line.partition(":")[0].strip() for line in items_of(self.text("verified_by")))


class SpecDraft(Value):
    """The whole form."""

    texts: Mapping[str, str] = {"risk": "standard"}
    """The fields of the sections themselves, by name: title, goal, allow, …"""
    clauses: Mapping[str, tuple[ClauseDraft, ...]] = {}
    """By section."""
    not_applicable: Mapping[str, str] = {}

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
    def rests_on(self) -> tuple[int, int, int]:
        """How many clauses a machine verifies, how many rest on a person's word, and how many there are."""
        clauses = [clause for section in self.clauses.values() for clause in section]
        machine = sum(any(kind in _MACHINE for kind in clause.verifiers) for clause in clauses)
        person = sum("manual" in clause.verifiers for clause in clauses)
        return machine, person, len(clauses)

    def with_section(self, section: str, clauses: tuple[ClauseDraft, ...]) -> SpecDraft:
        """The same with other clauses in a section."""
        return self.model_copy(update={"clauses": {**self.clauses, section: clauses}})


_MACHINE = (VERIFIERS_WITH_TARGET | VERIFIERS_WITH_OPTIONAL_TARGET) - {"manual"}


class Problem(Value):
    """What is wrong with one field of the form: the words are those of `agent-gate spec check`."""

    section: str
    clause: int = -1
    """The clause's place in its section; -1 for the section's own fields."""
    field: str = ""
    message: str
    hint: str = ""


def items_of(text: str) -> list[str]:
    """The items of a list field: one a line, empty lines left out."""
    return [line.strip() for line in text.split("\n") if line.strip()]
