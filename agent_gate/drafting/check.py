"""Reads a draft as `agent-gate spec check` would, and gives its remarks their fields in the form."""

from __future__ import annotations

from collections.abc import Mapping

from agent_gate.domain.spec import Spec
from agent_gate.drafting.draft import Problem, SpecDraft
from agent_gate.drafting.question import BY_NAME, NOT_APPLICABLE, SECTIONS
from agent_gate.drafting.yaml_text import TEXTS, section_of, table_problem, to_yaml
from agent_gate.spec.codes import CODES
from agent_gate.spec.lint import review_spec
from agent_gate.spec.reader import parse_spec
from agent_gate.spec.remark import Remark, Where
from agent_gate.spec.surroundings import Surroundings

_ANSWERED_IN: Mapping[str, str] = {
    "FM01": "failure_modes", "SE02": "security", "AC01": "acceptance",
    "WR01": "acceptance", "WR02": "acceptance", "WR03": "acceptance", "WR04": "operations", "WR05": "operations",
}  # fmt: skip
"""Questions about the goal, or a file, that a clause of another section answers."""
_ANSWERED_BY: Mapping[str, str] = {"LO01": "for", "LO03": "rate", "LA02": "verified_by"}
"""Questions about a whole clause that one field answers."""
_PLACES = {section.name: place for place, section in enumerate(SECTIONS)}


def check(
    draft: SpecDraft, path: str, before: str = "", surroundings: Surroundings | None = None
) -> tuple[Spec | None, tuple[Problem, ...]]:
    """The spec that the draft is, and all that there is to say of it, in the order of the form.

    There is a spec where no problem is an error. `before` is what the file holds now; without
    `surroundings` nothing is asked that needs a repository.
    """
    data = to_yaml(draft, before).encode(errors="surrogateescape")
    review = review_spec(data, path, surroundings or Surroundings(None))
    problems = [_problem(remark, draft) for remark in review.remarks]
    spec = None if review.errors else parse_spec(data, path)
    return spec, tuple(sorted(problems, key=_order))


def _problem(remark: Remark, draft: SpecDraft) -> Problem:
    section, clause, field, prefix = _place(remark, draft)
    message = f"{prefix}: {remark.message}" if prefix else remark.message
    level = CODES[remark.code].level
    if remark.code == "SP03" and (reason := _why_no_table(draft, section, clause, field)):
        message = f"not valid YAML: {reason}"
    return Problem(
        section=section,
        clause=clause,
        field=field,
        code=remark.code,
        level=level,
        message=message,
        hint=remark.hint,
        key="" if level == "error" else f"{remark.code}:{remark.clause}" if remark.clause else remark.code,
    )


def _place(remark: Remark, draft: SpecDraft) -> tuple[str, int, str, str]:
    """Section, clause and field of the form; and what to name, where the form has no such field."""
    where = remark.where
    top = str(where[0]) if where else ""
    if remark.code in _ANSWERED_IN:
        return _ANSWERED_IN[remark.code], -1, "", ""
    if top == NOT_APPLICABLE.name:
        return (*_of_reason(str(where[1]) if len(where) > 1 else "", draft), "")
    if top in BY_NAME and len(where) > 1 and isinstance(where[1], int):
        return (top, where[1], *_clause_field(remark, where))
    if top == "paths" and len(where) > 1:
        leaf = str(where[1])
        return ("paths", -1, leaf, "") if leaf in TEXTS else ("paths", -1, "", remark.field)
    if top in TEXTS or top in BY_NAME or not top:
        return section_of(top), -1, top if top in TEXTS else "", ""
    return section_of(top), -1, "", remark.field


def _clause_field(remark: Remark, where: Where) -> tuple[str, str]:
    leaf = str(where[2]) if len(where) > 2 else _ANSWERED_BY.get(remark.code, "")
    known = {"id", *(field.name for field in BY_NAME[str(where[0])].clause)}
    return (leaf, "") if leaf in known or not leaf else ("", leaf)


def _of_reason(key: str, draft: SpecDraft) -> tuple[str, int, str]:
    """Where the reason stands: in its section, or beside the clause whose question it silences."""
    if key in BY_NAME:
        return key, -1, NOT_APPLICABLE.name
    clause_id = key.partition(":")[2]
    for section in SECTIONS:
        for index, clause in enumerate(draft.of(section.name)):
            if clause_id and clause.id == clause_id:
                return section.name, index, NOT_APPLICABLE.name
    return "goal", -1, NOT_APPLICABLE.name


def _why_no_table(draft: SpecDraft, section: str, clause: int, name: str) -> str:
    if clause < 0:
        return table_problem(TEXTS[name], draft.text(name)) if name in TEXTS else ""
    field = next((field for field in BY_NAME[section].clause if field.name == name), None)
    return table_problem(field, draft.of(section)[clause].text(name)) if field else ""


def _order(problem: Problem) -> tuple[int, int, int, bool]:
    section = BY_NAME[problem.section]
    names = [field.name for field in (*section.fields, *section.clause)]
    field = names.index(problem.field) if problem.field in names else -1
    return _PLACES[problem.section], problem.clause, field, problem.level != "error"
