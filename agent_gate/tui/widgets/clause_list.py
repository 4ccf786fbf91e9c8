"""Clauses, how they stand, and what that rests on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from agent_gate.domain.matrix import MatrixClause, matrix
from agent_gate.domain.traceability import ClauseResult
from agent_gate.domain.verdict import Reason
from agent_gate.report.check_report import GateReport
from agent_gate.report.counts import gate_words
from agent_gate.tui.signs import plain, sign
from agent_gate.tui.view import ClauseView, RunView, gate_state


class SignedLine(Horizontal):
    """A sign, and beside it a text that keeps its own margin when it is broken into lines."""

    DEFAULT_CSS = """
    SignedLine { height: auto; }
    SignedLine > .sign { width: 2; }
    SignedLine > .text { width: 1fr; height: auto; }
    """

    def __init__(self, mark: Content, text: Content, *, classes: str = "") -> None:
        super().__init__(classes=classes)
        self._mark = mark
        self._text = text

    def compose(self) -> ComposeResult:
        """The two columns."""
        yield Static(self._mark, classes="sign")
        yield Static(self._text, classes="text")

    def become(self, other: SignedLine) -> None:
        """Shows what the other one would, without being mounted anew."""
        self.set_classes(" ".join(other.classes))
        self._mark, self._text = other._mark, other._text
        if self.is_mounted:
            self.query_one(".sign", Static).update(self._mark)
            self.query_one(".text", Static).update(self._text)


class ClauseList(VerticalScroll):
    """The clauses of a run, as they stand now or as they were judged."""

    def show_clauses(self, clauses: Sequence[ClauseView]) -> None:
        """One clause a paragraph with the basis that tells most, for the run screen."""
        self._replace(line for clause in clauses for line in _brief(clause))

    def show_judged(self, view: RunView) -> None:
        """What blocks and what is asked first; then the matrix: each clause with what it rests on; then the gates.

        Last what the spec waves away, with the reasons: who approves signs them, too.
        """
        verdict = view.state.verdict
        self._replace(
            [
                *(_reason("block", reason) for reason in (verdict.blocking if verdict else ())),
                *(_reason("ask", reason) for reason in (verdict.questions if verdict else ())),
                *(line for clause in matrix(view.judged) for line in _full(clause)),
                *(_gate(gate, first=number == 0) for number, gate in enumerate(view.gate_reports)),
                *(_not_applicable(name, reason) for name, reason in view.spec.not_applicable.items()),
            ]
        )

    def _replace(self, lines: Iterable[SignedLine]) -> None:
        fresh = list(lines)
        present = list(self.query_children(SignedLine))
        for line, other in zip(present, fresh, strict=False):
            line.become(other)
        for line in present[len(fresh) :]:
            line.remove()
        if added := fresh[len(present) :]:
            self.mount(*added)


def _gate(gate: GateReport, *, first: bool) -> SignedLine:
    """`✓ coverage  12 of 12 changed lines run`, the first one with a line's distance to what stands above."""
    result = gate.result
    told = plain(gate_words(result), "$text-muted")
    text = Content.assemble(plain(result.gate, "bold"), "  ", told)
    return SignedLine(sign(gate_state(gate)), text, classes="clause" if first else "")


def _not_applicable(name: str, reason: str) -> SignedLine:
    told = Content.assemble(plain(name.replace("_", " "), "bold"), "  ", plain(reason, "$text-muted"))
    return SignedLine(sign("skipped"), told, classes="clause")


def clause_signs(clauses: Iterable[ClauseResult]) -> list[Content]:
    """Only signs and ids, where there is no room for more."""
    return [
        Content.assemble(sign(clause.state), " ", plain(clause.clause), "  ") for clause in matrix(clauses)
    ]


def _brief(clause: ClauseView) -> list[SignedLine]:
    head = Content.assemble(plain(clause.id, "bold"), "  ", plain(clause.sentence))
    lines = [SignedLine(sign(clause.state), head, classes="clause")]
    if clause.basis and clause.state in {"violated", "unverified", "person"}:
        told = _told(clause.basis, model_written=clause.model_written)
        lines.append(SignedLine(Content(), told, classes="basis"))
    return lines


def _full(clause: MatrixClause) -> list[SignedLine]:
    head = Content.assemble(plain(clause.clause, "bold"), "  ", plain(clause.sentence))
    lines = [SignedLine(sign(clause.state), head, classes="clause")]
    for row in clause.rows:
        verifier = plain(row.verifier, "$text-primary")
        told = _told(row.line, model_written=row.model_written)
        lines.append(SignedLine(sign(row.state), verifier, classes="verifier"))
        lines.append(SignedLine(Content(), told, classes="verifier"))
    return lines


def _told(line: str, *, model_written: bool) -> Content:
    note = Content.styled("  model-written", "$text-warning") if model_written else Content()
    return Content.assemble(plain(line, "$text-muted"), note)


def _reason(state: str, reason: Reason) -> SignedLine:
    return SignedLine(
        sign(state), Content.assemble(plain(reason.source, "bold"), "  ", plain(reason.message))
    )
