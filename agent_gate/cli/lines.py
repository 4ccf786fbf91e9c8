"""Single things as lines of text: a gate's result, a finding, a clause."""

from __future__ import annotations

from agent_gate.cli.output import marked
from agent_gate.domain.gate import Finding, GateResult
from agent_gate.domain.matrix import MatrixClause
from agent_gate.domain.visible import visible_line
from agent_gate.report.check_report import Effect


def gate_line(result: GateResult) -> str:
    """A gate's result in one line."""
    parts = [f"{result.gate:10}", result.status]
    if result.reason:
        parts.append(f"({visible_line(result.reason)})")
    if result.status in {"passed", "failed"}:
        parts.append(f"{result.duration_ms / 1000:.1f} s" + (", cached" if result.cached else ""))
    line = marked(result.status, " ".join(parts))
    return f"{line}\n      hint: {visible_line(result.hint)}" if result.hint else line


def finding_line(finding: Finding, effect: Effect | None = None) -> str:
    """A finding in one line; by its level, where it is not told what it does."""
    place = f"{finding.path}:{finding.line}" if finding.line else finding.path
    sign = {"block": "✗", "ask": "?", "note": "·", "none": " "}[effect or finding.level]
    return visible_line(" ".join(part for part in (sign, place, finding.rule, finding.message) if part))


def clause_lines(clause: MatrixClause) -> list[str]:
    """A clause, and a line for each thing that it rests on: the verifier, what is required, what was measured."""
    lines = [marked(clause.state, f"{clause.clause:8} {visible_line(clause.sentence)}")]
    for row in clause.rows:
        note = "  [model-written]" if row.model_written else ""
        lines.append(f"  {marked(row.state, visible_line(f'{row.verifier}  {row.line}'))}{note}")
    return lines
