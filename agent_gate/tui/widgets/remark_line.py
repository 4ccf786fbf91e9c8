"""What the lint says: an error loudly, a question calmly, each with its code and what to write instead."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from agent_gate.drafting.draft import Problem
from agent_gate.tui.signs import plain, sign


class RemarkLine(Horizontal):
    """One remark: sign and code under the name of the field, the words under what was written."""

    def __init__(self, problem: Problem, *, with_hint: bool, prefix: str = "") -> None:
        """The hint is left out where the person is not just now; `prefix` says where it stands."""
        super().__init__(classes="remark")
        self._problem = problem
        self._with_hint = with_hint
        self._prefix = prefix

    def compose(self) -> ComposeResult:
        """Sign and code, then the words."""
        problem = self._problem
        is_error = problem.level == "error"
        state, style = ("problem", "$text-warning") if is_error else ("question", "$text-primary")
        yield Static(Content.assemble(sign(state), " ", plain(problem.code, style)), classes="remark-code")
        parts = [
            plain(f"{self._prefix}{problem.message}", style if is_error or self._with_hint else "$text-muted")
        ]
        if self._with_hint and problem.hint:
            parts.append(plain(problem.hint, "$text-muted"))
        yield Static(Content("\n").join(parts), classes="remark-text")
