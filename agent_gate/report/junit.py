"""A check as JUnit XML, as Jenkins, GitLab and others read it.

What blocks is a failure or an error, what asks is skipped and says so, and the rest passes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape

from agent_gate.domain.gate import Finding, TestCase
from agent_gate.domain.traceability import ClauseResult
from agent_gate.domain.verdict import Reason
from agent_gate.domain.visible import visible, visible_line
from agent_gate.report.check_report import (
    CheckReport,
    Effect,
    GateReport,
    Statement,
    clause_effect,
    clause_message,
)

_NO_CHARACTER = re.compile("[\ufffe\uffff]")
"""What XML 1.0 cannot hold and is no control character (§2.2); the others are made visible already."""


@dataclass(frozen=True)
class _Case:
    """One `testcase`. Without a tag it passed."""

    classname: str
    name: str
    tag: str = ""
    message: str = ""
    kind: str = ""
    detail: str = ""
    path: str = ""
    line: int = 0
    nodeid: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class _Suite:
    """One `testsuite`."""

    name: str
    cases: tuple[_Case, ...]
    properties: tuple[tuple[str, str], ...] = ()
    told: tuple[str, ...] = ()
    """What is only told: lines of `system-out`."""
    seconds: float = 0.0


def as_junit(report: CheckReport) -> str:
    """The whole document. The case `verdict` of the suite `agent-gate` fails exactly where the check is blocked."""
    suites = [
        _verdict_suite(report),
        *(_gate_suite(gate) for gate in report.gates),
        *([_Suite("clauses", tuple(map(_clause_case, report.clauses)))] if report.clauses else ()),
    ]
    counts = _counts(case for suite in suites for case in suite.cases)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f"<testsuites{_attributes(name='agent-gate', **counts, time=_time(sum(s.seconds for s in suites)))}>",
        *(line for suite in suites for line in _suite_lines(suite)),
        "</testsuites>",
    ]
    return "\n".join(lines)


def _verdict_suite(report: CheckReport) -> _Suite:
    tag = {"block": "failure", "ask": "skipped"}.get(report.effect, "")
    verdict = report.verdict
    reasons = (*verdict.blocking, *verdict.questions) if verdict else ()
    detail = "\n".join(_reason_line(reason) for reason in reasons)
    facts = {
        "base": report.base,
        "tree": report.tree,
        "run": report.run,
        "spec": report.spec.id if report.spec else "",
        "verdict_digest": verdict.digest if verdict else "",
    }
    cases = [_Case("agent-gate", "verdict", tag, report.outcome, "verdict", detail)]
    judged = {gate.result.gate for gate in report.gates}
    cases += [_statement_case(told) for told in report.statements if told.source not in judged]
    return _Suite("agent-gate", tuple(cases), tuple((name, value) for name, value in facts.items() if value))


def _statement_case(told: Statement) -> _Case:
    tag, asks = _outcome(told.effect)
    return _Case("agent-gate", told.source, tag, f"{asks}{told.message}", "verdict")


def _reason_line(reason: Reason) -> str:
    return f"{reason.source}: {visible_line(reason.message)}"


def _gate_suite(gate: GateReport) -> _Suite:
    result = gate.result
    facts = {
        "status": result.status,
        "tool_version": result.tool_version,
        "definition_digest": result.definition_digest,
        "sandbox": result.sandbox,
        "cached": "true" if result.cached else "",
    }
    return _Suite(
        name=result.gate,
        cases=(
            _gate_case(gate),
            *(_finding_case(result.gate, item.finding, item.effect) for item in gate.findings if item.effect in {"block", "ask"}),
            *(_test_case(case) for case in result.cases),
        ),
        properties=tuple((name, value) for name, value in facts.items() if value),
        told=tuple(_finding_line(finding) for finding in gate.at("note")),
        seconds=result.duration_ms / 1000,
    )  # fmt: skip


def _gate_case(gate: GateReport) -> _Case:
    """The gate itself. One that did not run because another one blocks is skipped: the verdict fails for it."""
    result = gate.result
    message = ": ".join(filter(None, (result.status, result.reason)))
    tags = {"failed": "failure", "errored": "error", "skipped": "skipped", "passed": ""}
    tag = tags[result.status]
    if tag in {"failure", "error"} and gate.effect != "block":
        tag, message = "skipped", f"asks: {message}"
    return _Case(result.gate, result.gate, tag, message, result.status, result.hint, seconds=result.duration_ms / 1000)  # fmt: skip


def _finding_case(gate: str, finding: Finding, effect: Effect) -> _Case:
    tag, asks = _outcome(effect)
    detail = "\n".join(filter(None, (_finding_line(finding), visible(finding.excerpt))))
    return _Case(
        gate,
        f"{finding.rule} {_place(finding)}".strip(),
        tag,
        f"{asks}{finding.message}",
        finding.rule,
        detail,
        finding.path,
        finding.line,
    )


def _outcome(effect: Effect) -> tuple[str, str]:
    """The tag, and how the message begins."""
    return {"block": ("failure", ""), "ask": ("skipped", "asks: ")}.get(effect, ("", ""))


def _test_case(case: TestCase) -> _Case:
    """A test of the candidate's run as it ended, whatever follows from that."""
    file, _, name = case.id.partition("::")
    tags = {"failed": "failure", "errored": "error", "skipped": "skipped"}
    told = [
        f"on the base: {case.on_base}",
        *(["the change adds or edits this test"] if case.changed else ()),
        *([f"red on the base: {case.red}"] if case.red else ()),
    ]
    return _Case(
        classname=file.removesuffix(".py").replace("/", "."),
        name=name or file,
        tag=tags.get(case.outcome, ""),
        message=case.message or case.outcome,
        kind=case.outcome,
        detail="; ".join(told),
        path=file,
        nodeid=case.id,
    )


def _clause_case(clause: ClauseResult) -> _Case:
    effect = clause_effect(clause)
    tag, asks = ("skipped", "") if clause.state == "waived" else _outcome(effect)
    detail = "\n".join(
        f"{row.verifier}: {row.state}: {row.required}: {row.measured or row.basis}" for row in clause.evidence
    )
    name = f"{clause.clause} {clause.sentence}"
    return _Case("clauses", name, tag, f"{asks}{clause_message(clause)}", clause.state, detail)


def _place(finding: Finding) -> str:
    return f"{finding.path}:{finding.line}" if finding.line else finding.path


def _finding_line(finding: Finding) -> str:
    return visible_line(f"{_place(finding)}: {finding.rule} {finding.message}".removeprefix(": "))


def _counts(cases: Iterable[_Case]) -> dict[str, str]:
    tags = Counter(case.tag for case in cases)
    counted = {"failures": tags["failure"], "errors": tags["error"], "skipped": tags["skipped"]}
    return {name: str(number) for name, number in {"tests": tags.total(), **counted}.items()}


def _suite_lines(suite: _Suite) -> Iterator[str]:
    yield f"<testsuite{_attributes(name=suite.name, **_counts(suite.cases), time=_time(suite.seconds))}>"
    if suite.properties:
        pairs = "".join(
            f"<property{_attributes(name=name, value=value)}/>" for name, value in suite.properties
        )
        yield f"<properties>{pairs}</properties>"
    for case in _named_apart(suite.cases):
        yield from _case_lines(case)
    if suite.told:
        yield f"<system-out>{_text(chr(10).join(suite.told))}</system-out>"
    yield "</testsuite>"


def _named_apart(cases: Sequence[_Case]) -> Iterator[_Case]:
    """Two findings in one line have one name, and readers take cases of one name for one case."""
    seen: Counter[tuple[str, str]] = Counter()
    for case in cases:
        key = (case.classname, case.name)
        seen[key] += 1
        yield case if seen[key] == 1 or case.nodeid else replace(case, name=f"{case.name} ({seen[key]})")


def _case_lines(case: _Case) -> Iterator[str]:
    place = {"file": case.path, "line": str(case.line) if case.line else ""}
    named = {name: value for name, value in place.items() if value}
    yield f"<testcase{_attributes(classname=case.classname, name=case.name, time=_time(case.seconds), **named)}>"
    if case.nodeid:
        yield f"<properties><property{_attributes(name='nodeid', value=case.nodeid)}/></properties>"
    if case.tag == "skipped":
        yield f"<skipped{_attributes(type=case.kind, message=case.message)}/>"
        if case.detail:
            yield f"<system-out>{_text(case.detail)}</system-out>"
    elif case.tag:
        yield f"<{case.tag}{_attributes(type=case.kind, message=case.message)}>{_text(case.detail)}</{case.tag}>"
    elif case.detail:
        yield f"<system-out>{_text(case.detail)}</system-out>"
    yield "</testcase>"


def _attributes(**values: str) -> str:
    """Each on one line: a reader would turn a newline in an attribute into a space (XML 1.0, §3.3.3)."""
    return "".join(f' {name}="{_text(visible_line(value))}"' for name, value in values.items())


def _text(text: str) -> str:
    """Text of others, with nothing in it that XML cannot hold or would read as markup."""
    shown = _NO_CHARACTER.sub(lambda found: f"\\u{ord(found[0]):04x}", visible(text))
    return escape(shown, quote=True)


def _time(seconds: float) -> str:
    return f"{seconds:.3f}"
