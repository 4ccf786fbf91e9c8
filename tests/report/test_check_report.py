"""What is put in order once for every format."""

from __future__ import annotations

from check_reports import blocked_report, report_of, reports
from hypothesis import given, settings
from values import finding, gate, parked, spec, started

from agent_gate.report.check_report import CheckReport, clause_effect, strongest
from agent_gate.run.state import fold


def test_a_finding_of_an_advisory_gate_asks() -> None:
    report = blocked_report()
    effects = {gate.result.gate: gate.effect for gate in report.gates}
    assert effects == {"ruff": "block", "bandit": "block", "types": "none", "style": "ask", "tests": "block"}
    (style,) = (gate for gate in report.gates if gate.result.gate == "style")
    assert [item.effect for item in style.findings] == ["ask"]


def test_what_blocks_comes_first_and_what_was_there_before_does_nothing() -> None:
    ruff = blocked_report().gates[0]
    assert [(item.finding.rule, item.effect) for item in ruff.findings] == [
        ("S608", "block"), ("S307", "ask"), ("W1", "note"), ("E5", "none"),
    ]  # fmt: skip


def test_reasons_that_no_finding_tells() -> None:
    assert [(told.source, told.effect) for told in blocked_report().statements] == [
        ("bandit", "block"), ("secrets", "block"), ("tests", "block"),
    ]  # fmt: skip


def test_the_outcome_in_words() -> None:
    assert CheckReport("b", "t").outcome == "nothing changed: nothing to judge"
    assert blocked_report().outcome == "blocked"
    asks = gate("ruff", findings=[finding(level="ask")])
    assert report_of(asks).outcome == "passed, with 1 question for a person"
    both = report_of(asks, asked=spec("manual: look"))
    assert both.outcome == "passed, with 2 questions for a person"
    assert report_of(gate("own", sandbox="none")).outcome == "passed; unsandboxed"


def test_a_run_is_told_as_its_newest_candidate() -> None:
    state = fold(parked())
    report = CheckReport.of_run(state)
    assert (report.results, report.verdict, report.clauses) == (state.results, state.verdict, state.clauses)
    assert (report.run, report.phase) == (state.run_id, "awaiting approval")
    early = CheckReport.of_run(fold((started(),)))
    assert (early.outcome, early.gates, early.tree) == ("not judged yet", (), "")


@settings(max_examples=80, deadline=None)
@given(reports())
def test_each_reason_of_the_verdict_is_told_and_nothing_else_blocks_or_asks(report: CheckReport) -> None:
    assert report.verdict is not None
    findings = [
        (gate.result.gate, finding.fingerprint, effect)
        for gate in report.gates
        for finding, effect in gate.findings
        if effect in {"block", "ask"}
    ]
    told = {(told.source, told.message, told.effect) for told in report.statements}
    broken = {clause.clause for clause in report.clauses if clause_effect(clause) == "block"}
    for effect, reasons in (("block", report.verdict.blocking), ("ask", report.verdict.questions)):
        for reason in reasons:
            assert (
                (reason.source, reason.fingerprint, effect) in findings
                or (reason.source, reason.fingerprint, "block") in findings
                or (reason.source, reason.message, effect) in told
                or reason.source in broken
            )
    everything = [effect for *_, effect in (*findings, *told)]
    everything += [clause_effect(clause) for clause in report.clauses]
    assert strongest(everything) == report.effect
