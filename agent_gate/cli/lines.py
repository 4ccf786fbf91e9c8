"""Single things as lines of text: a gate's result, a finding, a clause."""

from __future__ import annotations

from agent_gate.cli.output import marked
from agent_gate.domain.gate import Finding
from agent_gate.domain.matrix import MatrixClause
from agent_gate.domain.visible import visible_line
from agent_gate.report.check_report import Effect, GateReport
from agent_gate.report.counts import gate_words


def gate_line(gate: GateReport) -> str:
    """A gate's result in one line. One that failed and only asks has the sign of a question."""
    result = gate.result
    parts = [f"{result.gate:12}", result.status]
    if told := gate_words(result):
        parts.append(f"({visible_line(told)})")
    if result.status in {"passed", "failed"}:
        parts.append(f"{result.duration_ms / 1000:.1f} s" + (", cached" if result.cached else ""))
    asks = result.status == "failed" and gate.effect == "ask"
    line = marked("asked" if asks else result.status, " ".join(parts))
    return f"{line}\n      hint: {visible_line(result.hint)}" if result.hint else line


def finding_line(finding: Finding, effect: Effect) -> str:
    """A finding in one line, with the sign of what it does."""
    place = f"{finding.path}:{finding.line}" if finding.line else finding.path
    sign = {"block": "✗", "ask": "?", "note": "·", "none": " "}[effect]
    return visible_line(" ".join(part for part in (sign, place, finding.rule, finding.message) if part))


def clause_lines(clause: MatrixClause) -> list[str]:
    """A clause, and a line for each thing that it rests on: the verifier, what is required, what was measured."""
    lines = [marked(clause.state, f"{clause.clause:8} {visible_line(clause.sentence)}")]
    for row in clause.rows:
        note = "  [model-written]" if row.model_written else ""
        lines.append(f"  {marked(row.state, visible_line(f'{row.verifier}  {row.line}'))}{note}")
    return lines
