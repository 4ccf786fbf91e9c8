"""The line above the form: where we stand, and which spec it is."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Static

from agent_gate.drafting.draft import SpecDraft
from agent_gate.tui.signs import plain


class SpecHead(Horizontal):
    """Repository at the left, spec at the right."""

    def compose(self) -> ComposeResult:
        """The two ends of the line."""
        yield Static(id="head-place")
        yield Static(id="head-spec")

    def show_draft(self, place: str, draft: SpecDraft) -> None:
        """Replaces what is shown."""
        self.query_one("#head-place", Static).update(plain(f" agent-gate ─ {place}", "bold"))
        named = f"{draft.text('id') or 'new spec'} · {draft.text('risk')} "
        self.query_one("#head-spec", Static).update(plain(named))
