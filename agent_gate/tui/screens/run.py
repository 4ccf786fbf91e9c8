"""A run as it happens: what the model writes, which gate is at it, what was sent back, what it has cost."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Footer, Static

from agent_gate.tui.desk import Desk
from agent_gate.tui.drive import Drive
from agent_gate.tui.screens.dialogs import ConfirmScreen, FailureScreen
from agent_gate.tui.screens.review import ReviewScreen
from agent_gate.tui.signs import block, plain, sign
from agent_gate.tui.view import ClauseView, RunView, view_of
from agent_gate.tui.widgets.clause_list import ClauseList
from agent_gate.tui.widgets.flow import Flow
from agent_gate.tui.widgets.pipeline import pipeline

_FRAME_S = 0.08
"""Time between two looks at what has happened: often enough to read along."""
_TEXT_SHOWN = 6000
"""Characters of the model's text on the screen: the end of it, which is what is being read."""


class RunScreen(Screen[None]):
    """One run, on its way or stopped."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", tooltip="Back; the run goes on as long as agent-gate stays open"),
        Binding("ctrl+c", "cancel", "Cancel", tooltip="Stop the run here; it can be carried on later"),
        Binding("g,G", "go_on", "Go on", tooltip="Carry the run on from where it stopped"),
        Binding(
            "d,D,enter",
            "review",
            "Review",
            key_display="d",
            tooltip="Diff and decision, once the run waits for you",
        ),
        Binding("question_mark", "app.keys", "Help", key_display="?"),
    ]

    def __init__(self, desk: Desk, run_id: str, *, go_on: bool = False, may_rebase: bool = False) -> None:
        """With `go_on` the run is carried on at once; else only where somebody asks for it."""
        super().__init__()
        self._desk = desk
        self._run_id = run_id
        self._drive = desk.carry_on(run_id, may_rebase=may_rebase) if go_on else desk.drives.get(run_id)
        self._stopped_view = view_of(desk.context.runs.find(run_id).events())
        self._clauses: tuple[ClauseView, ...] = ()
        self._seconds = 0
        self._watching = self._drive is not None
        """Whether the end of what is on its way is still to be told."""

    @property
    def view(self) -> RunView:
        """The run as far as it is known."""
        return replace(self._drive.view, live=self._active) if self._drive is not None else self._stopped_view

    def compose(self) -> ComposeResult:
        """Head, pipeline, the model beside the clauses, and what comes next."""
        yield Static(classes="head", id="head")
        yield Flow(id="pipeline")
        with Horizontal(id="body"):
            with Vertical(id="left"):
                with VerticalScroll(id="model", classes="panel") as model:
                    model.border_title = "Model"
                    yield Static(id="model-text")
                with VerticalScroll(id="sent-back", classes="panel"):
                    yield Static(id="sent-back-text")
            clauses = ClauseList(id="clauses", classes="panel")
            clauses.border_title = "Clauses"
            yield clauses
        yield Static(id="next", classes="next")
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        """Shows what is known, then listens."""
        self.query_one("#model", VerticalScroll).anchor()
        self._show()
        self.set_interval(_FRAME_S, self._listen)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's signature
        """Only the keys that mean something now are offered."""
        match action:
            case "review":
                return self.view.waits_for_person or self.view.ended
            case "cancel":
                return self._active
            case "go_on":
                return not (self._active or self.view.ended or self.view.state.phase == "awaiting_approval")
            case _:
                return True

    @property
    def _active(self) -> bool:
        return self._drive is not None and self._drive.active

    def action_leave(self) -> None:
        """Back; says honestly what becomes of the run."""
        if not self._active:
            self.dismiss()
            return
        told = f"It goes on while agent-gate stays open.\nLater, or after a crash: agent-gate resume {self._run_id}"
        self.app.push_screen(ConfirmScreen("Leave the run on its way?", told), self._leave_if)

    def action_cancel(self) -> None:
        """Stops it where it stands."""
        if self._drive is not None:
            self._drive.cancel()

    def action_go_on(self) -> None:
        """Carries it on; a moved base is taken in and everything is gated again."""
        self._drive = self._desk.carry_on(self._run_id, may_rebase=self.view.state.phase == "stale")
        self._watching = True
        self._show()

    def action_review(self) -> None:
        """To the review, which takes this screen's place."""
        self.app.switch_screen(ReviewScreen(self._desk, self._run_id))

    def _leave_if(self, agreed: bool | None) -> None:
        if agreed:
            self.dismiss()

    def _listen(self) -> None:
        drive = self._drive
        if drive is None:
            return
        active = drive.active
        if drive.listen():
            self._show()
        elif active:
            self._show_head()
        elif self._watching:
            self._watching = False
            self._show()
            self._tell_end(drive)

    def _tell_end(self, drive: Drive) -> None:
        if drive.refusal is not None:
            self.app.push_screen(FailureScreen(drive.refusal))
        elif drive.error is not None:
            raise drive.error

    def _show(self) -> None:
        view = self.view
        self._show_head()
        self.query_one("#pipeline", Flow).show_items(pipeline(view.stages))
        self.query_one("#model-text", Static).update(block(view.model_text[-_TEXT_SHOWN:]))
        if view.clauses != self._clauses:
            self._clauses = view.clauses
            self.query_one("#clauses", ClauseList).show_clauses(view.clauses)
        self._show_sent_back(view)
        self.query_one("#next", Static).update(self._next(view))
        self.refresh_bindings()

    def _show_head(self) -> None:
        self.query_one("#head", Static).update(self._head(self.view))

    def _show_sent_back(self, view: RunView) -> None:
        panel = self.query_one("#sent-back", VerticalScroll)
        panel.display = bool(view.sent_back)
        if not view.sent_back:
            return
        newest = view.sent_back[-1]
        fate = "did not pass" if view.state.phase == "blocked" else "was sent back"
        panel.border_title = Content(f"Attempt {newest.attempt} {fate}")
        lines = [Content.assemble(sign("failed"), " ", plain(reason)) for reason in newest.reasons]
        lines += [
            Content.styled(f"attempt {back.attempt} before it: {len(back.reasons)} reasons", "$text-muted")
            for back in view.sent_back[:-1]
        ]
        self.query_one("#sent-back-text", Static).update(Content("\n").join(lines))

    def _head(self, view: RunView) -> Content:
        attempt = f"attempt {view.attempt or 1} of {view.state.started.attempts}"
        return Content("   ").join(
            [
                plain(f" {view.spec.id}", "bold"),
                Content(attempt),
                Content(view.cost),
                Content(self._clock()),
                plain(view.model, "$text-primary"),
            ]
        )

    def _clock(self) -> str:
        """How long this sitting has carried the run on; it stands still when the run does."""
        if self._drive is None:
            return "not running"
        if self._active:
            self._seconds = int((self._desk.clock() - self._drive.began).total_seconds())
        minutes, seconds = divmod(self._seconds, 60)
        return f"{minutes:02}:{seconds:02}"

    def _next(self, view: RunView) -> Content:
        if self._active:
            told = view.notice or view.next
            running = ", ".join(sorted(view.running))
            return Content.assemble(
                sign("running"), " ", plain(f"{running} at work" if running and not view.notice else told)
            )
        if view.waits_for_person:
            return Content.assemble(
                sign(view.state.phase),
                " ",
                plain(view.next, "bold"),
                "   ",
                ("d", "bold $text-accent"),
                " opens the review",
            )
        if view.ended:
            return Content.assemble(
                sign(view.state.phase),
                " ",
                plain(view.next, "bold"),
                "   ",
                plain(view.command, "$text-muted"),
            )
        hint = view.state.failure.hint if view.state.failure else "nothing is lost"
        return Content.assemble(
            sign("errored"), " ", plain(view.stopped, "bold"), f"   {hint}   ", ("g", "bold $text-accent"), " goes on"
        )  # fmt: skip
