"""The terminal UI: one more subscriber of the core, for people who like to see what is going on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import ClassVar, Literal

from textual.app import App
from textual.binding import Binding, BindingType
from textual.theme import Theme

from agent_gate.drafting.draft import SpecDraft
from agent_gate.engine.context import Context
from agent_gate.errors import ExitCode
from agent_gate.run.events import utc_now
from agent_gate.tui.desk import Desk
from agent_gate.tui.screens.dialogs import ConfirmScreen, HelpScreen
from agent_gate.tui.screens.home import HomeScreen
from agent_gate.tui.screens.review import ReviewScreen
from agent_gate.tui.screens.spec_start import begin_from, begin_spec, open_spec

Start = Literal["home", "spec", "review"]

_CALM = Theme(
    name="agent-gate",
    primary="#7aa2c8",
    secondary="#5f7f9c",
    accent="#d8b36a",
    foreground="#d5d9de",
    background="#14171b",
    surface="#191d22",
    panel="#232930",
    success="#8cb87f",
    warning="#d8a657",
    error="#d9776c",
    dark=True,
    variables={
        # Textual's own are shades of black or white, which a styled piece of a text shows at full strength.
        "text-muted": "#98a3af",
        "text-disabled": "#5c6670",
        "border": "#3a434d",
        "border-blurred": "#2c333b",
        "scrollbar": "#2c333b",
        "scrollbar-hover": "#3a434d",
        "scrollbar-active": "#5f7f9c",
        "scrollbar-background": "#14171b",
        "scrollbar-background-hover": "#14171b",
        "scrollbar-background-active": "#14171b",
        "footer-background": "#191d22",
        "footer-key-foreground": "#d8b36a",
        "footer-description-foreground": "#98a3af",
        "block-cursor-background": "#2d3a48",
        "block-cursor-foreground": "#f0f3f6",
        "block-cursor-text-style": "bold",
        "block-cursor-blurred-background": "#222a33",
    },
)


class AgentGateApp(App[int]):
    """The program at a terminal. Made by `make_app`."""

    TITLE = "agent-gate"
    CSS_PATH = "app.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (140, "-wide")]  # noqa: RUF012 - Textual declares it so
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "leave", "Quit", show=False, priority=True),
        Binding("ctrl+c", "leave", "Quit", show=False),
        Binding("question_mark,f1", "keys", "Help", key_display="?", show=False),
    ]

    def __init__(self, desk: Desk, start: Start, subject: str) -> None:
        super().__init__()
        self.animation_level = "none"  # a key answers at once
        self.desk = desk
        self._start = start
        self._subject = subject
        self.draft: SpecDraft | None = None
        """What the new spec begins as, if that is known already."""

    def on_mount(self) -> None:
        """Opens the first screen."""
        self.register_theme(_CALM)
        self.theme = _CALM.name
        if self._start == "review":
            self.push_screen(ReviewScreen(self.desk, self._subject), self._end)
            return
        self.push_screen(HomeScreen(self.desk), self._end)
        if self._start == "spec":
            self._open_spec()

    def _open_spec(self) -> None:
        if self.draft is not None:
            begin_from(self, self.desk, self.draft, self._subject)
        elif self._subject and (self.desk.context.repository.root / self._subject).exists():
            open_spec(self, self.desk, self._subject)
        else:
            begin_spec(self, self.desk, self._subject)

    def action_keys(self) -> None:
        """Lists the keys of the screen that is open."""
        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.screen))

    def action_leave(self) -> None:
        """Quits; asks first when runs would stop."""
        count = len(self.desk.under_way)
        if not count:
            self._end(None)
        elif not isinstance(self.screen, ConfirmScreen):
            what = "A run is" if count == 1 else f"{count} runs are"
            told = "What they did so far is kept; agent-gate resume carries a run on from there."
            self.push_screen(ConfirmScreen(f"{what} still on its way. Stop and quit?", told), self._end_if)

    @property
    def bug(self) -> Exception | None:
        """What ended the program, if that was no decision of anybody's."""
        return self._exception

    def _end_if(self, agreed: bool | None) -> None:
        if agreed:
            self._end(None)

    def _end(self, _result: object) -> None:
        self.desk.stop_all()
        self.exit(int(ExitCode.DONE))


def make_app(
    context: Context, start: Start = "home", subject: str = "", clock: Callable[[], datetime] = utc_now
) -> AgentGateApp:
    """The app on a repository, opened on its home, a spec (`subject` is its path), or the review of one run."""
    return AgentGateApp(Desk(context, clock), start, subject)


def run_home(context: Context) -> int:
    """Opens the home screen and returns the exit code; raises what a bug of ours raised."""
    return _run(make_app(context))


def run_spec(context: Context, path: str = "", draft: SpecDraft | None = None) -> int:
    """Opens a spec, or begins a new one, asking how where there is no `draft`; `path` is relative to the root."""
    app = make_app(context, "spec", path)
    app.draft = draft
    return _run(app)


def run_review(context: Context, run_id: str) -> int:
    """Opens the review of one run and returns the exit code; raises what a bug of ours raised."""
    return _run(make_app(context, "review", run_id))


def _run(app: AgentGateApp) -> int:
    result = app.run()
    if app.bug is not None:
        raise app.bug
    return result if result is not None else int(ExitCode.DONE)


__all__ = ["AgentGateApp", "Start", "make_app", "run_home", "run_review", "run_spec"]
