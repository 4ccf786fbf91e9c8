"""One page of the form: the question of a senior, and under it the fields of the section and its clauses."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from agent_gate.drafting.draft import Problem, SpecDraft
from agent_gate.drafting.question import BY_NAME, CLAUSE_ID, NOT_APPLICABLE, Section
from agent_gate.drafting.suggestion import Suggestion
from agent_gate.spec.outline import SLOT
from agent_gate.tui.page_plan import SLOT_LEFT, belongs, shown_fields
from agent_gate.tui.signs import plain
from agent_gate.tui.widgets.field_row import FieldRow
from agent_gate.tui.widgets.remark_line import RemarkLine

Examples = Mapping[tuple[str, str], str]
"""What might stand in a field here, by section and field (no section outside of clauses): taken from the repository at hand."""


class SectionPage(Vertical):
    """The page that is open."""

    def __init__(self, *, id: str, classes: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self.everything_is_due = False
        """Errors of fields that nobody has been to are told, too."""
        self._visited: set[tuple[str, int, str]] = set()
        self._on_top: list[tuple[str, Problem]] = []
        self._changing = asyncio.Lock()
        """The page is rebuilt and told of by the keys and by the reading, which must not meet."""

    def compose(self) -> ComposeResult:
        """Question, remarks on the section as a whole, fields, what was found in the repository."""
        yield Static(id="question")
        yield Vertical(id="section-remarks")
        yield VerticalScroll(id="form", can_focus=False)
        yield Static(id="found")

    async def open(
        self,
        section: Section,
        draft: SpecDraft,
        problems: Sequence[Problem],
        *,
        all_fields: bool,
    ) -> None:
        """Shows a section; without `all_fields` the rare ones only where they have something to say."""
        self.border_title = section.title
        form = self.query_one("#form", VerticalScroll)
        async with self._changing:
            with self.app.batch_update():
                await form.remove_children()
                await form.mount(*_widgets(section, draft, problems, all_fields=all_fields))

    def ask(self, question: str) -> None:
        """The question at the top."""
        self.query_one("#question", Static).update(plain(question, "italic $text-primary"))

    def focus_first(self, clause: int = -1, field: str = "") -> bool:
        """Puts the cursor into the first field that fits; False where there is none."""
        fitting = [row for row in self.query(FieldRow) if clause < 0 or row.clause == clause]
        row = next((row for row in fitting if row.field.name == field), fitting[0] if fitting else None)
        if row is not None:
            row.focus_editor()
        return row is not None

    def visit(self, row: FieldRow) -> None:
        """Remembers that the person has been here."""
        self._visited.add(_place(row))

    def retire(self, section: str) -> None:
        """Clauses have moved: what still stands on the page has lost its place in the draft."""
        self._visited = {place for place in self._visited if place[0] != section}
        for row in self.query(FieldRow):
            row.retired = True

    async def tell(self, section: Section, draft: SpecDraft, problems: Sequence[Problem]) -> None:
        """Shows each problem at its field, and above the fields where it has none."""
        async with self._changing:
            await self._tell(section, draft, problems)

    async def _tell(self, section: Section, draft: SpecDraft, problems: Sequence[Problem]) -> None:
        rows = {(row.field.name, row.clause): row for row in self.query(FieldRow) if not row.retired}
        at_rows: dict[FieldRow, list[Problem]] = {row: [] for row in rows.values()}
        on_top: list[tuple[str, Problem]] = []
        for problem in problems:
            if not belongs(problem, section) or self._is_of_empty_clause(problem, draft):
                continue
            row = rows.get((problem.field, problem.clause))
            if row is None:
                if self._is_due_on_top(problem, section, draft):
                    on_top.append((_prefix(problem, section, draft), problem))
            elif self._is_due(problem, row):
                at_rows[row].append(problem)
        with self.app.batch_update():
            for row, found in at_rows.items():
                await row.tell(found)
            await self._tell_on_top(on_top)

    def show_examples(self, examples: Examples) -> None:
        """What was found in the repository stands in the fields that are empty."""
        for row in self.query(FieldRow):
            section = row.section if row.clause >= 0 else ""
            if (example := examples.get((section, row.field.name), "")) and example != row.example:
                row.show_example(example)

    def show_found(self, suggestions: Sequence[Suggestion]) -> None:
        """The first thing of the repository that can be taken into this section."""
        line = self.query_one("#found", Static)
        line.display = bool(suggestions)
        if suggestions:
            first, more = suggestions[0], len(suggestions) - 1
            others = f"   and {more} more" if more else ""
            told = Content.assemble(
                ("F3", "bold $text-accent"),
                (" found in this repository: ", "$text-muted"),
                plain(first.title),
                plain(f"   {first.why}{others}", "$text-muted"),
            )
            line.update(told)

    async def _tell_on_top(self, on_top: list[tuple[str, Problem]]) -> None:
        if on_top == self._on_top:
            return
        self._on_top = on_top
        lines = self.query_one("#section-remarks", Vertical)
        await lines.remove_children()
        alone = len(on_top) == 1
        await lines.mount(
            *(RemarkLine(problem, with_hint=alone, prefix=prefix) for prefix, problem in on_top)
        )
        lines.display = bool(on_top)

    def _is_of_empty_clause(self, problem: Problem, draft: SpecDraft) -> bool:
        """A clause that was added a moment ago is not asked about before a word stands in it."""
        clauses = draft.of(problem.section)
        if self.everything_is_due or not 0 <= problem.clause < len(clauses):
            return False
        return not any(text.strip() for text in clauses[problem.clause].fields.values())

    def _is_due(self, problem: Problem, row: FieldRow) -> bool:
        if problem.code == SLOT_LEFT or (SLOT.search(row.text) and not self.everything_is_due):
            return problem.code == SLOT_LEFT and row.has_cursor
        if self.everything_is_due or row.text.strip() or _place(row) in self._visited:
            return True
        return problem.level == "question" and row.has_cursor

    def _is_due_on_top(self, problem: Problem, section: Section, draft: SpecDraft) -> bool:
        if problem.code == SLOT_LEFT:
            return False
        return problem.level == "question" or self.everything_is_due or bool(draft.of(section.name))


def _place(row: FieldRow) -> tuple[str, int, str]:
    return (row.section, row.clause, row.field.name)


def _prefix(problem: Problem, section: Section, draft: SpecDraft) -> str:
    """Where it stands, as far as the page does not say so."""
    clauses = draft.of(problem.section)
    parts = [
        BY_NAME[problem.section].title if problem.section != section.name else "",
        clauses[problem.clause].id if 0 <= problem.clause < len(clauses) else "",
        problem.field.replace("_", " "),
    ]
    named = " ".join(part for part in parts if part)
    return f"{named}: " if named else ""


def _widgets(
    section: Section, draft: SpecDraft, problems: Sequence[Problem], *, all_fields: bool
) -> list[Widget]:
    told = {(problem.clause, problem.field) for problem in problems if belongs(problem, section)}
    filled = [f.name for f in section.fields if draft.text(f.name).strip() or (-1, f.name) in told]
    widgets: list[Widget] = [
        FieldRow(field, draft.text(field.name), section=section.name)
        for field in shown_fields(section.fields, filled, all_fields=all_fields)
    ]
    for at, clause in enumerate(draft.of(section.name)):
        head = "clause-head -later" if widgets else "clause-head"
        widgets.append(Static(plain(clause.id, "bold"), classes=head))
        filled = [f.name for f in section.clause if clause.text(f.name).strip() or (at, f.name) in told]
        fields = shown_fields(section.clause, filled, all_fields=all_fields)
        widgets += [
            FieldRow(field, clause.text(field.name), section=section.name, clause=at)
            for field in ([CLAUSE_ID, *fields] if all_fields else fields)
        ]
    if section.clause and not draft.of(section.name):
        invite = Content.assemble(("F2", "bold $text-accent"), " adds a clause")
        widgets.append(Static(invite, classes="invite"))
        if section.answerable:
            reason = draft.not_applicable.get(section.name, "")
            widgets.append(FieldRow(NOT_APPLICABLE, reason, section=section.name))
    return widgets
