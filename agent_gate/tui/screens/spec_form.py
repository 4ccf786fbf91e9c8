"""The spec as a form: sections at the left, the questions of a senior and the clauses at the right."""

from __future__ import annotations

from textual import events, work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.css.query import NoMatches
from textual.screen import Screen
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Footer, OptionList

from agent_gate.domain.spec import Spec
from agent_gate.drafting.draft import Problem
from agent_gate.drafting.question import NOT_APPLICABLE, Section
from agent_gate.drafting.senior import question_for
from agent_gate.drafting.suggestion import Suggestion, take
from agent_gate.engine.start import RunOptions
from agent_gate.tui.desk import Desk
from agent_gate.tui.manuscript import Manuscript
from agent_gate.tui.page_plan import TRIVIAL, belongs, concerns, page_of, pages
from agent_gate.tui.reading import Reader, Reading
from agent_gate.tui.screens.dialogs import ConfirmScreen
from agent_gate.tui.screens.repository_finds import FindsScreen
from agent_gate.tui.screens.run import RunScreen
from agent_gate.tui.screens.run_launch import ask_model, launch
from agent_gate.tui.screens.silence import SilenceScreen, silenced
from agent_gate.tui.screens.spec_filing import save
from agent_gate.tui.screens.spec_keys import SPEC_KEYS
from agent_gate.tui.settled import settled
from agent_gate.tui.widgets.advice_line import AdviceLine
from agent_gate.tui.widgets.field_row import FieldRow
from agent_gate.tui.widgets.section_menu import SectionMenu
from agent_gate.tui.widgets.section_page import SectionPage
from agent_gate.tui.widgets.spec_head import SpecHead

_PAUSE_S = 0.25
"""How long nobody types before the draft is read; what is typed is kept on the disk as soon as that."""


class SpecScreen(Screen[None]):
    """One spec, new or from a file."""

    BINDINGS = SPEC_KEYS

    def __init__(self, desk: Desk, manuscript: Manuscript) -> None:
        super().__init__()
        self._desk = desk
        self.manuscript = manuscript
        self.reading = Reading()
        self._reader = Reader(desk.context.repository.root)
        self._section: Section = pages(manuscript.draft)[0]
        self._all_fields = False
        self._to_keep: Timer | None = None
        self._to_read: Timer | None = None

    @property
    def spec(self) -> Spec | None:
        """The spec that the draft was when it was last read; None while something is wrong with it."""
        return self.reading.spec

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What the lint said when the draft was last read."""
        return self.reading.problems

    def compose(self) -> ComposeResult:
        """Sections, form, and the line that says what to do."""
        yield SpecHead(classes="head")
        with Horizontal(id="body"):
            yield SectionMenu(id="left", classes="panel")
            yield SectionPage(id="page", classes="panel")
        yield AdviceLine(id="next", classes="next")
        yield Footer(show_command_palette=False, compact=True)

    async def on_mount(self) -> None:
        """Opens the first section, and begins to read the repository."""
        self.manuscript.keep()
        self.query_one(SectionPage).everything_is_due = not self.manuscript.is_new
        await self._open(self._section)
        self._read_draft()
        if self.manuscript.restored:
            self._line.say("restored what you had typed   F9 drops it", "running")

    def on_unmount(self) -> None:
        """Whatever ends the screen: the last letters are kept."""
        self.manuscript.keep()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Going through the sections turns the pages."""
        name = event.option_id or ""
        if event.option_list.has_focus and name != self._section.name:
            page = page_of(name, self.manuscript.draft)
            self.run_worker(self._open(page, focus=False), exclusive=True, group="turn")

    def on_option_list_option_selected(self, _event: OptionList.OptionSelected) -> None:
        """Enter goes into the page."""
        self._focus_first()

    async def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The question and the line below tell what belongs into the field."""
        if _row_of(event.widget) is not None:
            await self._tell_page()

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """Where the person has been, what is missing may be told."""
        if (row := _row_of(event.widget)) is not None:
            self.query_one(SectionPage).visit(row)

    async def on_field_row_edited(self, event: FieldRow.Edited) -> None:
        """Takes the text into the draft, keeps it soon, and reads it when the typing pauses."""
        row, before = event.row, self.manuscript.draft
        if row.retired:
            return
        if row.field.name == NOT_APPLICABLE.name:
            self.manuscript.draft = before.with_reason(row.section, event.text)
        elif row.clause >= 0:
            clause = before.of(row.section)[row.clause].with_text(row.field.name, event.text)
            self.manuscript.draft = before.with_clause(row.section, row.clause, clause)
        else:
            self.manuscript.put(row.field.name, event.text)
        self._line.give_way()
        self._changed()
        if row.field.name == "title":
            for other in self.query(FieldRow):
                if other.field.name == "id" and other.clause < 0:
                    other.put(self.manuscript.draft.text("id"))
        if pages(before) != pages(self.manuscript.draft):
            await self._open(page_of("goal", self.manuscript.draft), field="risk")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's signature
        """Only what can be done on this page is offered."""
        if action == "turn":
            return len(pages(self.manuscript.draft)) > 1
        if action == "more":
            return any(field.rare for field in (*self._section.fields, *self._section.clause))
        return bool(self._section.clause) if action == "add_clause" else True

    async def action_turn(self, by: int) -> None:
        """The next or previous section."""
        self._line.give_way()
        plan = pages(self.manuscript.draft)
        await self._open(plan[(plan.index(self._section) + by) % len(plan)])

    async def action_add_clause(self) -> None:
        """One more clause in this section."""
        name = self._section.name
        self.manuscript.draft = self.manuscript.draft.with_reason(name, "").with_new_clause(name)
        self._changed()
        await self._open(self._section, clause=len(self.manuscript.draft.of(name)) - 1)

    @work
    async def action_remove_clause(self) -> None:
        """Takes the clause away that the cursor is in; asks when something stands there."""
        row = _row_of(self.focused)
        if row is None or row.clause < 0:
            return
        clause = self.manuscript.draft.of(row.section)[row.clause]
        written = any(text.strip() for text in clause.fields.values())
        if written and not await self.app.push_screen_wait(
            ConfirmScreen(f"Remove {clause.id}, with what stands there?")
        ):
            return
        self.manuscript.draft = self.manuscript.draft.without_clause(row.section, row.clause)
        self.query_one(SectionPage).retire(row.section)
        self._changed()
        await self._open(self._section)

    @work
    async def action_from_repository(self) -> None:
        """Takes one of the things that the repository proposes."""
        found = self.reading.suggestions
        if not found:
            told = "still looking through" if found is None else "nothing more was found in"
            self._line.say(f"{told} this repository")
            return
        chosen = await self.app.push_screen_wait(FindsScreen(self._section, found))
        if chosen is not None:
            await self._take(chosen)

    async def _take(self, chosen: Suggestion) -> None:
        self.manuscript.draft = take(self.manuscript.draft, chosen)
        self._changed()
        page = page_of(chosen.section, self.manuscript.draft)
        last = len(self.manuscript.draft.of(chosen.section)) - 1
        field = "context" if chosen.context else "services" if chosen.services else ""
        await self._open(page, clause=-1 if field or page is TRIVIAL else last, field=field)
        self._line.say(f"taken: {chosen.title}", "passed")

    @work
    async def action_silence(self) -> None:
        """A question need not be asked here, for a reason that stands in the spec."""
        draft, row = self.manuscript.draft, _row_of(self.focused)
        here = [problem for problem in self.problems if belongs(problem, self._section) and problem.key]
        if not here and not silenced(draft):
            self._line.say("nothing is asked on this page")
            return
        place = (row.field.name, row.clause) if row else ("", -1)
        silence = await self.app.push_screen_wait(SilenceScreen(here, draft, place))
        if silence is not None:
            self.manuscript.draft = self.manuscript.draft.with_reason(silence.key, silence.reason)
            self._changed()
            told = "is silenced; F5 shows the reason" if silence.reason else "is asked again"
            self._line.say(f"{silence.key} {told}", "passed")

    async def action_more(self) -> None:
        """All fields, or only the usual ones."""
        self._all_fields = not self._all_fields
        row = _row_of(self.focused)
        await self._open(self._section, clause=row.clause if row else -1, field=row.field.name if row else "")

    def action_leave(self) -> None:
        """Back; the draft stays."""
        self.manuscript.keep()
        self.dismiss()

    @work
    async def action_start_over(self) -> None:
        """Drops what was typed: the form as it began, or the file as it is."""
        if await self.app.push_screen_wait(ConfirmScreen("Drop what you typed since it was last saved?")):
            self.manuscript.start_over()
            self.query_one(SectionPage).retire(self._section.name)
            self._read_draft()
            await self._open(pages(self.manuscript.draft)[0])

    @work
    async def action_save(self) -> None:
        """Writes the file, with errors too, and says what is open."""
        await settled(self)
        if await save(self.app, self.manuscript):
            await self._take_in(await self._reader.lint(self.manuscript))
            left = self.reading.left
            self._line.say(f"saved {self.manuscript.path}   {left}".rstrip(), "problem" if left else "passed")

    @work
    async def action_run(self) -> None:
        """Saves, asks for a model where none is set, and starts the run."""
        await settled(self)
        await self._take_in(await self._reader.lint(self.manuscript))
        spec = self.spec
        if spec is None:
            first = next(problem for problem in self.problems if problem.level == "error")
            self.query_one(SectionPage).everything_is_due = True
            page = page_of(first.section, self.manuscript.draft)
            await self._open(page, clause=first.clause, field=first.field)
            self._line.say("this has to be mended before a model can work on it", "problem")
        elif (
            await save(self.app, self.manuscript)
            and (model := await ask_model(self.app, self._desk)) is not None
        ):
            run_id = await launch(self.app, self._desk, spec, RunOptions(model=model))
            if run_id is not None:
                self.app.switch_screen(RunScreen(self._desk, run_id, go_on=True))

    def _changed(self) -> None:
        """What was typed is kept within the pause, however long the typing goes on; it is read after it."""
        if self._to_keep is None:
            self._to_keep = self.set_timer(_PAUSE_S, self._keep)
        if self._to_read is not None:
            self._to_read.stop()
        self._to_read = self.set_timer(_PAUSE_S, self._read_draft)

    def _keep(self) -> None:
        self._to_keep = None
        try:
            self.manuscript.keep()
        except OSError as error:
            self._line.say(f"the draft could not be kept: {error.strerror}; save it elsewhere", "problem")

    def _read_draft(self) -> None:
        """Reads the draft as the command line would, beside the typing; an older reading gives way."""
        self.run_worker(self._read_all(), exclusive=True, group="reading")

    async def _read_all(self) -> None:
        await self._take_in(await self._reader.lint(self.manuscript))
        await self._take_in(await self._reader.survey(self.manuscript))

    async def _take_in(self, reading: Reading | None) -> None:
        if reading is None or not self._stands:
            return
        self.reading = reading
        try:
            await self._tell()
        except NoMatches:
            if self._stands:  # otherwise the screen was taken down while it was being told
                raise

    @property
    def _stands(self) -> bool:
        """Whether there is still a screen to show anything on: a reading may come back after it was left."""
        return self.app.is_running and self in self.app.screen_stack

    async def _open(self, section: Section, *, focus: bool = True, clause: int = -1, field: str = "") -> None:
        self._section = section
        page = self.query_one(SectionPage)
        await page.open(section, self.manuscript.draft, self.problems, all_fields=self._all_fields)
        if focus:
            self._focus_first(clause, field)
        self.refresh_bindings()
        await self._tell()

    def _focus_first(self, clause: int = -1, field: str = "") -> None:
        if not self.query_one(SectionPage).focus_first(clause, field):
            self.query_one("#sections").focus()

    async def _tell(self) -> None:
        """Shows the latest reading: in the head, in the menu, on the page."""
        draft = self.manuscript.draft
        self.query_one(SpecHead).show_draft(self._desk.place, draft)
        self.query_one(SectionMenu).show_draft(draft, self.problems, self._section)
        page, found = self.query_one(SectionPage), self.reading.suggestions or ()
        page.show_examples(self.reading.examples)
        page.show_found([each for each in found if concerns(each.section, self._section)])
        await self._tell_page()

    async def _tell_page(self) -> None:
        """What the lint says beside the fields, which changes with the cursor, too."""
        page = self.query_one(SectionPage)
        await page.tell(self._section, self.manuscript.draft, self.problems)
        self._ask(_row_of(self.focused))

    def _ask(self, row: FieldRow | None) -> None:
        """The question at the top, and what belongs into the field below."""
        draft, name = self.manuscript.draft, row.field.name if row else ""
        fields = draft.of(row.section)[row.clause].fields if row and row.clause >= 0 else {}
        question = question_for(self._section, fields, name, draft.preset)
        self.query_one(SectionPage).ask(question)
        if row is not None:
            self._line.advise(row, question)

    @property
    def _line(self) -> AdviceLine:
        return self.query_one(AdviceLine)


def _row_of(widget: Widget | None) -> FieldRow | None:
    nodes = widget.ancestors_with_self if widget else ()
    return next((node for node in nodes if isinstance(node, FieldRow) and not node.retired), None)
