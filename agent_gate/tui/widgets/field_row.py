"""One field of the form: its name, a place to write, and what is wrong with it."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Static, TextArea

from agent_gate.tui.questions import Field
from agent_gate.tui.signs import plain, sign

_LABEL = 14


class FieldText(TextArea):
    """A place to write; in a one-line field Enter goes on to the next."""

    def __init__(self, text: str, field: Field) -> None:
        super().__init__(
            text,
            soft_wrap=True,
            compact=True,
            highlight_cursor_line=False,
            placeholder=Content(field.example),
        )
        self._field = field
        self.cursor_blink = False

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "enter" and self._field.kind not in {"text", "list"}:
            event.prevent_default()
            event.stop()
            self.screen.focus_next()
            return
        await super()._on_key(event)


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


class FieldRow(Vertical):
    """A field at its place in the draft."""

    class Edited(Message):
        """What stands in the field has changed."""

        def __init__(self, row: FieldRow, text: str) -> None:
            super().__init__()
            self.row = row
            self.text = text

    def __init__(self, field: Field, text: str, *, section: str, clause: int = -1) -> None:
        """`clause` is the clause's place in the section; -1 for a field of the section itself."""
        super().__init__()
        self.field = field
        self.section = section
        self.clause = clause
        self._text = text
        self._editor = Choice(text, field.choices) if field.kind == "choice" else FieldText(text, field)
        self._problem = Static(classes="problem")
        self._problem.display = False

    def compose(self) -> ComposeResult:
        """The name beside the place to write; the problem below."""
        label = "not applicable" if self.field.name == "not_applicable" else self.field.name.replace("_", " ")
        with Horizontal():
            yield Static(Content(label), classes="label")
            yield self._editor
        yield self._problem

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """Passes the text on."""
        event.stop()
        self._pass_on(event.text_area.text)

    def on_choice_changed(self, event: Choice.Changed) -> None:
        """Passes the word on."""
        event.stop()
        self._pass_on(event.value)

    def tell(self, problem: str, hint: str = "") -> None:
        """Shows what is wrong; nothing when it is empty."""
        self._problem.display = bool(problem)
        told = Content.assemble("  ", plain(hint, "$text-muted")) if hint else Content()
        self._problem.update(Content.assemble(sign("problem"), " ", plain(problem, "$text-warning"), told))

    def focus_editor(self) -> None:
        """Puts the cursor into the field."""
        self._editor.focus()

    def _pass_on(self, text: str) -> None:
        if text != self._text:
            self._text = text
            self.post_message(self.Edited(self, text))
