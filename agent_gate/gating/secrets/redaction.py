"""Takes secrets out of what gates say, before it is kept, shown or sent anywhere."""

from __future__ import annotations

from agent_gate.domain.gate import Finding, GateResult, TestCase
from agent_gate.domain.secret import redact


def redact_result(result: GateResult) -> GateResult:
    """The result without secrets in its texts. Redacting it again changes nothing.

    A tool quotes the line that it complains about, and a test prints what it compares: either may hold a key.
    """
    return result.model_copy(
        update={
            "reason": redact(result.reason),
            "hint": redact(result.hint),
            "findings": tuple(redact_finding(finding) for finding in result.findings),
            "cases": tuple(_case(case) for case in result.cases),
        }
    )


def redact_finding(finding: Finding) -> Finding:
    """The finding without secrets in its texts."""
    texts = {
        "path": redact(finding.path),
        "message": redact(finding.message),
        "excerpt": redact(finding.excerpt),
    }
    changed = {name: text for name, text in texts.items() if text != getattr(finding, name)}
    return finding.model_copy(update=changed) if changed else finding


def _case(case: TestCase) -> TestCase:
    """The id stays as it is: clauses name tests by it."""
    message = redact(case.message)
    return case.model_copy(update={"message": message}) if message != case.message else case
