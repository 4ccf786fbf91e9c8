"""The line under the form: what belongs into the field, or what has just happened."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from agent_gate.tui.signs import plain, sign
from agent_gate.tui.widgets.field_row import FieldRow


class AdviceLine(Static):
    """A message stands until something is typed or another page is turned to; then there is advice again."""

    def on_mount(self) -> None:
        """There is nothing to say yet."""
        self._holds_message = False

    def say(self, text: str, state: str = "told") -> None:
        """Tells what has happened."""
        self._holds_message = True
        self.update(Content.assemble(sign(state), " ", plain(text)))

    def give_way(self) -> None:
        """The message has been read."""
        self._holds_message = False

    def advise(self, row: FieldRow, question: str) -> None:
        """Tells what belongs into the field, as far as the question at the top does not."""
        if self._holds_message:
            return
        advice = row.field.advice if row.field.advice.lower() != question.lower() else ""
        example = f"e.g. {row.example}" if row.example else ""
        told = "   ".join(part for part in (advice, example) if part) or "← → choose"
        self.update(Content.assemble(sign("told"), " ", plain(told)))
