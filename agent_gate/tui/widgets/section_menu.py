"""The sections of a spec with their signs, and under them how far the spec is."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from agent_gate.drafting.draft import Problem, SpecDraft
from agent_gate.drafting.question import Section
from agent_gate.tui.page_plan import SLOT_LEFT, TRIVIAL, belongs, folded, pages
from agent_gate.tui.signs import plain, sign
from agent_gate.tui.widgets.gauge import Gauge


class SectionMenu(Vertical):
    """✓ answered, ! with an error, ? with a question, ◇ with a slot to fill in, ○ open."""

    def compose(self) -> ComposeResult:
        """The list, what is folded away, and the gauge."""
        self.border_title = "Sections"
        yield OptionList(id="sections", markup=False)
        yield Static(id="folded")
        yield Gauge(id="gauge")

    def show_draft(self, draft: SpecDraft, problems: Sequence[Problem], at: Section) -> None:
        """Replaces what is shown; `at` is the section that is open."""
        plan = pages(draft)
        sections = self.query_one("#sections", OptionList)
        with sections.prevent(OptionList.OptionHighlighted):
            sections.set_options(Option(_line(section, draft, problems), id=section.name) for section in plan)
            sections.highlighted = plan.index(at)
        self._show_folded(draft)
        self.query_one(Gauge).show_draft(draft, problems)

    def _show_folded(self, draft: SpecDraft) -> None:
        line = self.query_one("#folded", Static)
        line.display = len(pages(draft)) == 1
        kept = [plain(f"  {section.title}", "$text-muted") for section in folded(draft)]
        told = "Folded, and kept:" if kept else "The rest is folded."
        line.update(Content("\n").join([plain(told, "$text-muted"), *kept]))


def _line(section: Section, draft: SpecDraft, problems: Sequence[Problem]) -> Content:
    here = [problem for problem in problems if belongs(problem, section)]
    count = len(draft.of(section.name))
    return Content.assemble(
        sign(_state(section, draft, here)), f" {section.title:15}", (str(count or ""), "$text-muted")
    )


def _state(section: Section, draft: SpecDraft, problems: Sequence[Problem]) -> str:
    begun = section is TRIVIAL or draft.is_begun(section)
    if begun and any(problem.level == "error" for problem in problems):
        return "problem"
    if any(problem.level == "question" and problem.code != SLOT_LEFT for problem in problems):
        return "question"
    if any(problem.code == SLOT_LEFT for problem in problems):
        return "slot"
    return "answered" if begun else "open"
