"""What the repository proposes for the spec: a list, and Enter takes one."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from agent_gate.drafting.question import BY_NAME, Section
from agent_gate.drafting.suggestion import Suggestion
from agent_gate.tui.page_plan import concerns
from agent_gate.tui.screens.dialogs import Dialog
from agent_gate.tui.signs import plain


class FindsScreen(Dialog[Suggestion]):
    """Gives the suggestion that is to be taken; those for the open section come first."""

    def __init__(self, section: Section, suggestions: Sequence[Suggestion]) -> None:
        super().__init__()
        here = [each for each in suggestions if concerns(each.section, section)]
        self._sorted = here + [each for each in suggestions if not concerns(each.section, section)]
        self._here = len(here)
        self._section = section

    def compose(self) -> ComposeResult:
        """One suggestion on two lines: what would be taken, and why."""
        there = len(self._sorted) - self._here
        told = (
            f"For {self._section.title}, then for other sections."
            if self._here and there
            else f"For {self._section.title}."
            if self._here
            else "Nothing for this section; this is for others."
        )
        finds = OptionList(*self._options(), id="finds", markup=False)
        yield self.frame(
            "From repository", Static(told), finds, keys="↑ ↓ choose · Enter takes it · Esc back"
        )

    def on_mount(self) -> None:
        """The cursor is in the list."""
        self.query_one("#finds").focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Takes it."""
        event.stop()
        self.dismiss(self._sorted[event.option_index])

    def _options(self) -> list[Option]:
        width = max((len(BY_NAME[each.section].title) for each in self._sorted), default=0)
        return [
            Option(
                Content.assemble(
                    plain(f"{BY_NAME[each.section].title:{width}}  ", "$text-muted"),
                    plain(each.title, "bold"),
                    "\n",
                    plain(f"{'':{width}}  {each.why}", "$text-muted"),
                )
            )
            for each in self._sorted
        ]
