"""The questions of the form one by one, for a terminal that shows lines.

A state is the draft and what was asked already. The next question is found from it, so that going back is
going to the state before, and an interview that was cut short goes on from its draft alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from agent_gate.drafting.draft import Problem, SpecDraft
from agent_gate.drafting.line_answer import as_typed, text_of_line
from agent_gate.drafting.preset import fill, id_from, slots
from agent_gate.drafting.question import BY_NAME, SECTIONS, Field, Section
from agent_gate.drafting.senior import question_for
from agent_gate.drafting.suggestion import Suggestion, take
from agent_gate.spec.outline import SLOT

_RISK = next(field for field in BY_NAME["goal"].fields if field.name == "risk")
_TRIVIAL = ("title", "id", "goal", "allow")

Key = tuple[str, ...]


class Ask(NamedTuple):
    """One question."""

    key: Key
    section: Section
    question: str
    field: Field | None = None
    """None where a yes or no is asked for."""
    clause: int = -1
    clause_id: str = ""
    standing: str = ""
    """What the field holds now; an empty answer keeps it."""
    suggestion: Suggestion | None = None
    slot: str = ""
    example: str = ""
    opens: bool = False
    """It asks for one more clause; an empty answer goes on to the next section."""


class State(NamedTuple):
    """Where an interview stands."""

    draft: SpecDraft
    asked: frozenset[Key] = frozenset()
    more: frozenset[Key] = frozenset()
    """The clauses of which all fields are asked, by section and id."""


def next_ask(state: State, problems: tuple[Problem, ...], finds: tuple[Suggestion, ...]) -> Ask | None:
    """The next question; None where everything was asked. `problems` and `finds` are those of the draft."""
    return next((ask for ask in _asks(state, problems, finds) if ask.key not in state.asked), None)


def answered(state: State, ask: Ask, line: str) -> State:
    """The state after an answer. An empty line keeps what stands there."""
    draft = state.draft
    if ask.suggestion is not None:
        draft = take(draft, ask.suggestion) if line.strip().lower() in {"", "y", "yes"} else draft
    elif ask.slot:
        draft = fill(draft, ask.slot, line.strip()) if line.strip() else draft
    elif ask.field is not None and line.strip():
        text = text_of_line(ask.field, line)
        if ask.opens:
            draft = draft.with_new_clause(ask.section.name)
            key: Key = (ask.section.name, draft.of(ask.section.name)[-1].id, ask.field.name)
            return State(_put(draft, ask, text), state.asked | {key}, state.more)
        draft = _put(draft, ask, text)
    draft = _named(draft, ask)
    return State(draft, state.asked | {ask.key}, state.more)


def reopened(state: State, ask: Ask, problems: tuple[Problem, ...]) -> State:
    """The same, with the question open again where the answer holds an error."""
    if ask.field is None or not any(p.level == "error" and is_about(p, ask) for p in problems):
        return state
    clauses = state.draft.of(ask.section.name)
    inside = ask.clause >= 0 and ask.clause < len(clauses)
    key = (ask.section.name, clauses[ask.clause].id, ask.field.name) if inside else ask.key
    return state._replace(asked=state.asked - {key})


def not_applicable(state: State, ask: Ask, reason: str, problems: tuple[Problem, ...]) -> State | None:
    """The state after `n/a REASON`: the section is waved away, or the questions about one field are silenced.

    None where there is nothing that a reason could answer.
    """
    if ask.section.answerable and not state.draft.of(ask.section.name):
        return State(state.draft.with_reason(ask.section.name, reason), state.asked | {ask.key}, state.more)
    keys = {problem.key for problem in problems if problem.key and is_about(problem, ask)}
    draft = state.draft
    for key in sorted(keys):
        draft = draft.with_reason(key, reason)
    return State(draft, state.asked | {ask.key}, state.more) if keys else None


def with_more(state: State, ask: Ask) -> State:
    """The state in which the rare fields of this clause are asked, too."""
    return state._replace(more=state.more | {(ask.section.name, ask.clause_id)})


def is_about(problem: Problem, ask: Ask) -> bool:
    """Whether the lint speaks of exactly what was asked."""
    name = ask.field.name if ask.field else ""
    return (problem.section, problem.clause, problem.field) == (ask.section.name, ask.clause, name)


def _asks(state: State, problems: tuple[Problem, ...], finds: tuple[Suggestion, ...]) -> Iterator[Ask]:
    draft = state.draft
    goal = BY_NAME["goal"]
    if draft.preset != "trivial":
        yield Ask(
            ("goal", "risk"), goal, question_for(goal, field="risk"), _RISK, standing=draft.text("risk")
        )
    for slot in slots(draft):
        yield Ask(("slot", slot.name), goal, slot.question, slot=slot.name, example=slot.example)
    trivial = draft.text("risk") == "trivial"
    for section in SECTIONS:
        if trivial and section.clause and not draft.of(section.name):
            continue
        yield from _own_fields(section, state, problems, trivial=trivial)
        if section.clause:
            yield from () if trivial else _finds(section, draft, finds)
            yield from _clauses(section, state, problems)


def _own_fields(
    section: Section, state: State, problems: tuple[Problem, ...], *, trivial: bool
) -> Iterator[Ask]:
    all_fields = any(name == section.name for name, _ in state.more)
    for field in section.fields:
        if field is _RISK or (trivial and field.name not in _TRIVIAL):
            continue
        standing = as_typed(field, state.draft.text(field.name))
        question = question_for(section, field=field.name)
        ask = Ask(
            (section.name, field.name), section, question, field, standing=standing, example=field.example
        )
        wanted = all_fields or not field.rare
        if (wanted and not standing) or _said(problems, ask):
            yield ask


def _finds(section: Section, draft: SpecDraft, finds: tuple[Suggestion, ...]) -> Iterator[Ask]:
    if draft.not_applicable.get(section.name, "").strip():
        return
    for find in finds:
        if find.section == section.name:
            yield Ask(("find", section.name, find.title), section, find.title, suggestion=find)


def _clauses(section: Section, state: State, problems: tuple[Problem, ...]) -> Iterator[Ask]:
    draft = state.draft
    if draft.not_applicable.get(section.name, "").strip():
        return
    clauses = draft.of(section.name)
    for index, clause in enumerate(clauses):
        all_fields = (section.name, clause.id) in state.more
        for field in section.clause:
            standing = clause.text(field.name)
            ask = Ask(
                (section.name, clause.id, field.name), section,
                question_for(section, clause.fields, field.name, draft.preset), field, index, clause.id,
                as_typed(field, standing), example=field.example,
            )  # fmt: skip
            wanted = all_fields or not field.rare
            if (wanted and not standing.strip()) or _said(problems, ask):
                yield ask
    if draft.text("risk") == "trivial":
        return
    first = section.clause[0]
    question = question_for(section, {}, first.name, draft.preset)
    key = (section.name, f"+{len(clauses)}", first.name)
    fresh = draft.with_new_clause(section.name).of(section.name)[-1].id
    yield Ask(key, section, question, first, len(clauses), fresh, example=first.example, opens=True)


def _said(problems: tuple[Problem, ...], ask: Ask) -> bool:
    """Whether the lint has a word on the field. A slot in it is asked once for all, and not here."""
    return not SLOT.search(ask.standing) and any(is_about(problem, ask) for problem in problems)


def _put(draft: SpecDraft, ask: Ask, text: str) -> SpecDraft:
    if ask.field is None:
        return draft
    if ask.clause < 0:
        return draft.with_text(ask.field.name, text)
    clause = draft.of(ask.section.name)[ask.clause]
    return draft.with_clause(ask.section.name, ask.clause, clause.with_text(ask.field.name, text))


def _named(draft: SpecDraft, ask: Ask) -> SpecDraft:
    """An id for a spec that has a title; a person may give another one."""
    titled = ask.slot or (ask.field and ask.field.name == "title")
    if titled and not draft.text("id").strip() and not slots(draft):
        return draft.with_text("id", id_from(draft.text("title")))
    return draft
