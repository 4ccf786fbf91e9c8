"""A place to write one field, which knows the slots `<what a person fills in>` of a preset."""

from __future__ import annotations

from textual import events
from textual.content import Content
from textual.widgets import TextArea
from textual.widgets.text_area import Selection

from agent_gate.drafting.question import Field
from agent_gate.spec.outline import SLOT


class FieldText(TextArea):
    """Enter goes on in a one-line field, and Tab visits each slot before it goes on."""

    def __init__(self, text: str, field: Field, example: str) -> None:
        super().__init__(
            text, soft_wrap=True, compact=True, highlight_cursor_line=False, placeholder=Content(example)
        )
        self._field = field
        self.cursor_blink = False

    def on_mount(self) -> None:
        """A field with slots looks unlike one that is filled in."""
        self._mark()

    def on_text_area_changed(self) -> None:
        """It may have been the last slot."""
        self._mark()

    def on_focus(self) -> None:
        """The first slot is ready to be typed over."""
        self.select_slot(0)

    def select_slot(self, start: int) -> bool:
        """Selects the first slot from this place of the text on; False where there is none."""
        found = SLOT.search(self.text, start)
        if found is not None:
            self.selection = Selection(_location(self.text, found.start()), _location(self.text, found.end()))
        return found is not None

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "enter" and self._field.kind not in {"text", "list"}:
            event.prevent_default()
            event.stop()
            self.screen.focus_next()
            return
        if event.key == "tab" and self.select_slot(_index(self.text, max(self.selection))):
            event.prevent_default()
            event.stop()
            return
        await super()._on_key(event)

    def _mark(self) -> None:
        self.set_class(SLOT.search(self.text) is not None, "-slot")


def _location(text: str, index: int) -> tuple[int, int]:
    """Line and column of a place in the text."""
    before = text[:index]
    return before.count("\n"), index - (before.rfind("\n") + 1)


def _index(text: str, location: tuple[int, int]) -> int:
    """The place in the text that line and column mean."""
    line, column = location
    return sum(len(each) + 1 for each in text.split("\n")[:line]) + column
