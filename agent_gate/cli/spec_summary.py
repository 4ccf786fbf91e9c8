"""What is said of a draft in a terminal that shows lines: remarks, and who will verify what."""

from __future__ import annotations

import shutil
import sys
import textwrap

import click

from agent_gate.cli.output import dim, heading, tell
from agent_gate.domain.visible import visible_line
from agent_gate.drafting.draft import ClauseDraft, Problem, SpecDraft, items_of
from agent_gate.drafting.preset import slots
from agent_gate.drafting.question import BY_NAME, SECTIONS

_MOST_TOLD = 20
_INDENT = 10


def wrapped(text: str, indent: int = 0) -> list[str]:
    """Words that a person reads, broken between words at a terminal; one whole line elsewhere."""
    width = shutil.get_terminal_size().columns if sys.stderr.isatty() else 0
    lines = textwrap.wrap(text, max(width - indent - 1, 20), break_on_hyphens=False) if width else [text]
    return lines or [""]


def tell_wrapped(text: str, indent: int = 0, *, quiet: bool = False) -> None:
    """Tells a text as `wrapped` breaks it; `quiet` where it may be passed over."""
    for line in wrapped(text, indent):
        told = " " * indent + line
        tell(dim(told) if quiet else told)


def tell_remark(problem: Problem, place: str = "") -> None:
    """One remark of the lint, with its code and what to write instead."""
    sign, colour = ("✗", "red") if problem.level == "error" else ("!", "yellow")
    where = f"{place}: " if place else ""
    first, *rest = wrapped(f"{where}{visible_line(problem.message)}", _INDENT)
    tell(f"  {click.style(sign, fg=colour)} {problem.code}  {first}")
    for line in rest:
        tell(" " * _INDENT + line)
    if problem.hint:
        tell_wrapped(visible_line(problem.hint), indent=_INDENT, quiet=True)


def tell_summary(draft: SpecDraft, problems: tuple[Problem, ...]) -> None:
    """What a machine and what a person will verify, and what is open."""
    rests = draft.rests_on
    tell(f"\n{heading(visible_line(draft.text('title') or draft.text('id') or 'a spec without a title'))}")
    if rests.clauses:
        nobody = f", nobody {len(draft.unverified)}" if draft.unverified else ""
        clauses = _counted(rests.clauses, "clause")
        tell(f"  {clauses}: a machine verifies {rests.machine}, a person {rests.person}{nobody}")
    for section in SECTIONS:
        for clause in draft.of(section.name):
            tell(f"  {clause_line(section.name, clause)}")
    _tell_open(draft, problems)
    tell()


def _tell_open(draft: SpecDraft, problems: tuple[Problem, ...]) -> None:
    """The remarks that are open. A slot is told once, and what follows from it is not told at all."""
    waiting = slots(draft)
    unfilled = {_field(problem) for problem in problems if problem.code == "TE01"}
    rest = [problem for problem in problems if _field(problem) not in unfilled]
    errors = sum(problem.level == "error" for problem in rest)
    counts = (
        _counted(errors, "error") if errors else "",
        _counted(len(rest) - errors, "question") if len(rest) > errors else "",
        _counted(len(waiting), "slot") if waiting else "",
    )
    if any(counts):
        tell(f"\n  open: {', '.join(filter(None, counts))}")
    for slot in waiting:
        tell(
            f"  {click.style('!', fg='yellow')} TE01  {visible_line(slot.name)}: {visible_line(slot.question)}"
        )
    for problem in rest[:_MOST_TOLD]:
        tell_remark(problem, _place(draft, problem))
    if len(rest) > _MOST_TOLD:
        tell(dim(f"  … and {len(rest) - _MOST_TOLD} more; agent-gate spec check tells all of them"))


def _field(problem: Problem) -> tuple[str, int, str]:
    return problem.section, problem.clause, problem.field


def clause_line(section: str, clause: ClauseDraft, *, verifiers: bool = True) -> str:
    """Id, what it is about, and what verifies it, on one line of the terminal."""
    width = shutil.get_terminal_size().columns if sys.stderr.isatty() else 0
    told, by = _told(section, clause), _verifiers(clause) if verifiers else ""
    if width:
        room = max((width * 5 // 8 if by else width) - 13, 20)
        told, by = f"{_cut(told, room):<{room if by else 0}}", _cut(by, max(width - room - 14, 10))
    return f"{clause.id:<8} {told}  {dim(by)}" if by else f"{clause.id:<8} {told}"


def _told(section: str, clause: ClauseDraft) -> str:
    return visible_line(clause.text(BY_NAME[section].clause[0].name))


def _verifiers(clause: ClauseDraft) -> str:
    named = [
        line if not line.startswith("manual") else "a person" for line in items_of(clause.text("verified_by"))
    ]
    return visible_line(", ".join(named)) or "nothing yet"


def _place(draft: SpecDraft, problem: Problem) -> str:
    clauses = draft.of(problem.section)
    inside = 0 <= problem.clause < len(clauses)
    name = clauses[problem.clause].id if inside else BY_NAME[problem.section].title
    return f"{name} {problem.field.replace('_', ' ')}".strip()


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
