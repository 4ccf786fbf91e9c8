"""Which pages the form has: all sections, or the one page that a trivial change needs."""

from __future__ import annotations

from collections.abc import Iterable

from agent_gate.drafting.draft import Problem, SpecDraft
from agent_gate.drafting.question import SECTIONS, Field, Section

SLOT_LEFT = "TE01"
"""The lint's question about a preset's slot that is still there; it is seen in the field itself."""
_FIELDS = {field.name: field for section in SECTIONS for field in section.fields}
TRIVIAL = Section(
    "trivial",
    "Trivial change",
    "What is wrong, and in which file? A trivial change needs no more than that.",
    fields=tuple(_FIELDS[name] for name in ("title", "goal", "allow", "context", "risk", "id")),
)
"""The whole form of a change that a person understands at a glance."""


def pages(draft: SpecDraft) -> tuple[Section, ...]:
    """The pages in their order."""
    return (TRIVIAL,) if draft.text("risk") == "trivial" else SECTIONS


def folded(draft: SpecDraft) -> tuple[Section, ...]:
    """Sections that have something in them and no page of their own just now."""
    if draft.text("risk") != "trivial":
        return ()
    shown = {field.name for field in TRIVIAL.fields}
    return tuple(
        section
        for section in SECTIONS
        if draft.of(section.name)
        or any(draft.text(field.name).strip() for field in section.fields if field.name not in shown)
    )


def page_of(section: str, draft: SpecDraft) -> Section:
    """The page on which a section of the spec is written."""
    plan = pages(draft)
    return next((page for page in plan if page.name == section), plan[0])


def belongs(problem: Problem, page: Section) -> bool:
    """Whether a problem is told on this page; on the one page of a trivial change all are."""
    return page is TRIVIAL or problem.section == page.name


def concerns(section: str, page: Section) -> bool:
    """Whether something that was found for a section of the spec can be taken on this page."""
    return page.name == section or (page is TRIVIAL and section == "paths")


def shown_fields(fields: Iterable[Field], filled: Iterable[str], *, all_fields: bool) -> list[Field]:
    """The usual fields, and of the rare ones those that are filled in; or all of them."""
    written = set(filled)
    return [field for field in fields if all_fields or not field.rare or field.name in written]
