"""The spec as a form: sections at the left, the questions of a senior and the clauses at the right."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import ClassVar

from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import Screen
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Footer, OptionList, Static

from agent_gate.domain.spec import Spec
from agent_gate.engine.start import RunOptions, start_run
from agent_gate.errors import AgentGateError, SetupError, SpecError
from agent_gate.tui.desk import Desk
from agent_gate.tui.drafts import KeptDraft
from agent_gate.tui.questions import BY_NAME, NOT_APPLICABLE, SECTIONS, Section
from agent_gate.tui.screens.dialogs import AskScreen, ConfirmScreen, FailureScreen
from agent_gate.tui.screens.open_spec import SPEC_FOLDER
from agent_gate.tui.screens.run import RunScreen
from agent_gate.tui.signs import plain, sign
from agent_gate.tui.spec_check import check
from agent_gate.tui.spec_draft import Problem, SpecDraft
from agent_gate.tui.spec_yaml import TableError, from_yaml, to_yaml
from agent_gate.tui.widgets.field_row import FieldRow
from agent_gate.tui.widgets.section_menu import SectionMenu
from agent_gate.tui.widgets.section_page import SectionPage

_PAUSE_S = 0.25
"""How long nobody types before the draft is kept and read."""


class SpecScreen(Screen[None]):
    """One spec, new or from a file."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "Save", priority=True),
        Binding("ctrl+r", "run", "Run", priority=True, tooltip="Save, and let a model work on it"),
        Binding("f2", "add_clause", "Add clause", priority=True),
        Binding(
            "f8",
            "remove_clause",
            "Remove",
            priority=True,
            show=False,
            tooltip="Remove the clause that the cursor is in",
        ),
        Binding("f4", "more", "More", priority=True, tooltip="Show the fields that are rarely needed, too"),
        Binding("pagedown", "turn(1)", "Next", priority=True, key_display="PgDn", tooltip="The next section"),
        Binding("pageup", "turn(-1)", "Previous section", priority=True, key_display="PgUp", show=False),
        Binding("f9", "start_over", "Start over", priority=True, show=False, tooltip="Drop the draft"),
        Binding("escape", "leave", "Back", tooltip="Back; what you typed is kept as a draft"),
        Binding("f1", "app.keys", "Help"),
    ]

    def __init__(self, desk: Desk, path: str = "") -> None:
        """`path` is relative to the repository's root; raises SpecError where it cannot be read."""
        super().__init__()
        self._desk = desk
        self._key = path
        self._path = path
        self._before = self._read(path) if path else ""
        self.draft = from_yaml(self._before, path) if path else SpecDraft()
        kept = desk.drafts.find(path)
        self._restored = kept is not None
        if kept is not None:
            self.draft = kept.draft
        self.spec: Spec | None = None
        self.problems: tuple[Problem, ...] = ()
        self._section: Section = SECTIONS[0]
        self._all_fields = False
        self._pause: Timer | None = None
        self._told_lately = False
        """A message stands below, and gives way when something is typed or another page is turned to."""

    def compose(self) -> ComposeResult:
        """Sections, form, and the line that says what to do."""
        yield Static(classes="head", id="head")
        with Horizontal(id="body"):
            yield SectionMenu(id="left")
            yield SectionPage(id="page", classes="panel")
        yield Static(id="next", classes="next")
        yield Footer(show_command_palette=False, compact=True)

    async def on_mount(self) -> None:
        """Opens the first section."""
        self._judge()
        await self._open(SECTIONS[0])
        if self._restored:
            self._say("restored what you had typed   F9 drops it", "running")

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Going through the sections turns the pages."""
        name = event.option_id or ""
        if event.option_list.has_focus and name != self._section.name:
            self.run_worker(self._open(BY_NAME[name], focus=False), exclusive=True)

    def on_option_list_option_selected(self, _event: OptionList.OptionSelected) -> None:
        """Enter goes into the page."""
        self._focus_first()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The line below tells what belongs into the field."""
        row = _row_of(event.widget)
        if row is not None:
            self._advise(row)

    def on_field_row_edited(self, event: FieldRow.Edited) -> None:
        """Takes the text into the draft, and reads it when the typing pauses."""
        row = event.row
        self._told_lately = False
        if row.field.name == NOT_APPLICABLE.name:
            self.draft = self.draft.with_reason(row.section, event.text)
        elif row.clause < 0:
            self.draft = self.draft.with_text(row.field.name, event.text)
        else:
            clause = self.draft.of(row.section)[row.clause].with_text(row.field.name, event.text)
            self.draft = self.draft.with_clause(row.section, row.clause, clause)
        if self._pause is not None:
            self._pause.stop()
        self._pause = self.set_timer(_PAUSE_S, self._settle)

    async def action_turn(self, by: int) -> None:
        """The next or previous section."""
        self._told_lately = False
        place = SECTIONS.index(self._section)
        await self._open(SECTIONS[(place + by) % len(SECTIONS)])

    async def action_add_clause(self) -> None:
        """One more clause in this section."""
        if not self._section.clause:
            self._say(
                f"{self._section.title} has no clauses; PgDn goes on to the sections that do", "problem"
            )
            return
        self.draft = self.draft.with_reason(self._section.name, "").with_new_clause(self._section.name)
        self._settle()
        await self._open(self._section, clause=len(self.draft.of(self._section.name)) - 1)

    @work
    async def action_remove_clause(self) -> None:
        """Takes the clause away that the cursor is in; asks when something stands there."""
        row = _row_of(self.focused)
        if row is None or row.clause < 0:
            return
        clause = self.draft.of(row.section)[row.clause]
        written = any(text.strip() for text in clause.fields.values())
        if written and not await self.app.push_screen_wait(
            ConfirmScreen(f"Remove {clause.id}, with what stands there?")
        ):
            return
        self.draft = self.draft.without_clause(row.section, row.clause)
        self._settle()
        await self._open(self._section)

    async def action_more(self) -> None:
        """All fields, or only the usual ones."""
        self._all_fields = not self._all_fields
        await self._open(self._section)

    def action_leave(self) -> None:
        """Back; the draft stays."""
        self._settle()
        self.dismiss()

    @work
    async def action_start_over(self) -> None:
        """Drops the draft: an empty form, or the file as it is."""
        if await self.app.push_screen_wait(ConfirmScreen("Drop what you typed since it was last saved?")):
            self._forget()
            self.draft = from_yaml(self._before, self._path) if self._before else SpecDraft()
            self._judge()
            await self._open(SECTIONS[0])

    @work
    async def action_save(self) -> None:
        """Writes the file."""
        if await self._save():
            left = f"; {len(self.problems)} sections are open or have a problem" if self.problems else ""
            self._say(f"saved {self._path}{left}", "problem" if left else "passed")

    @work
    async def action_run(self) -> None:
        """Saves, asks for a model where none is set, and starts the run."""
        self._settle()
        if self.spec is None:
            await self._open(BY_NAME[self.problems[0].section])
            self._say("this has to be mended before a model can work on it", "problem")
            return
        if await self._save() and (model := await self._ask_model()) is not None:
            await self._start(self.spec, RunOptions(model=model))

    async def _start(self, spec: Spec, options: RunOptions) -> None:
        try:
            journal = await asyncio.to_thread(
                lambda: asyncio.run(start_run(self._desk.context, spec, options))
            )
        except SetupError as error:
            if "--allow-unsandboxed" not in error.hint:
                self.app.push_screen(FailureScreen(error))
            elif await self.app.push_screen_wait(
                ConfirmScreen("Run the candidate's code without a sandbox?", error.message)
            ):
                await self._start(spec, RunOptions(model=options.model, allow_unsandboxed=True))
        except AgentGateError as error:
            self.app.push_screen(FailureScreen(error))
        else:
            self.app.switch_screen(RunScreen(self._desk, journal.run_id, go_on=True))

    async def _ask_model(self) -> str | None:
        context = self._desk.context
        try:
            default = context.policy(context.repository.resolve("HEAD")).policy.model.default
        except AgentGateError as error:
            self.app.push_screen(FailureScreen(error))
            return None
        if default:
            return default
        told = [Content("No model is set in agent-gate.toml. Any LiteLLM name, or replay:PATH.")]
        return await self.app.push_screen_wait(
            AskScreen("Which model?", told, placeholder="anthropic/claude-sonnet-4-5")
        )

    async def _save(self) -> bool:
        self._settle()
        path = self._path or await self._ask_path()
        if not path:
            return False
        target = self._desk.context.repository.root / path
        try:
            text = to_yaml(self.draft, self._before)
            found = target.read_text(encoding="utf-8") if target.exists() else ""
            if found not in {"", self._before, text} and not await self.app.push_screen_wait(
                ConfirmScreen(f"{path} holds something else than what was opened. Replace it?")
            ):
                return False
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        except TableError as error:
            self._say(f"{error.problem.field}: {error.problem.message}", "problem")
            return False
        except (OSError, UnicodeDecodeError) as error:
            self.app.push_screen(FailureScreen(SpecError(str(error), path=path, hint="choose another path")))
            return False
        self._forget()
        self._path = self._key = path
        self._before = text
        return True

    async def _ask_path(self) -> str | None:
        name = self.draft.text("id").strip() or "spec"
        told = [Content("Relative to the root of the repository.")]
        return await self.app.push_screen_wait(AskScreen("Save as", told, value=f"{SPEC_FOLDER}/{name}.yaml"))

    def _forget(self) -> None:
        if self._pause is not None:
            self._pause.stop()
        self._desk.drafts.forget(self._key)

    def _settle(self) -> None:
        """Keeps the draft on the disk, and reads it as the command line would."""
        if self._pause is not None:
            self._pause.stop()
            self._pause = None
            self._desk.drafts.keep(self._key, KeptDraft(path=self._path, draft=self.draft))
        self._judge()

    def _judge(self) -> None:
        self.spec, self.problems = check(self.draft, self._path or "the draft", self._before)
        self._show()

    def _read(self, path: str) -> str:
        try:
            return (self._desk.context.repository.root / Path(path)).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SpecError(
                getattr(error, "strerror", None) or str(error), path=path, hint="name an existing spec file"
            ) from None

    async def _open(self, section: Section, *, focus: bool = True, clause: int = -1) -> None:
        self._section = section
        page = self.query_one(SectionPage)
        await page.open(section, self.draft, all_fields=self._all_fields)
        self._show()
        if focus:
            self._focus_first(clause)

    def _focus_first(self, clause: int = -1) -> None:
        if not self.query_one(SectionPage).focus_first(clause):
            self.query_one("#sections").focus()

    def _show(self) -> None:
        named = self.draft.text("id") or "new spec"
        head = f" agent-gate ─ {self._desk.place}   {named} · {self.draft.text('risk')}"
        self.query_one("#head", Static).update(plain(head, "bold"))
        self.query_one(SectionMenu).show_draft(self.draft, self.problems, self._section)
        begun = self.draft.is_begun(self._section)
        here = [problem for problem in self.problems if begun and problem.section == self._section.name]
        self.query_one(SectionPage).tell(here)

    def _say(self, text: str, state: str = "told") -> None:
        self._told_lately = True
        self.query_one("#next", Static).update(Content.assemble(sign(state), " ", plain(text)))

    def _advise(self, row: FieldRow) -> None:
        if self._told_lately:
            return
        example = f"e.g. {row.field.example}" if row.field.example else self._section.question
        advice = Content.assemble(sign("told"), " ", plain(row.field.advice or example))
        self.query_one("#next", Static).update(advice)


def _row_of(widget: Widget | None) -> FieldRow | None:
    return (
        next((node for node in widget.ancestors_with_self if isinstance(node, FieldRow)), None)
        if widget
        else None
    )
