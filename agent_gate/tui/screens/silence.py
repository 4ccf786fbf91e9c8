"""A question of the lint that need not be asked here: which one, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from agent_gate.domain.spec_rules import QUESTION_KEY
from agent_gate.drafting.draft import Problem, SpecDraft
from agent_gate.tui.screens.dialogs import Dialog
from agent_gate.tui.signs import plain, sign


class Silence(NamedTuple):
    """What goes into not_applicable; an empty reason takes it out again."""

    key: str
    reason: str


def silenced(draft: SpecDraft) -> Mapping[str, str]:
    """The questions that are not asked, each with its reason."""
    return {key: reason for key, reason in draft.not_applicable.items() if QUESTION_KEY.fullmatch(key)}


class SilenceScreen(Dialog[Silence]):
    """The questions of a page, each with its reason once it has one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "move(1)", show=False, priority=True),
        Binding("up", "move(-1)", show=False, priority=True),
    ]

    def __init__(self, questions: Sequence[Problem], draft: SpecDraft, place: tuple[str, int]) -> None:
        """`place` is field and clause of the cursor: what is asked there is chosen first."""
        super().__init__()
        chosen = next((each.key for each in questions if (each.field, each.clause) == place), "")
        asked = {question.key: question.message for question in questions if question.key}
        self._reasons = silenced(draft)
        self._options = [*asked.items(), *((k, why) for k, why in self._reasons.items() if k not in asked)]
        keys = [key for key, _ in self._options]
        self._at = keys.index(chosen) if chosen in keys else 0

    def compose(self) -> ComposeResult:
        """The questions, and a line for the reason."""
        told = Static(
            "Why need nobody think of it here? The reason stands in the spec, where a reviewer reads it."
        )
        questions = OptionList(*(self._option(*each) for each in self._options), id="questions", markup=False)
        questions.can_focus = False
        line = Input(placeholder="a nightly job; the next night does it again", id="answer")
        line.cursor_blink = False
        yield self.frame(
            "Silence a question", told, line, questions, keys="↑ ↓ choose · Enter silences it · Esc back"
        )

    def on_mount(self) -> None:
        """The question at the cursor is chosen."""
        self._choose(self._at)
        self.query_one("#answer").focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Takes the reason; an empty one asks a silenced question again."""
        key = self._options[self._at][0]
        reason = event.value.strip()
        if reason or key in self._reasons:
            self.dismiss(Silence(key, reason))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """A click chooses."""
        event.stop()
        self._choose(event.option_index)

    def action_move(self, by: int) -> None:
        """Through the questions, while the cursor stays in the line."""
        self._choose((self._at + by) % len(self._options))

    def _choose(self, at: int) -> None:
        self._at = at
        self.query_one("#questions", OptionList).highlighted = at
        reason = self._reasons.get(self._options[at][0], "")
        line = self.query_one("#answer", Input)
        if reason or line.value in self._reasons.values():
            line.value = reason

    def _option(self, key: str, told: str) -> Option:
        state = "waived" if key in self._reasons else "question"
        return Option(
            Content.assemble(sign(state), " ", plain(f"{key:12}", "bold"), " ", plain(told)), id=key
        )
