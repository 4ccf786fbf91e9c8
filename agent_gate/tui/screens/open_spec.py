"""Which spec file? A line to type on, and the specs that lie in the usual place."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from agent_gate.tui.desk import Desk
from agent_gate.tui.screens.dialogs import Dialog
from agent_gate.tui.signs import plain

SPEC_FOLDER = "specs"


class OpenSpecScreen(Dialog[str]):
    """Gives the path of a spec, relative to the repository's root."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "move(1)", show=False, priority=True),
        Binding("up", "move(-1)", show=False, priority=True),
    ]

    def __init__(self, desk: Desk, title: str = "Open a spec") -> None:
        super().__init__()
        self._title = title
        root = desk.context.repository.root
        found = [path for pattern in ("*.yaml", "*.yml") for path in (root / SPEC_FOLDER).rglob(pattern)]
        self._paths = sorted(str(path.relative_to(root)) for path in found)

    def compose(self) -> ComposeResult:
        """The line, and the list under it."""
        known = OptionList(*(Option(plain(path), id=path) for path in self._paths), id="known", markup=False)
        known.can_focus = False
        known.display = bool(self._paths)
        line = Input(placeholder=f"{SPEC_FOLDER}/orders-once.yaml", id="answer")
        line.cursor_blink = False
        told = Static("Which file? Type its path, or go down to one of this repository.")
        yield self.frame(self._title, told, line, known, keys="↑ ↓ choose · Enter takes it · Esc back")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrows the list."""
        known = self.query_one("#known", OptionList)
        known.set_options(Option(plain(path), id=path) for path in self._paths if event.value in path)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Takes what was chosen; else the one spec that fits what was typed; else what was typed."""
        chosen = self.query_one("#known", OptionList).highlighted_option
        fitting = [path for path in self._paths if event.value in path]
        if chosen is not None:
            self.dismiss(chosen.id)
        elif event.value.strip():
            self.dismiss(fitting[0] if len(fitting) == 1 else event.value.strip())

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Takes the one that was clicked."""
        self.dismiss(event.option_id)

    def action_move(self, by: int) -> None:
        """Through the list, while the cursor stays in the line."""
        known = self.query_one("#known", OptionList)
        if by > 0:
            known.action_cursor_down()
        else:
            known.action_cursor_up()
