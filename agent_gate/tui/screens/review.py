"""The review: the diff with its findings, the clauses and what each rests on, and the decision."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Footer, OptionList, Static
from textual.widgets.option_list import Option

from agent_gate.engine.decide import approve, reject
from agent_gate.errors import AgentGateError
from agent_gate.run.state import RunState
from agent_gate.tui.desk import Desk
from agent_gate.tui.diff_rows import Row, diff_rows
from agent_gate.tui.drive import Drive
from agent_gate.tui.screens import binding_text as words
from agent_gate.tui.screens.dialogs import AskScreen, FailureScreen, TextScreen
from agent_gate.tui.signs import plain, sign
from agent_gate.tui.view import RunView, view_of
from agent_gate.tui.widgets.clause_list import ClauseList, clause_signs
from agent_gate.tui.widgets.diff_view import DiffView
from agent_gate.tui.widgets.flow import Flow


class ReviewScreen(Screen[None]):
    """One run, to be read and decided."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "step(1)", "Next", tooltip="Next finding or file"),
        Binding("p", "step(-1)", "Previous", tooltip="Previous finding or file"),
        Binding("c", "clauses", "Clauses", tooltip="Clauses and what each rests on, or back to the diff"),
        Binding(
            "a,A", "approve", "Approve", key_display="a", tooltip="Approve exactly this tree, and seal it"
        ),
        Binding("r,R", "reject", "Reject", key_display="r", tooltip="Reject, with a reason; the run ends"),
        Binding(
            "g,G",
            "go_on",
            "Gate again",
            key_display="g",
            tooltip="Apply the change to the moved base and gate it again",
        ),
        Binding("s", "sealed", "Commit", tooltip="The sealed commit, and how to verify it"),
        Binding("escape", "leave", "Back"),
        Binding("question_mark", "app.keys", "Help", key_display="?"),
    ]

    def __init__(self, desk: Desk, run_id: str) -> None:
        super().__init__()
        self._desk = desk
        self._run_id = run_id
        self._view: RunView = view_of(desk.context.runs.find(run_id).events())
        self._rows: tuple[Row, ...] = ()
        self._busy = False

    def compose(self) -> ComposeResult:
        """Files at the left, the diff in the middle, the clauses at the right or in the diff's place."""
        yield Static(classes="head", id="head")
        with Horizontal(id="body"):
            with Vertical(id="left"):
                files = OptionList(id="files", markup=False, classes="panel")
                files.border_title = "Files"
                yield files
                yield Flow(id="clause-signs")
            with Vertical(id="diff-panel", classes="panel"):
                yield DiffView(id="diff")
            yield ClauseList(id="clauses", classes="panel")
        yield Static(id="signs", classes="signs")
        yield Static(id="next", classes="next")
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        """Shows what the journal says; the diff follows as soon as git has made it."""
        self._show()
        self._load_diff()
        self.query_one(DiffView).focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's signature
        """Only the keys that mean something now are offered."""
        phase = self._state.phase
        match action:
            case "approve":
                return phase == "awaiting_approval" and not self._busy
            case "reject":
                return phase in {"awaiting_approval", "stale"} and not self._busy
            case "go_on":
                return phase in {"stale", "approved", "sealing"} and not self._busy
            case "sealed":
                return phase == "sealed"
            case _:
                return True

    @property
    def _state(self) -> RunState:
        return self._view.state

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """The cursor in the list of files moves the diff, when a person moves it."""
        if event.option_list.has_focus and event.option_id:
            self.query_one(DiffView).go_to_file(event.option_id)

    def on_option_list_option_selected(self, _event: OptionList.OptionSelected) -> None:
        """Enter on a file goes to its diff."""
        self.query_one(DiffView).focus()

    def on_diff_view_moved(self, event: DiffView.Moved) -> None:
        """The list of files follows the diff."""
        panel = self.query_one("#diff-panel")
        panel.border_title = plain(event.path) if event.path else Content("the change as a whole")
        panel.border_subtitle = Content(f"{event.place}/{event.places}")
        files = self.query_one("#files", OptionList)
        if not files.has_focus:
            places = {option.id: place for place, option in enumerate(files.options)}
            files.highlighted = places.get(event.path, files.highlighted)

    def action_step(self, by: int) -> None:
        """The next or previous finding or file."""
        self._show_clauses(False)
        self.query_one(DiffView).step(by)

    def action_clauses(self) -> None:
        """Where both do not fit beside each other, the clauses take the diff's place, and back."""
        self._show_clauses(not self.has_class("-clauses"))

    def action_leave(self) -> None:
        """Back to where we came from; first out of the clauses."""
        if self.has_class("-clauses"):
            self._show_clauses(False)
        else:
            self.dismiss()

    def action_sealed(self) -> None:
        """The commit with its trailers, and how to verify it."""
        self._show_sealed()

    def action_go_on(self) -> None:
        """Carries the run on: on the new base, or to the end of a seal that was cut short."""
        from agent_gate.tui.screens.run import RunScreen  # the two screens lead to each other

        may_rebase = self._state.phase == "stale"
        self.app.switch_screen(RunScreen(self._desk, self._run_id, go_on=True, may_rebase=may_rebase))

    @work
    async def action_approve(self) -> None:
        """Asks for the sentences that rest on a person, shows what is signed, then approves and seals."""
        answers = await self._ask_answers()
        if answers is None:
            return
        told = words.what_is_signed(self._state, answers)
        if await self.app.push_screen_wait(
            TextScreen("You sign", told, question="Approve exactly this, and seal it?")
        ):
            decide = partial(approve, self._desk.context, self._run_id, answers=answers, means="terminal")
            await self._decide(decide)
            if self._state.phase == "sealed":
                self._show_sealed()

    @work
    async def action_reject(self) -> None:
        """Asks for the reason, then rejects."""
        told = [Content("The run ends; nothing lands. Why?")]
        reason = await self.app.push_screen_wait(AskScreen("Reject", told))
        if reason:
            await self._decide(partial(reject, self._desk.context, self._run_id, reason=reason))

    async def _ask_answers(self) -> dict[str, str] | None:
        answers: dict[str, str] = {}
        awaiting = self._state.verdict.awaiting if self._state.verdict else ()
        for number, clause in enumerate(awaiting, start=1):
            title = f"Your word, {number} of {len(awaiting)}"
            sentence = await self.app.push_screen_wait(
                AskScreen(title, words.what_is_asked(clause), placeholder="what you saw, in a sentence")
            )
            if sentence is None:
                return None
            answers[clause.clause] = sentence
        return answers

    async def _decide(self, decide: Callable[[], object]) -> None:
        drive = Drive(self._desk.context, self._run_id, began=self._desk.clock(), before=decide)
        self._busy = True
        self._show()
        drive.start()
        await drive.finished()
        self._busy = False
        self._view = view_of(self._desk.context.runs.find(self._run_id).events())
        self._show()
        if isinstance(drive.error, AgentGateError):
            self.app.push_screen(FailureScreen(drive.error))
        elif drive.error is not None:
            raise drive.error

    @work(thread=True, exclusive=True)
    def _load_diff(self) -> None:
        candidate = self._state.candidate
        if candidate is None:
            return
        repository = self._desk.context.repository
        diff = repository.diff(repository.tree_of(self._state.base), candidate.tree)
        rows = diff_rows(diff, candidate.files, self._view.findings)
        self.app.call_from_thread(self._take_rows, rows)

    def _take_rows(self, rows: Sequence[Row]) -> None:
        self._rows = tuple(rows)
        self.query_one(DiffView).show_rows(rows)

    @work
    async def _show_sealed(self) -> None:
        sealed = self._state.sealed
        if sealed is None:
            return
        repository = self._desk.context.repository
        message = await asyncio.to_thread(repository.text, "show", "--no-patch", "--format=%B", sealed.commit)
        await self.app.push_screen_wait(TextScreen("Sealed", words.what_was_sealed(self._view, message)))

    def _show_clauses(self, shown: bool) -> None:
        self.set_class(shown, "-clauses")
        self.query_one("#clauses" if shown else "#diff").focus()

    def _show(self) -> None:
        state = self._state
        self.query_one("#head", Static).update(words.review_head(self._view))
        self._show_files()
        if state.verdict is not None:
            judged = self._view.judged
            verified = sum(clause.state == "verified" for clause in judged)
            clauses = self.query_one("#clauses", ClauseList)
            clauses.border_title = Content(f"Clauses  {verified}/{len(judged)} verified")
            clauses.show_judged(self._view)
            self.query_one("#clause-signs", Flow).show_items(clause_signs(judged))
        self.query_one("#signs", Static).update(words.binding_line(state))
        self.query_one("#signs").display = state.binding is not None
        self.query_one("#next", Static).update(words.review_next(self._view, busy=self._busy))
        self.refresh_bindings()

    def _show_files(self) -> None:
        candidate = self._state.candidate
        if candidate is None:
            return
        findings = self._view.findings
        options = []
        for file in candidate.files:
            effects = [effect for finding, effect in findings if finding.path == file.path]
            told = [(effect, effects.count(effect)) for effect in ("block", "ask") if effect in effects]
            marks = [Content.assemble(" ", sign(effect), str(count)) for effect, count in told]
            letter = {"added": "A", "modified": "M", "deleted": "D"}[file.status]
            options.append(
                Option(
                    Content.assemble((f"{letter} ", "$text-muted"), words.short_path(file.path), *marks),
                    id=file.path,
                )
            )
        self.query_one("#files", OptionList).set_options(options)
