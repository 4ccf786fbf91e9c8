"""Small screens that lie over another one: a question, a confirmation, an error, the keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import Input, Static

from agent_gate.errors import AgentGateError
from agent_gate.tui.signs import block

Result = TypeVar("Result")


class Dialog(ModalScreen[Result | None], Generic[Result]):
    """A framed box in the middle; Escape leaves it without a result."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "Back")]

    def frame(self, title: str, *parts: Widget, keys: str) -> Vertical:
        """The box."""
        box = Vertical(*parts, classes="dialog")
        box.border_title = Content(title)
        box.border_subtitle = Content(keys)
        return box

    def action_close(self) -> None:
        """Leaves without a result."""
        self.dismiss(None)


class AskScreen(Dialog[str]):
    """Asks for one line; an empty one is not taken. Texts of others are shown as they are."""

    def __init__(
        self, title: str, told: Sequence[Content], *, value: str = "", placeholder: str = ""
    ) -> None:
        super().__init__()
        self._title = title
        self._told = told
        self._value = value
        self._placeholder = placeholder

    def compose(self) -> ComposeResult:
        """What is asked, and a line to write on."""
        told = [Static(line) for line in self._told]
        line = Input(self._value, placeholder=self._placeholder, id="answer")
        line.cursor_blink = False
        yield self.frame(self._title, *told, line, keys="Enter goes on · Esc back")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Takes the line."""
        if event.value.strip():
            self.dismiss(event.value.strip())


class ConfirmScreen(Dialog[bool]):
    """Asks for a plain yes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "agree", "Yes"),
        Binding("n", "close", "No", show=False),
    ]

    def __init__(self, question: str, told: str = "") -> None:
        super().__init__()
        self._question = question
        self._told = told

    def compose(self) -> ComposeResult:
        """The question."""
        yield self.frame(
            "", Static(block(self._question, "bold")), Static(block(self._told)), keys="y yes · Esc no"
        )

    def action_agree(self) -> None:
        """Yes."""
        self.dismiss(True)


class FailureScreen(Dialog[None]):
    """What happened, where, and what to do: the words of the command line."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "close", "Back", show=False)]

    def __init__(self, error: AgentGateError) -> None:
        super().__init__()
        self.error = error

    def compose(self) -> ComposeResult:
        """Message and hint."""
        parts = [Static(Content.assemble(("✗ error: ", "$text-error bold"), block(self.error.message)))]
        if self.error.hint:
            parts.append(Static(Content.assemble(("hint: ", "bold"), block(self.error.hint))))
        yield self.frame("", *parts, keys="Enter back")


class TextScreen(Dialog[bool]):
    """Something longer to read; with a `question`, also to agree to."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "agree", "Yes", show=False),
        Binding("enter", "close_read", show=False),
    ]

    def __init__(self, title: str, told: Sequence[Content], *, question: str = "") -> None:
        super().__init__()
        self._title = title
        self._told = told
        self._question = question

    def compose(self) -> ComposeResult:
        """The text, and the question under it."""
        body = VerticalScroll(*(Static(line) for line in self._told), classes="dialog-text")
        keys = "y yes · Esc back" if self._question else "Enter back"
        asked = Content.assemble((self._question, "bold"), "   ", ("y", "bold $text-accent"), " yes")
        parts = [body, *([Static(asked)] if self._question else [])]
        box = self.frame(self._title, *parts, keys=keys)
        box.add_class("-long")
        yield box

    def action_agree(self) -> None:
        """Yes."""
        if self._question:
            self.dismiss(True)

    def action_close_read(self) -> None:
        """Read; a question is not answered by Enter."""
        if not self._question:
            self.dismiss(None)


class HelpScreen(Dialog[None]):
    """The keys of a screen, from the screen itself."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,question_mark,f1", "close", "Back", show=False),
    ]

    def __init__(self, screen: Screen[object]) -> None:
        super().__init__()
        self._lines = list(_key_lines(screen))

    def compose(self) -> ComposeResult:
        """One key a line."""
        yield self.frame(
            "Keys",
            VerticalScroll(*(Static(line) for line in self._lines), classes="dialog-text"),
            keys="Enter back",
        )


_NOT_OURS = ("focus_next", "focus_previous", "copy_text", "command_palette", "help_quit")


def _key_lines(screen: Screen[object]) -> list[Content]:
    """The keys of the screen, each once; those that every screen has come last."""
    keys: dict[str, str] = {}
    for active in screen.active_bindings.values():
        binding = active.binding
        told = binding.tooltip or binding.description
        if active.node in {screen, screen.app} and told and not binding.action.endswith(_NOT_OURS):
            keys.setdefault(told, screen.app.get_key_display(binding))
    lines = [(key, told) for told, key in keys.items()]
    lines += [("Tab", "From one place to the next, Shift-Tab back"), ("^q", "Quit from anywhere")]
    return [Content.assemble((f"{key:>9}  ", "bold $text-accent"), told) for key, told in lines]
