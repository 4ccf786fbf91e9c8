"""A run in Markdown: for a pull request's comment, a wiki, a mail."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from agent_gate.domain.matrix import MatrixClause, matrix
from agent_gate.domain.spec import Spec
from agent_gate.domain.traceability import ClauseResult
from agent_gate.domain.visible import visible_line
from agent_gate.run.state import RunState

_MARKUP = re.compile(r"([\\`*_\[\]|~])")


def markdown_report(state: RunState, clauses: Iterable[ClauseResult] = ()) -> str:
    """The traceability matrix and the gates, as tables of GitHub's Markdown. Nothing of others is markup in it.

    `clauses` are shown instead of the run's own: those of the spec as it is worded now.
    """
    spec = state.started.spec
    lines = [
        f"## {_cell(spec.title)}",
        "",
        f"`{spec.id}`, run `{state.run_id}`, {state.phase.replace('_', ' ')}",
    ]
    if state.verdict is not None:
        lines += ["", *_clauses(clauses or state.clauses), *_waved(spec), "", *_gates(state)]
    return "\n".join(lines)


def _clauses(clauses: Iterable[ClauseResult]) -> Iterator[str]:
    yield "| clause | verifier | required | measured | state |"
    yield "| --- | --- | --- | --- | --- |"
    for clause in matrix(clauses):
        yield from _clause(clause)


def _clause(clause: MatrixClause) -> Iterator[str]:
    """A line for each row; what the clause is stands in the first one."""
    name = f"{clause.sign} {clause.clause} {_cell(clause.sentence)}"
    for row in clause.rows:
        verifier = _code(row.verifier) + (" (model-written)" if row.model_written else "")
        cells = (name, verifier, _cell(row.required), _cell(row.measured), f"{row.sign} {row.state}")
        yield f"| {' | '.join(cells)} |"
        name = ""


def _waved(spec: Spec) -> Iterator[str]:
    """What the spec says nobody has to think of here, with the reasons."""
    if spec.not_applicable:
        yield from ("", "| not applicable | because |", "| --- | --- |")
    for name, reason in spec.not_applicable.items():
        yield f"| {_cell(name.replace('_', ' '))} | {_cell(reason)} |"


def _gates(state: RunState) -> Iterator[str]:
    yield "| gate | status | findings |"
    yield "| --- | --- | --- |"
    for result in state.results:
        found = len(result.at("block")) + len(result.at("ask"))
        yield f"| {result.gate} | {_cell(f'{result.status} {result.reason}'.strip())} | {found} |"


def _cell(text: str) -> str:
    shown = _MARKUP.sub(r"\\\1", visible_line(text))
    return shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _code(text: str) -> str:
    shown = visible_line(text)
    return _cell(text) if "`" in shown else "`" + shown.replace("|", r"\|") + "`"
