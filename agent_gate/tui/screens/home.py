"""The first screen: what waits for me, what is running, and the rest; each line says the next step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Footer, OptionList, Static
from textual.widgets.option_list import Option

from agent_gate.errors import JournalError
from agent_gate.tui.desk import Desk
from agent_gate.tui.screens.dialogs import FailureScreen
from agent_gate.tui.screens.open_spec import OpenSpecScreen
from agent_gate.tui.screens.review import ReviewScreen
from agent_gate.tui.screens.run import RunScreen
from agent_gate.tui.screens.spec_start import begin_spec, open_spec
from agent_gate.tui.signs import plain, sign
from agent_gate.tui.view import RunView, view_of

_REFRESH_S = 1.0
_NAME = 26
_WORDS = 42
_BRIEF_ID = 8

_EMPTY = (
    "No runs here yet.\n\n"
    "A run begins with a spec: what the change shall do, and the load, the failures, the threats and the "
    "latency that it must survive. You write that; a model types the change; gates check it; you decide.\n\n"
)


class HomeScreen(Screen[None]):
    """The runs of the repository."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "new_spec", "New spec", tooltip="Write a new spec"),
        Binding("o", "open_spec", "Open spec", tooltip="Open a spec file of this repository"),
        Binding(
            "enter",
            "open_run",
            "Open the run",
            key_display="Enter",
            tooltip="Open the run under the cursor",
        ),
        Binding("q", "leave", "Quit"),
        Binding("question_mark", "app.keys", "Help", key_display="?"),
    ]

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._views: tuple[RunView, ...] = ()
        self._damaged: tuple[JournalError, ...] = ()

    def compose(self) -> ComposeResult:
        """A line that says where we are, and the list."""
        yield Static(plain(f" agent-gate ─ {self._desk.place}", "bold"), classes="head")
        runs = OptionList(id="runs", markup=False)
        runs.border_title = "Runs"
        yield runs
        empty = Content.assemble(
            _EMPTY, ("n", "bold $text-accent"), "  write the first spec\n",
            ("o", "bold $text-accent"), "  open a spec that is already in the repository\n\n",
            ("agent-gate demo", "$text-primary"), "  shows the whole loop on a sample, without a key or a network",
        )  # fmt: skip
        yield Static(empty, id="empty")
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        """Looks again every second, while runs are on their way."""
        self.set_interval(_REFRESH_S, self._look_again)

    def on_screen_resume(self) -> None:
        """Looks again whenever the screen comes back."""
        self._load()

    def on_resize(self) -> None:
        """The columns follow the width."""
        self._show()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Opens a run where its next step is."""
        run_id = event.option_id or ""
        view = next((view for view in self._views if view.run_id == run_id), None)
        if view is None:
            damaged = next(error for error in self._damaged if _key(error) == run_id)
            self.app.push_screen(FailureScreen(damaged))
        elif view.waits_for_person or view.ended:
            self.app.push_screen(ReviewScreen(self._desk, run_id))
        else:
            self.app.push_screen(RunScreen(self._desk, run_id))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's signature
        """A run can be opened where there is one."""
        return bool(self._views or self._damaged) if action == "open_run" else True

    def action_open_run(self) -> None:
        """Opens the run under the cursor."""
        self.query_one("#runs", OptionList).action_select()

    def action_new_spec(self) -> None:
        """Asks how it begins: one that was left, a preset, an issue, another spec, or nothing."""
        begin_spec(self.app, self._desk)

    def action_open_spec(self) -> None:
        """Asks which spec."""
        self.app.push_screen(OpenSpecScreen(self._desk), self._open)

    async def action_leave(self) -> None:
        """Quits."""
        await self.app.run_action("leave")

    def _open(self, path: str | None) -> None:
        if path is not None:
            open_spec(self.app, self._desk, path)

    def _look_again(self) -> None:
        if self._desk.under_way and self.is_current:
            self._load()

    @work(thread=True, exclusive=True)
    def _load(self) -> None:
        views: list[RunView] = []
        damaged: list[JournalError] = []
        for journal in self._desk.context.runs.all():
            try:
                views.append(view_of(journal.events()))
            except JournalError as error:
                damaged.append(error)
        self.app.call_from_thread(self._take, views, damaged)

    def _take(self, views: Sequence[RunView], damaged: Sequence[JournalError]) -> None:
        self._views = tuple(sorted(views, key=self._rank))
        self._damaged = tuple(damaged)
        self._show()

    def _rank(self, view: RunView) -> int:
        return 0 if view.waits_for_person else 1 if not view.ended else 2

    def _show(self) -> None:
        runs = self.query_one("#runs", OptionList)
        nothing = not (self._views or self._damaged)
        self.refresh_bindings()
        runs.display = not nothing
        self.query_one("#empty").display = nothing
        chosen = runs.highlighted_option.id if runs.highlighted_option else None
        options = [Option(self._line(view), id=view.run_id) for view in self._views]
        options += [
            Option(Content.assemble(sign("problem"), " ", plain(e.message)), id=_key(e))
            for e in self._damaged
        ]
        runs.set_options(options)
        if options:
            runs.highlighted = next((i for i, option in enumerate(options) if option.id == chosen), 0)
            runs.focus()

    def _line(self, view: RunView) -> Content:
        active = view.run_id in {drive.run_id for drive in self._desk.under_way}
        state = (
            "running" if active else view.state.phase if view.waits_for_person or view.ended else "waiting"
        )
        words = view.next if active or view.waits_for_person or view.ended else view.stopped
        tail = f"attempt {view.attempt} of {view.state.started.attempts}  {view.run_id[-_BRIEF_ID:]}"
        room = max(self.size.width - 6 - 2 - len(tail) - 2, 30)
        name = min(_NAME, room // 3)
        return Content.assemble(
            sign(state), " ",
            plain(view.spec.id).truncate(name, ellipsis=True, pad=True), "  ",
            plain(words).truncate(room - name - 2, ellipsis=True, pad=True), "  ",
            (tail, "$text-muted"),
        )  # fmt: skip


def _key(error: JournalError) -> str:
    return f"damaged-{error.message}"
