"""An issue as it stands in a forge: pasted, or in a file that is named."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static, TextArea

from agent_gate.tui.screens.dialogs import Dialog
from agent_gate.tui.signs import plain, sign

_MOST = 1024 * 1024
_LONGEST_NAME = 256


class IssueScreen(Dialog[str]):
    """Gives the text of the issue."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "take", "Take it", priority=True),
        Binding("f2", "take", "Take it", priority=True, show=False),
    ]

    def __init__(self, root: Path) -> None:
        """Names of files are relative to `root`."""
        super().__init__()
        self._root = root

    def compose(self) -> ComposeResult:
        """A place for the text."""
        told = Static(
            "Paste the text of the issue, its title first; or write the name of a file that holds it."
        )
        text = TextArea(
            compact=True,
            id="issue",
            soft_wrap=True,
            highlight_cursor_line=False,
            placeholder=Content("# Search slows down with many orders\n\nSteps to reproduce …"),
        )
        text.cursor_blink = False
        problem = Static(id="issue-problem")
        problem.display = False
        yield self.frame("From an issue", told, text, problem, keys="^S takes it · Esc back")

    def on_mount(self) -> None:
        """The cursor is in the text."""
        self.query_one("#issue").focus()

    def action_take(self) -> None:
        """The text; or that of the file, where one line names one."""
        text = self.query_one("#issue", TextArea).text.strip()
        named = self._root / text if text and "\n" not in text and len(text) < _LONGEST_NAME else None
        try:
            if named is not None and named.is_file():
                with named.open("rb") as stream:
                    text = stream.read(_MOST).decode(errors="replace")
        except OSError as error:
            self._say(f"{named}: {error.strerror}")
            return
        if text:
            self.dismiss(text)
        else:
            self._say("there is nothing yet")

    def _say(self, problem: str) -> None:
        line = self.query_one("#issue-problem", Static)
        line.display = True
        line.update(Content.assemble(sign("problem"), " ", plain(problem, "$text-warning")))
