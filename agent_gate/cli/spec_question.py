"""One question of `spec new --no-ui` as lines, and the line that answers it."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from agent_gate.cli.output import at_a_terminal, dim, heading, tell
from agent_gate.cli.spec_summary import clause_line, tell_remark, tell_wrapped
from agent_gate.domain.visible import visible_line
from agent_gate.drafting.draft import Problem, SpecDraft
from agent_gate.drafting.interview import Ask
from agent_gate.drafting.issue_markdown import cleaned
from agent_gate.drafting.question import Section
from agent_gate.drafting.senior import explanation
from agent_gate.drafting.suggestion import Suggestion


def tell_section(section: Section, draft: SpecDraft, problems: Iterable[Problem]) -> None:
    """The section's title, what stands there already, and what the lint asks of it as a whole."""
    tell(f"\n{heading(section.title)}")
    for clause in draft.of(section.name):
        tell(f"  {clause_line(section.name, clause, verifiers=False)}")
    for problem in problems:
        whole = (problem.section, problem.clause, problem.field) == (section.name, -1, "")
        if whole and problem.code != "SP09":  # that it is not answered yet, the question itself says
            tell_remark(problem)


def tell_question(ask: Ask, about: Iterable[Problem], example: str) -> None:
    """The question, what the lint says of the field, what stands there or an example."""
    tell()
    if ask.suggestion is not None:
        _tell_suggestion(ask.suggestion)
        return
    name = ask.field.name.replace("_", " ") if ask.field else ""
    more = "one more? " if ask.opens and ask.clause else ""
    place = f"{more}{ask.clause_id} {name}".strip()
    tell_wrapped(f"{place}: {ask.question}" if place else ask.question)
    if ask.field is not None and ask.field.choices:
        tell(dim(f"  {' · '.join(ask.field.choices)}"))
    if ask.standing:
        for problem in about:
            tell_remark(problem)
        tell_wrapped(f"now: {visible_line(ask.standing)}", indent=2, quiet=True)
    elif example:
        tell_wrapped(f"e.g. {visible_line(example)}", indent=2, quiet=True)


def explain(ask: Ask) -> None:
    """What `?` tells of a question."""
    if ask.suggestion is not None:
        tell(dim("  y puts it into the spec, to be edited; n leaves it"))
        return
    if ask.slot or ask.field is None:
        tell(dim(f"  one answer fills {ask.slot} wherever the preset says it"))
        return
    for line in (explanation(ask.section.name, ask.field.name), ask.field.advice):
        if line:
            tell_wrapped(line, indent=2, quiet=True)
    if ask.field.example:
        tell(dim(f"  e.g. {visible_line(ask.field.example)}"))
    if ask.field.kind == "list":
        tell(dim("  several: on one line, with a comma between them"))


def agreed(question: str, *, default: bool) -> bool:
    """Asks for yes or no; an empty line is the default."""
    tell(f"\n{question} [{'Y/n' if default else 'y/N'}]")
    line = read_line().lower()
    return default if not line else line in {"y", "yes"}


def read_line() -> str:
    """One line, without what a terminal would obey; raises EOFError at the end of the input."""
    if at_a_terminal() and sys.stdout.isatty():
        line = input("> ")
    else:
        tell("> ", newline=False)
        line = sys.stdin.readline()
        if not line:
            raise EOFError
    return cleaned(line.encode(errors="replace").decode()).strip()


def _tell_suggestion(suggestion: Suggestion) -> None:
    tell_wrapped(f"from the repository: {suggestion.title}")
    tell_wrapped(suggestion.why, indent=2, quiet=True)
    for name, text in (suggestion.clause.fields if suggestion.clause else {}).items():
        if text.strip() and text != suggestion.title:
            tell(dim(f"    {name.replace('_', ' ')}: {visible_line(text)}"))
    tell("  take it? [Y/n]")
