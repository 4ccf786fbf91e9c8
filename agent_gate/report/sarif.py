"""A check as SARIF 2.1.0: one run a gate, and one for the clauses and the verdict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from agent_gate import __version__
from agent_gate.domain.digest import canonical_json, sha256
from agent_gate.domain.gate import NOT_APPLICABLE, Finding, GateResult
from agent_gate.domain.traceability import ClauseResult
from agent_gate.domain.visible import visible, visible_line
from agent_gate.report.check_report import (
    CheckReport,
    Effect,
    GateReport,
    Statement,
    clause_effect,
    clause_message,
)
from agent_gate.report.sarif_log import (
    MOST_RESULTS,
    SOURCE_ROOT,
    JsonObject,
    sarif_location,
    sarif_log,
    sarif_message,
    sarif_rule,
    sarif_run,
)

FINGERPRINT = "agentGateFinding/v1"
"""The name of our fingerprint among a result's `partialFingerprints`."""
OWN_NAME = "agent-gate"
"""The driver of the run that holds clauses and verdict."""
NO_FILE = "agent-gate.toml"
"""Where a result stands that is about no single file: GitHub refuses a whole log for one without a place."""
_LEVELS: Mapping[Effect, str] = {"block": "error", "ask": "warning", "note": "note"}
_SUPPRESSED: Mapping[Effect, str] = {"block": "rejected", "ask": "underReview"}
_LONGEST_RULE = 255
_WITH_A_FILE = {"pytest", "benchmark", "locust"}


def as_sarif(report: CheckReport) -> str:
    """The whole log. A new result of level `error` is there exactly where the check is blocked."""
    return sarif_log([*(_gate_run(report, gate) for gate in report.gates), _own_run(report)])


def _gate_run(report: CheckReport, gate: GateReport) -> JsonObject:
    result = gate.result
    shown = gate.findings[:MOST_RESULTS]
    rules = {
        _rule(finding): sarif_rule(_rule(finding), f"{result.gate}: {_rule(finding)}") for finding, _ in shown
    }
    places = {rule: index for index, rule in enumerate(rules)}
    driver = {
        "name": result.gate,
        "fullName": f"{OWN_NAME}: the gate {result.gate}",
        "version": visible_line(result.tool_version) or __version__,
    }
    return sarif_run(
        driver,
        list(rules.values()),
        [_result(finding, effect, places) for finding, effect in shown],
        automationDetails={"id": f"{OWN_NAME}/{result.gate}/"},
        originalUriBaseIds=_root(report),
        invocations=[_invocation(result, len(gate.findings) - len(shown))],
        properties={"agentGate": _gate_facts(report, result)},
    )


def _gate_facts(report: CheckReport, result: GateResult) -> dict[str, Any]:
    return {
        "base": report.base,
        "tree": report.tree,
        "status": result.status,
        "reason": visible(result.reason),
        "hint": visible(result.hint),
        "definitionDigest": result.definition_digest,
        "sandbox": result.sandbox,
        "measures": dict(result.measures),
    }


def _invocation(result: GateResult, left_out: int) -> JsonObject:
    """Whether the gate looked, and what kept it from that (§3.20)."""
    looked = result.status in {"passed", "failed"} or result.reason == NOT_APPLICABLE
    told = [
        *([("error", f"{result.status}: {result.reason}")] if not looked else ()),
        *([("note", f"skipped: {result.reason}")] if looked and result.status == "skipped" else ()),
        *([("note", result.hint)] if result.hint else ()),
        *([("warning", f"{left_out} results more are left out")] if left_out else ()),
    ]
    notifications = [{"level": level, "message": sarif_message(visible(text))} for level, text in told]
    return {
        "executionSuccessful": looked,
        **({"toolExecutionNotifications": notifications} if notifications else {}),
    }


def _result(finding: Finding, effect: Effect, rules: Mapping[str, int]) -> JsonObject:
    rule = _rule(finding)
    before = effect == "none"
    known: Effect = finding.level if before else effect
    result = {
        "ruleId": rule,
        "ruleIndex": rules[rule],
        "level": _LEVELS[known],
        "message": sarif_message(visible(finding.message) or rule),
        "locations": [sarif_location(finding.path or NO_FILE, _region(finding), SOURCE_ROOT)],
        "partialFingerprints": {FINGERPRINT: finding.fingerprint},
        "baselineState": "unchanged" if before else "new",
        "properties": {"severity": finding.severity},
    }
    if finding.suppressed:
        status = "accepted" if before else _SUPPRESSED.get(effect, "accepted")
        result["suppressions"] = [{"kind": "inSource", "status": status}]
    return result


def _rule(finding: Finding) -> str:
    return visible_line(finding.rule)[:_LONGEST_RULE] or finding.gate


def _region(finding: Finding) -> JsonObject | None:
    if not finding.path or not finding.line:
        return None
    return {
        "startLine": finding.line,
        **({"startColumn": finding.column} if finding.column else {}),
        **({"endLine": finding.end_line} if finding.end_line >= finding.line else {}),
        **({"snippet": {"text": visible(finding.excerpt)}} if finding.excerpt else {}),
    }


def _own_run(report: CheckReport) -> JsonObject:
    """The clauses that do not hold, and what else the verdict says.

    A clause that holds is a rule without a result: GitHub makes an alert of every result, whatever its
    `kind` says. The states of all of them stand in the run's properties.
    """
    clauses = [clause for clause in report.clauses if clause_effect(clause) != "none"]
    rules = [
        *(sarif_rule(clause.clause, _title(clause.sentence)) for clause in report.clauses),
        *(sarif_rule(name, f"What the verdict says of {name}") for name in _sources(report.statements)),
    ]
    places = {rule["id"]: index for index, rule in reversed(list(enumerate(rules)))}
    results = [
        *(_own_result(clause.clause, clause_message(clause), clause_effect(clause), places, _file_of(clause)) for clause in clauses),
        *(_own_result(_name(told), told.message, told.effect, places, NO_FILE) for told in report.statements),
    ]  # fmt: skip
    return sarif_run(
        {"name": OWN_NAME, "fullName": f"{OWN_NAME} {__version__}", "version": __version__},
        rules,
        results[:MOST_RESULTS],
        automationDetails={"id": f"{OWN_NAME}/verdict/"},
        originalUriBaseIds=_root(report),
        invocations=[{"executionSuccessful": True}],
        properties={"agentGate": _verdict_facts(report)},
    )


def _own_result(rule: str, message: str, effect: Effect, rules: Mapping[str, int], path: str) -> JsonObject:
    return {
        "ruleId": rule,
        "ruleIndex": rules[rule],
        "level": _LEVELS[effect],
        "message": sarif_message(visible(message)),
        "locations": [sarif_location(path, None, SOURCE_ROOT)],
        "partialFingerprints": {FINGERPRINT: sha256(canonical_json([rule, message, effect]))},
        "baselineState": "new",
    }


def _verdict_facts(report: CheckReport) -> dict[str, Any]:
    verdict = report.verdict
    return {
        "base": report.base,
        "tree": report.tree,
        "outcome": verdict.outcome if verdict else "",
        "summary": report.outcome,
        "verdictDigest": verdict.digest if verdict else "",
        "spec": report.spec.id if report.spec else "",
        "run": report.run,
        "clauses": {
            clause.clause: "awaits a person" if clause.awaits_person else clause.state
            for clause in report.clauses
        },
    }


def _file_of(clause: ClauseResult) -> str:
    """The file of the first verifier that names one."""
    for row in clause.evidence:
        kind, _, target = row.verifier.partition(":")
        if kind in _WITH_A_FILE and target:
            return target.partition("::")[0]
    return NO_FILE


def _sources(statements: Iterable[Statement]) -> Iterator[str]:
    yield from dict.fromkeys(_name(told) for told in statements)


def _name(told: Statement) -> str:
    return visible_line(told.source)[:_LONGEST_RULE]


def _title(sentence: str) -> str:
    return visible_line(sentence)[:1024]


def _root(report: CheckReport) -> JsonObject:
    what = f"the top of the repository, tree {report.tree}" if report.tree else "the top of the repository"
    return {SOURCE_ROOT: {"description": {"text": what}}}
