"""How far a spec is: what a machine verifies, what rests on a person's word, and what is open."""

from __future__ import annotations

from collections.abc import Collection

from textual.content import Content
from textual.widgets import Static

from agent_gate.drafting.draft import Problem, SpecDraft
from agent_gate.tui.page_plan import SLOT_LEFT
from agent_gate.tui.signs import sign

_BAR = 8


class Gauge(Static):
    """Two bars, and under them what is left to do."""

    def show_draft(self, draft: SpecDraft, problems: Collection[Problem]) -> None:
        """Measures the draft anew."""
        rests = draft.rests_on
        machine, person = rests.bars(_BAR)
        bars = [
            _bar("machine", machine, rests.machine, "$text-success"),
            _bar("person", person, rests.person, "$text-accent"),
        ]
        wanted = rests.clauses or draft.text("risk") != "trivial"
        self.update(Content("\n").join([*(bars if wanted else []), _left(problems)]))


def _bar(name: str, full: int, count: int, style: str) -> Content:
    full = max(full, min(count, 1))
    bar = Content.styled("█" * full, style) + Content.styled("░" * (_BAR - full), "$text-disabled")
    return Content.assemble(
        (f"{name:8}", "$text-muted"), bar, (f" {count}", "bold" if count else "$text-muted")
    )


def _left(problems: Collection[Problem]) -> Content:
    slots = sum(problem.code == SLOT_LEFT for problem in problems)
    errors = sum(problem.level == "error" for problem in problems)
    questions = len(problems) - errors - slots
    parts = [
        Content.assemble(sign(state), f" {count} {word}")
        for state, count, word in (
            ("problem", errors, "open"),
            ("question", questions, "asked"),
            ("slot", slots, "to fill in"),
        )
        if count
    ]
    return Content("\n").join(parts) if parts else Content.assemble(sign("passed"), " nothing is open")
