"""A check as one JSON object. Its field names are promises."""

from __future__ import annotations

import json
from typing import Any

from agent_gate.report.check_report import CheckReport, GateReport


def as_json(report: CheckReport, exit_code: int) -> str:
    """Everything that is known of the check. Texts stand in it as they are; the JSON itself is ASCII."""
    verdict = report.verdict
    return json.dumps(
        {
            "schema": 1,
            "base": report.base,
            "tree": report.tree,
            "spec": report.spec.digest if report.spec else None,
            "outcome": verdict.outcome if verdict else "passed",
            "exit_code": exit_code,
            "verdict_digest": verdict.digest if verdict else None,
            "unsandboxed": verdict.unsandboxed if verdict else False,
            "blocking": [reason.model_dump(mode="json") for reason in verdict.blocking] if verdict else [],
            "questions": [reason.model_dump(mode="json") for reason in verdict.questions] if verdict else [],
            "clauses": [clause.model_dump(mode="json") for clause in report.clauses],
            "results": [_gate(gate) for gate in report.gates],
        }
    )


def _gate(gate: GateReport) -> dict[str, Any]:
    """The result as it is, with the fingerprint and the effect of each finding, those that block first."""
    findings = [
        {**finding.model_dump(mode="json"), "fingerprint": finding.fingerprint, "effect": effect}
        for finding, effect in gate.findings
    ]
    return {**gate.result.model_dump(mode="json"), "findings": findings}
