"""Reads a draft as `agent-gate spec check` would, and gives its problems their fields in the form."""

from __future__ import annotations

import re

from agent_gate.domain.spec import Spec
from agent_gate.errors import SpecError
from agent_gate.spec_file import parse_spec
from agent_gate.tui.questions import BY_NAME, Section
from agent_gate.tui.spec_draft import ClauseDraft, Problem, SpecDraft
from agent_gate.tui.spec_yaml import TEXTS, TableError, section_of, to_yaml

_PLACE = re.compile(r"^(\w+)(?:\[(\d+)\])?(?:\.(\w+))?")


def check(draft: SpecDraft, path: str, before: str = "") -> tuple[Spec | None, tuple[Problem, ...]]:
    """The spec that the draft is, or what is wrong with it: the first problem of each section.

    The file is read as the command line reads it, which tells one problem at a time; so a section that
    has one is taken to be mended, and the file is read again.
    """
    problems: list[Problem] = []
    probe = draft
    while True:
        spec, problem = _first_problem(probe, path, before)
        if problem is None or problem.section in {known.section for known in problems}:
            return (None if problems else spec), tuple(problems)
        problems.append(problem)
        probe = _mended(probe, BY_NAME[problem.section])


def _first_problem(draft: SpecDraft, path: str, before: str) -> tuple[Spec | None, Problem | None]:
    try:
        return parse_spec(to_yaml(draft, before).encode(), path), None
    except TableError as error:
        return None, error.problem
    except SpecError as error:
        return None, _problem(error)


def _mended(draft: SpecDraft, section: Section) -> SpecDraft:
    """The same, with the examples in the place of one section."""
    for field in section.fields:
        draft = draft.with_text(
            field.name, field.example or (draft.text(field.name) if field.name != "risk" else "standard")
        )
    if not section.clause:
        return draft
    example = ClauseDraft(
        id=f"{section.prefix}-EXAMPLE", fields={f.name: f.example for f in section.clause if not f.rare}
    )
    return draft.with_reason(section.name, "").with_section(section.name, (example,))


def _problem(error: SpecError) -> Problem:
    """Finds the field that the error names: `failure_modes[0].verified_by`, `paths.allow`, `latency`."""
    message = error.message.split(f"{error.field}: ", 1)[-1] if error.field else error.message
    found = _PLACE.match(error.field)
    top, index, leaf = found.groups() if found else ("", None, None)
    if top == "not_applicable" and leaf:
        return Problem(section=leaf, field="not_applicable", message=message, hint=error.hint)
    field = (leaf or "") if index or top == "paths" else (top if top in TEXTS else "")
    told = message if field or not error.field or top in BY_NAME else f"{error.field}: {message}"
    return Problem(
        section=section_of(top),
        clause=int(index) if index else -1,
        field=field,
        message=told,
        hint=error.hint,
    )
