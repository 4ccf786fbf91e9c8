"""One of a few words, chosen by the arrows."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget


class Choice(Widget, can_focus=True):
    """One of a few words, changed by the arrows."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,space,l", "turn(1)", "Next choice", show=False),
        Binding("left,h", "turn(-1)", "Previous choice", show=False),
        Binding("enter", "screen.focus_next", show=False),
    ]
    value: reactive[str] = reactive("")

    class Changed(Message):
        """Another word was chosen."""

        def __init__(self, value: str) -> None:
            super().__init__()
            self.value = value

    def __init__(self, value: str, choices: tuple[str, ...]) -> None:
        super().__init__()
        self._choices = choices
        self.set_reactive(Choice.value, value)

    def render(self) -> Content:
        """All the words; the chosen one is marked by its sign as well."""
        words = [
            Content.styled(f"◉ {word}", "bold")
            if word == self.value
            else Content.styled(f"○ {word}", "$text-muted")
            for word in self._choices
        ]
        return Content("   ").join(words)

    def action_turn(self, by: int) -> None:
        """The next or previous word."""
        place = self._choices.index(self.value) if self.value in self._choices else -1
        self.value = self._choices[(place + by) % len(self._choices)]
        self.post_message(self.Changed(self.value))
