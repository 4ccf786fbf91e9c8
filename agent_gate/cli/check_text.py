"""A check as text: what each gate found, the clauses, the other reasons, and what it comes to."""

from __future__ import annotations

from agent_gate.cli.lines import clause_lines, finding_line
from agent_gate.cli.output import dim, heading, marked, say
from agent_gate.domain.matrix import matrix
from agent_gate.domain.visible import visible_line
from agent_gate.report.check_report import CheckReport, Effect, GateReport, clause_effect, clause_message

_EXCERPT_LINES = 5
_STATES: dict[Effect, str] = {"block": "blocked", "ask": "asked", "none": "passed"}


def say_check(report: CheckReport) -> None:
    """Everything that blocks or asks, in full, and the outcome in the last line."""
    for gate in report.gates:
        _say_gate(gate)
    if report.clauses:
        say(heading("clauses"))
    for shown in matrix(report.clauses):
        for line in clause_lines(shown):
            say(line)
    for clause in report.clauses:
        if clause_effect(clause) == "block":
            say(marked("blocked", f"{clause.clause}: {visible_line(clause_message(clause))}"))
    for told in report.statements:
        say(marked(_STATES[told.effect], f"{told.source}: {visible_line(told.message)}"))
    say(marked(_STATES[report.effect], report.outcome))


def _say_gate(gate: GateReport) -> None:
    shown = [item for item in gate.findings if item.effect in {"block", "ask"}]
    if shown:
        say(heading(gate.result.gate))
    for finding, effect in shown:
        say(f"  {finding_line(finding, effect)}")
        for line in finding.excerpt.splitlines()[:_EXCERPT_LINES]:
            say(dim(f"      {visible_line(line)}"))
