"""A check as workflow commands of GitHub Actions: annotations at the lines of a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from agent_gate.domain.gate import Finding
from agent_gate.domain.visible import visible, visible_line
from agent_gate.report.check_report import CheckReport, Effect, clause_effect, clause_message

_COMMANDS: Mapping[Effect, str] = {"block": "error", "ask": "warning", "note": "notice"}


class _Annotation(NamedTuple):
    """One command, before anything is escaped."""

    effect: Effect
    title: str
    message: str
    finding: Finding | None = None


def as_github(report: CheckReport) -> str:
    """One command a line: `::error` for what blocks, then `::warning` for what asks, then `::notice`.

    GitHub shows ten of a kind for each step, so what counts most comes first. Nothing changed, or
    nothing to say, is an empty text.
    """
    found = sorted(_annotations(report), key=lambda item: list(_COMMANDS).index(item.effect))
    return "\n".join(map(_command, found))


def _annotations(report: CheckReport) -> Iterator[_Annotation]:
    for gate in report.gates:
        for finding, effect in gate.findings:
            if effect in _COMMANDS:
                title = f"{gate.result.gate} {finding.rule}".strip()
                yield _Annotation(effect, title, finding.message or title, finding)
    for clause in report.clauses:
        effect = clause_effect(clause)
        if effect in _COMMANDS:
            yield _Annotation(effect, clause.clause, clause_message(clause))
    for told in report.statements:
        yield _Annotation(told.effect, told.source, told.message)


def _command(item: _Annotation) -> str:
    place = _place(item.finding) if item.finding else {}
    properties = {**place, "title": item.title}
    stated = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{_COMMANDS[item.effect]} {stated}::{_data(visible(item.message))}"


def _place(finding: Finding) -> dict[str, str]:
    """GitHub knows columns only where an annotation is of one line."""
    if not finding.path:
        return {}
    several = finding.end_line > finding.line
    numbers = {
        "line": finding.line,
        "col": 0 if several else finding.column,
        "endLine": finding.end_line if several else 0,
    }
    told = {name: str(value) for name, value in numbers.items() if value and finding.line}
    return {"file": finding.path, **told}


def _data(text: str) -> str:
    """As the runner reads it back: a percent sign would begin an escape, a line end would end the command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(visible_line(text)).replace(":", "%3A").replace(",", "%2C")
