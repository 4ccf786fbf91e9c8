"""How a new spec begins: one that was left, a preset, an issue, a spec that is there, or a blank form."""

from __future__ import annotations

from typing import NamedTuple

from textual import work
from textual.app import App, ComposeResult
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from agent_gate.drafting.draft import SpecDraft
from agent_gate.drafting.issue_text import draft_from_issue
from agent_gate.drafting.preset import PRESETS, fill, preset, slots
from agent_gate.drafting.store import KeptDraft
from agent_gate.drafting.yaml_text import from_yaml
from agent_gate.errors import AgentGateError
from agent_gate.tui.desk import Desk
from agent_gate.tui.manuscript import Manuscript, read_text
from agent_gate.tui.screens.dialogs import Dialog, FailureScreen
from agent_gate.tui.screens.issue_paste import IssueScreen
from agent_gate.tui.screens.open_spec import OpenSpecScreen
from agent_gate.tui.screens.preset_slots import SlotsScreen
from agent_gate.tui.screens.spec_form import SpecScreen
from agent_gate.tui.signs import plain, sign

_NAME = 16


class Beginning(NamedTuple):
    """One line of the list."""

    id: str
    name: str
    told: str
    kept: KeptDraft | None = None


_OTHERS = (
    Beginning("issue", "From an issue", "paste its text, or name a file that holds it"),
    Beginning("spec", "From a spec", "a copy of one that is there, under a new id"),
)


class StartScreen(Dialog[Manuscript]):
    """Gives the spec that is to be written."""

    def __init__(self, desk: Desk, path: str = "") -> None:
        """`path` is the file that the spec is meant for, if that is known already."""
        super().__init__()
        self._desk = desk
        self._root = desk.context.repository.root
        self._path = path
        left = [Beginning(key, "Go on", _words(kept), kept) for key, kept in desk.drafts.unfinished()]
        presets = [Beginning(f"preset {each.name}", each.title, each.about) for each in PRESETS]
        self._beginnings = (*left, *presets, *_OTHERS)

    def compose(self) -> ComposeResult:
        """The list."""
        told = Static("How do you want to begin? Whatever you choose can be changed in the form.")
        options = OptionList(*map(_option, self._beginnings), id="beginnings", markup=False)
        yield self.frame("A new spec", told, options, keys="↑ ↓ choose · Enter begins · Esc back")

    def on_mount(self) -> None:
        """The cursor is in the list."""
        self.query_one("#beginnings").focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Begins so; asks what it still needs."""
        event.stop()
        self._begin(self._beginnings[event.option_index])

    @work
    async def _begin(self, chosen: Beginning) -> None:
        if chosen.kept is not None:
            store = self._desk.drafts
            self.dismiss(Manuscript.carried_on(self._root, store, chosen.id, chosen.kept))
            return
        draft = await self._draft(chosen.id)
        if draft is None:
            return
        brought = chosen.id == "issue"
        manuscript = Manuscript.new(self._root, self._desk.drafts, draft, self._path, unkept=brought)
        if slots(draft):
            goes_on = await self.app.push_screen_wait(SlotsScreen(manuscript, chosen.name))
            if not goes_on:
                return
        self.dismiss(manuscript)

    async def _draft(self, way: str) -> SpecDraft | None:
        if way == "issue":
            text = await self.app.push_screen_wait(IssueScreen(self._root))
            return None if text is None else draft_from_issue(text)
        if way == "spec":
            path = await self.app.push_screen_wait(OpenSpecScreen(self._desk, "Copy a spec"))
            return None if path is None else self._copy(path)
        draft = preset(way.removeprefix("preset "))
        return _emptied(draft)

    def _copy(self, path: str) -> SpecDraft | None:
        try:
            draft = from_yaml(read_text(self._root, path), path)
        except AgentGateError as error:
            self.app.push_screen(FailureScreen(error))
            return None
        return draft.with_text("id", "").with_text("title", "")


def begin_spec(app: App[int], desk: Desk, path: str = "") -> None:
    """Asks how a new spec begins, and opens the form on it."""

    def opened(manuscript: Manuscript | None) -> None:
        if manuscript is not None:
            app.push_screen(SpecScreen(desk, manuscript))

    app.push_screen(StartScreen(desk, path), opened)


def begin_from(app: App[int], desk: Desk, draft: SpecDraft, path: str = "") -> None:
    """Opens the form on a draft that somebody has chosen already; first what a preset leaves to the person."""
    root = desk.context.repository.root
    manuscript = Manuscript.new(root, desk.drafts, _emptied(draft), path, unkept=not draft.preset)

    def filled(goes_on: bool | None) -> None:
        if goes_on:
            app.push_screen(SpecScreen(desk, manuscript))

    if slots(manuscript.draft):
        app.push_screen(SlotsScreen(manuscript, "What only you know"), filled)
    else:
        filled(goes_on=True)


def open_spec(app: App[int], desk: Desk, path: str) -> None:
    """Opens the form on a file; where it cannot be read, says so in the words of the command line."""
    try:
        manuscript = Manuscript.opened(desk.context.repository.root, desk.drafts, path)
    except AgentGateError as error:
        app.push_screen(FailureScreen(error))
        return
    app.push_screen(SpecScreen(desk, manuscript))


def _emptied(draft: SpecDraft) -> SpecDraft:
    """A trivial draft with nothing in its slots: one page asks for all of them at once."""
    for slot in slots(draft) if draft.text("risk") == "trivial" else ():
        draft = fill(draft, slot.name, "")
    return draft


def _words(kept: KeptDraft) -> str:
    draft = kept.draft
    words = draft.text("title").strip() or draft.text("goal").strip() or draft.text("id").strip()
    return f"“{words}”" if words else "a draft without a title"


def _option(beginning: Beginning) -> Option:
    state = "running" if beginning.kept else "told"
    return Option(
        Content.assemble(
            sign(state),
            " ",
            plain(beginning.name).truncate(_NAME, pad=True),
            " ",
            plain(beginning.told, "$text-muted"),
        ),
        id=beginning.id,
    )


__all__ = ["StartScreen", "begin_from", "begin_spec", "open_spec"]
