"""One field of the form: its name, a place to write, and what the lint says to it."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static, TextArea

from agent_gate.drafting.draft import Problem
from agent_gate.drafting.question import Field
from agent_gate.tui.signs import plain
from agent_gate.tui.widgets.choice import Choice
from agent_gate.tui.widgets.field_text import FieldText
from agent_gate.tui.widgets.remark_line import RemarkLine


class FieldRow(Vertical):
    """A field at its place in the draft."""

    class Edited(Message):
        """What stands in the field has changed."""

        def __init__(self, row: FieldRow, text: str) -> None:
            super().__init__()
            self.row = row
            self.text = text

    def __init__(self, field: Field, text: str, *, section: str, clause: int = -1, example: str = "") -> None:
        """`clause` is the clause's place in the section; -1 for a field of the section itself."""
        super().__init__()
        self.field = field
        self.section = section
        self.clause = clause
        self.text = text
        self.retired = False
        """Its clause has moved or gone; what is still written here belongs to nobody."""
        self._told: tuple[Problem, ...] = ()
        self._told_with_hint = False
        self.example = example or field.example
        """What might stand here, as far as possible in the repository's own words."""
        self._editor = (
            Choice(text, field.choices) if field.kind == "choice" else FieldText(text, field, self.example)
        )
        self._remarks = Vertical(classes="remarks")
        self._remarks.display = False

    def compose(self) -> ComposeResult:
        """The name beside the place to write; the remarks below."""
        with Horizontal():
            yield Static(Content(self.field.name.replace("_", " ")), classes="label")
            yield self._editor
        yield self._remarks

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """Passes the text on."""
        event.stop()
        self._pass_on(event.text_area.text)

    def on_choice_changed(self, event: Choice.Changed) -> None:
        """Passes the word on."""
        event.stop()
        self._pass_on(event.value)

    async def tell(self, problems: Sequence[Problem]) -> None:
        """Shows what the lint says to this field; the hints while the cursor is in it."""
        told, with_hint = tuple(problems), bool(problems) and self._editor.has_focus
        if (told, with_hint) == (self._told, self._told_with_hint):
            return
        self._told, self._told_with_hint = told, with_hint
        self._remarks.display = bool(told)
        await self._remarks.remove_children()
        await self._remarks.mount(*(RemarkLine(problem, with_hint=with_hint) for problem in told))

    def put(self, text: str) -> None:
        """Writes into the field what the form itself has worked out."""
        self.text = text
        if isinstance(self._editor, TextArea):
            self._editor.text = text

    def show_example(self, example: str) -> None:
        """Something of the repository at hand that might stand here."""
        self.example = example
        if isinstance(self._editor, TextArea):
            self._editor.placeholder = plain(example)

    @property
    def has_cursor(self) -> bool:
        """Whether the cursor is in this field."""
        return self._editor.has_focus

    def focus_editor(self) -> None:
        """Puts the cursor into the field."""
        self._editor.focus()

    def _pass_on(self, text: str) -> None:
        if text != self.text:
            self.text = text
            self.post_message(self.Edited(self, text))
