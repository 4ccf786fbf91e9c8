"""One section of the form: the question of a senior, and under it the fields of the section and its clauses."""

from __future__ import annotations

from collections.abc import Iterable

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from agent_gate.tui.questions import CLAUSE_ID, NOT_APPLICABLE, Section
from agent_gate.tui.signs import plain, sign
from agent_gate.tui.spec_draft import Problem, SpecDraft
from agent_gate.tui.widgets.field_row import FieldRow


class SectionPage(Vertical):
    """The page that is open."""

    def compose(self) -> ComposeResult:
        """Question, problems of the section as a whole, fields."""
        yield Static(id="question")
        yield Static(id="section-problem")
        yield VerticalScroll(id="form", can_focus=False)

    async def open(self, section: Section, draft: SpecDraft, *, all_fields: bool) -> None:
        """Shows a section; without `all_fields` the rare ones only where they are filled in."""
        self.border_title = section.title
        self.query_one("#question", Static).update(Content.styled(section.question, "italic $text-primary"))
        form = self.query_one("#form", VerticalScroll)
        await form.remove_children()
        await form.mount(*_widgets(section, draft, all_fields=all_fields))

    def focus_first(self, clause: int = -1) -> bool:
        """Puts the cursor into the first field, of one clause or at all; False where there is none."""
        row = next((row for row in self.query(FieldRow) if clause < 0 or row.clause == clause), None)
        if row is not None:
            row.focus_editor()
        return row is not None

    def tell(self, problems: Iterable[Problem]) -> None:
        """Shows each problem beside its field, and above the fields where it has none."""
        rows = {(row.field.name, row.clause): row for row in self.query(FieldRow)}
        for row in rows.values():
            row.tell("")
        of_section: list[Content] = []
        for problem in problems:
            at = rows.get((problem.field, problem.clause))
            if at is not None:
                at.tell(problem.message, problem.hint)
            else:
                told = f"{problem.field}: {problem.message}" if problem.field else problem.message
                of_section.append(Content.assemble(sign("problem"), " ", plain(told, "$text-warning")))
        line = self.query_one("#section-problem", Static)
        line.display = bool(of_section)
        line.update(Content("\n").join(of_section))


def _widgets(section: Section, draft: SpecDraft, *, all_fields: bool) -> list[Widget]:
    widgets: list[Widget] = [
        FieldRow(field, draft.text(field.name), section=section.name)
        for field in section.fields
        if all_fields or not field.rare or draft.text(field.name).strip()
    ]
    for index, clause in enumerate(draft.of(section.name)):
        fields = [f for f in section.clause if all_fields or not f.rare or clause.text(f.name).strip()]
        widgets.append(
            Static(plain(clause.id, "bold"), classes="clause-head -later" if index else "clause-head")
        )
        widgets += [
            FieldRow(field, clause.text(field.name), section=section.name, clause=index)
            for field in ([CLAUSE_ID, *fields] if all_fields else fields)
        ]
    if section.clause and not draft.of(section.name):
        invite = Content.assemble(("F2", "bold $text-accent"), " adds a clause")
        widgets.append(Static(invite, classes="invite"))
        if section.answerable:
            reason = draft.not_applicable.get(section.name, "")
            widgets.append(FieldRow(NOT_APPLICABLE, reason, section=section.name))
    return widgets
