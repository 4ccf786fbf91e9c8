"""The sections of a spec with their signs, and how much of it a machine verifies and a person."""

from __future__ import annotations

from collections.abc import Collection

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from agent_gate.tui.questions import SECTIONS, Section
from agent_gate.tui.signs import sign
from agent_gate.tui.spec_draft import Problem, SpecDraft

_BAR = 8


class SectionMenu(Vertical):
    """✓ answered, ! with a problem, ○ open."""

    def compose(self) -> ComposeResult:
        """The list, and the two bars under it."""
        sections = OptionList(id="sections", markup=False, classes="panel")
        sections.border_title = "Sections"
        yield sections
        yield Static(id="bars")

    def show_draft(self, draft: SpecDraft, problems: Collection[Problem], at: Section) -> None:
        """Replaces what is shown; `at` is the section that is open."""
        wrong = {problem.section for problem in problems}
        sections = self.query_one("#sections", OptionList)
        with sections.prevent(OptionList.OptionHighlighted):
            sections.set_options(
                Option(_line(section, draft, wrong), id=section.name) for section in SECTIONS
            )
            sections.highlighted = SECTIONS.index(at)
        machine, person, total = draft.rests_on
        bars = [
            _bar("machine", machine, total, "$text-success"),
            _bar("person", person, total, "$text-accent"),
        ]
        self.query_one("#bars", Static).update(Content("\n").join(bars))


def _line(section: Section, draft: SpecDraft, wrong: Collection[str]) -> Content:
    begun = draft.is_begun(section)
    state = "open" if not begun else "problem" if section.name in wrong else "answered"
    count = len(draft.of(section.name))
    return Content.assemble(sign(state), f" {section.title:15}", (str(count or ""), "$text-muted"))


def _bar(name: str, count: int, total: int, style: str) -> Content:
    full = round(_BAR * count / total) if total else 0
    bar = "█" * full + "░" * (_BAR - full)
    return Content.assemble(f"{name:8}", (bar, style), (f" {count}/{total}", "$text-muted"))
