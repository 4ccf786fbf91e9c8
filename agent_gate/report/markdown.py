"""A check or a run in Markdown: for a pull request's comment, a wiki, a mail."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from agent_gate.domain.gate import GateResult
from agent_gate.domain.matrix import MatrixClause, matrix
from agent_gate.domain.spec import Spec
from agent_gate.domain.traceability import ClauseResult
from agent_gate.domain.visible import visible_line
from agent_gate.report.check_report import CheckReport, Effect, ShownFinding, Statement

MOST_BYTES = 65_536
"""GitHub refuses a comment of more characters; a character is a byte or more."""
_SHOWN_AT_ONCE = 20
_LONGEST_CELL = 400
_MARKUP = re.compile(r"([\\`*_\[\]|~])")
_REFERENCE = re.compile(r"@(?=\w)|#(?=\d)|GH(?=-\d)|:(?=//)|www(?=\.)", re.IGNORECASE)
"""Where GitHub would tell a person, or make a link, of a text that says nothing of the kind."""
_SIGNS: dict[Effect, str] = {"block": "✗", "ask": "?", "note": "·"}
_GATE_SIGNS = {"passed": "✓", "failed": "✗", "errored": "!", "skipped": "–"}


class _Section(NamedTuple):
    """Lines that belong together. Rows may be left out from the end; what is around them may not."""

    rank: int
    """Who gets room first; the smallest."""
    before: Sequence[str] = ()
    rows: Sequence[str] = ()
    after: Sequence[str] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.before or self.rows)


def as_markdown(report: CheckReport) -> str:
    """The traceability matrix, the gates and the findings, as tables of GitHub's Markdown.

    Nothing of others is markup, link or mention in it. It fits into a comment on GitHub: what does not
    is left out from the end of the tables, and how much that is stands in the last line.
    """
    judged = report.verdict is not None
    sections = [
        _Section(0, _head(report)),
        *([_clauses(report.clauses)] if judged and (report.clauses or report.spec) else ()),
        *([_waved(report.spec)] if judged and report.spec else ()),
        *([_gates(report)] if judged or report.results else ()),
        _statements(report.statements),
        *_findings(report),
    ]
    return _fitted([section for section in sections if not section.is_empty], MOST_BYTES)


def _head(report: CheckReport) -> list[str]:
    spec = report.spec
    if report.run and spec:
        judged = f": {report.outcome}" if report.verdict else ""
        return [f"## {_cell(spec.title)}", "", f"`{spec.id}`, run `{report.run}`, {report.phase}{judged}"]
    title = _cell(spec.title) if spec else "agent-gate"
    sign = {"block": "✗", "ask": "?"}.get(report.effect, "✓")
    named = [f"`{spec.id}`"] if spec else []
    facts = [*named, f"tree `{report.tree[:12]}` on `{report.base[:12]}`"]
    return [f"## {sign} {title}: {report.outcome}", "", ", ".join(facts)]


def _clauses(clauses: Iterable[ClauseResult]) -> _Section:
    """A line for each row; what the clause is stands in the first one."""
    head = ("| clause | verifier | required | measured | state |", "| --- | --- | --- | --- | --- |")
    return _Section(2, head, [row for clause in matrix(clauses) for row in _clause(clause)])


def _clause(clause: MatrixClause) -> Iterator[str]:
    name = f"{clause.sign} {clause.clause} {_cell(clause.sentence)}"
    for row in clause.rows:
        verifier = _code(row.verifier) + (" (model-written)" if row.model_written else "")
        cells = (name, verifier, _cell(row.required), _cell(row.measured), f"{row.sign} {row.state}")
        yield f"| {' | '.join(cells)} |"
        name = ""


def _waved(spec: Spec) -> _Section:
    """What the spec says nobody has to think of here, with the reasons."""
    if not spec.not_applicable:
        return _Section(4)
    rows = [
        f"| {_cell(name.replace('_', ' '))} | {_cell(reason)} |"
        for name, reason in spec.not_applicable.items()
    ]
    return _Section(4, ("| not applicable | because |", "| --- | --- |"), rows)


def _gates(report: CheckReport) -> _Section:
    rows = []
    for gate in report.gates:
        status = _cell(_status(gate.result))
        rows.append(f"| {_cell(gate.result.gate)} | {status} | {len(gate.at('block', 'ask'))} |")
    return _Section(0, ("| gate | status | findings |", "| --- | --- | --- |"), rows)


def _status(result: GateResult) -> str:
    reason = f" ({result.reason})" if result.reason else ""
    return f"{_GATE_SIGNS[result.status]} {result.status}{reason}"


def _statements(statements: Iterable[Statement]) -> _Section:
    """Reasons that are neither a finding nor a clause."""
    rows = [f"- {_SIGNS[told.effect]} {_cell(told.source)}: {_cell(told.message)}" for told in statements]
    return _Section(0, rows=rows)


def _findings(report: CheckReport) -> Iterator[_Section]:
    """Those that block or ask, in a table; the first ones at once, the others folded away."""
    found = [
        (gate.result.gate, item)
        for gate in report.gates
        for item in gate.findings
        if item.effect in {"block", "ask"}
    ]
    found.sort(key=lambda pair: list(_SIGNS).index(pair[1].effect))
    rows = [_finding(gate, item) for gate, item in found]
    head = ("| | gate | rule | place | message |", "| --- | --- | --- | --- | --- |")
    first, folded = rows[:_SHOWN_AT_ONCE], rows[_SHOWN_AT_ONCE:]
    if first:
        yield _Section(1, head, first)
    if folded:
        summary = f"<details><summary>{len(folded)} findings more</summary>"
        yield _Section(3, (summary, "", *head), folded, ("", "</details>"))


def _finding(gate: str, item: ShownFinding) -> str:
    finding = item.finding
    place = f"{finding.path}:{finding.line}" if finding.line else finding.path
    cells = (
        _SIGNS[item.effect],
        _cell(gate),
        _code(finding.rule) if finding.rule else "",
        _code(place) if place else "",
        _cell(finding.message),
    )
    return f"| {' | '.join(cells)} |"


def _fitted(sections: Sequence[_Section], most: int) -> str:
    """The sections, an empty line between two, with as many of their rows as have room."""
    room = (
        most
        - _size(_left_out(most))
        - sum(_size(line) for section in sections for line in ("", *section.before, *section.after))
    )
    kept: dict[int, int] = {}
    for place, section in sorted(enumerate(sections), key=lambda pair: pair[1].rank):
        sizes = list(accumulate(map(_size, section.rows)))
        kept[place] = bisect_right(sizes, room)
        room -= sizes[kept[place] - 1] if kept[place] else 0
    lines: list[str] = []
    for place, section in enumerate(sections):
        lines += ["", *section.before, *section.rows[: kept[place]], *section.after]
    missing = sum(len(section.rows) for section in sections) - sum(kept.values())
    return "\n".join([*lines[1:], *(["", _left_out(missing)] if missing else [])])


def _left_out(lines: int) -> str:
    return f"… and {lines} lines more: `--format json` has everything"


def _size(line: str) -> int:
    return len(line.encode()) + 1


def _cell(text: str) -> str:
    shown = visible_line(text)
    if len(shown) > _LONGEST_CELL:
        shown = f"{shown[:_LONGEST_CELL]}…"
    shown = _MARKUP.sub(r"\\\1", shown)
    shown = shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _REFERENCE.sub(lambda found: f"{found[0]}&#8203;", shown)


def _code(text: str) -> str:
    shown = visible_line(text)
    if "`" in shown or len(shown) > _LONGEST_CELL:
        return _cell(text)
    return "`" + shown.replace("|", r"\|") + "`"
