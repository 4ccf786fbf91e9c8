"""What a preset leaves to the person: a few short answers, each of which fills many places of the spec."""

from __future__ import annotations

from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Input, Static

from agent_gate.drafting.preset import Slot, fill, slots
from agent_gate.tui.manuscript import Manuscript
from agent_gate.tui.screens.dialogs import Dialog
from agent_gate.tui.settled import settled
from agent_gate.tui.signs import plain

_PAUSE_S = 0.25


class SlotsScreen(Dialog[bool]):
    """Fills the slots of a manuscript; what stays empty is asked again in the form."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+s", "done", "To the form", priority=True)]

    def __init__(self, manuscript: Manuscript, title: str) -> None:
        super().__init__()
        self._manuscript = manuscript
        self._unfilled = manuscript.draft
        self._slots = slots(manuscript.draft)
        self._title = title
        self._to_keep: Timer | None = None

    def compose(self) -> ComposeResult:
        """One question and one line each."""
        rows = VerticalScroll(*map(_row, self._slots), classes="dialog-text slots", can_focus=False)
        told = Static(
            plain(
                "An answer fills its place all over the spec. What you leave empty, the form asks.",
                "$text-muted",
            )
        )
        yield self.frame(self._title, told, rows, keys="Enter next · ^S to the form · Esc back")

    def on_mount(self) -> None:
        """The cursor is in the first line."""
        self.query(Input).first().focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Fills the slots anew, and keeps the draft soon."""
        event.stop()
        self._fill()
        if self._to_keep is None:
            self._to_keep = self.set_timer(_PAUSE_S, self._keep)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """The next line; after the last one the form."""
        event.stop()
        if event.input is self.query(Input).last():
            self.action_done()
        else:
            self.focus_next()

    def on_unmount(self) -> None:
        """Whatever ends the screen: the last letters are kept."""
        self._manuscript.keep()

    @work
    async def action_done(self) -> None:
        """On to the form."""
        await settled(self)
        self._fill()
        self._manuscript.begin()
        self.dismiss(True)

    def action_close(self) -> None:
        """Another way to begin, after all."""
        self._manuscript.start_over()
        self.dismiss(None)

    def _fill(self) -> None:
        draft = self._unfilled
        for slot, line in zip(self._slots, self.query(Input), strict=True):
            if answer := line.value.strip():
                draft = fill(draft, slot.name, answer)
        self._manuscript.draft = draft

    def _keep(self) -> None:
        self._to_keep = None
        self._manuscript.keep()


def _row(slot: Slot) -> Vertical:
    line = Input(placeholder=Content(slot.example).plain)
    line.cursor_blink = False
    return Vertical(Static(plain(slot.question)), line, classes="slot")
