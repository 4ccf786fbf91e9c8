"""A check as JUnit XML, read back by our own parser and by expat."""

from __future__ import annotations

import re
from typing import NamedTuple
from xml.parsers import expat

from check_reports import ATTACKS, blocked_report, report_of, reports
from hypothesis import given, settings
from hypothesis import strategies as st
from values import case, finding, from_tests, gate, only, parked, spec

from agent_gate.domain.visible import has_hidden, visible_line
from agent_gate.gating.parsers.junit import parse_junit
from agent_gate.report.check_report import CheckReport
from agent_gate.report.junit import as_junit
from agent_gate.run.state import fold


class Element(NamedTuple):
    name: str
    attributes: dict[str, str]
    path: tuple[str, ...]


def elements_of(document: str) -> tuple[list[Element], list[str]]:
    """All elements with their ancestors, and all texts, as an XML reader sees them."""
    elements: list[Element] = []
    texts: list[str] = []
    path: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        elements.append(Element(name, attributes, tuple(path)))
        path.append(name)
        texts.extend(attributes.values())

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: path.pop()
    parser.CharacterDataHandler = texts.append
    parser.Parse(document.encode(), True)
    return elements, texts


def outcomes(report: CheckReport) -> dict[str, str]:
    return {case.id: case.outcome for case in parse_junit(as_junit(report).encode())}


def test_what_a_reader_makes_of_it() -> None:
    assert outcomes(blocked_report()) == {
        "agent-gate::verdict": "failed",
        "agent-gate::secrets": "failed",
        "ruff::ruff": "failed",
        "ruff::S608 shop/a.py:3": "failed",
        "ruff::S307 shop/b c.py": "skipped",
        "bandit::bandit": "errored",
        "types::types": "skipped",
        "style::style": "skipped",
        "style::C1 shop/a.py:3": "skipped",
        "tests::tests": "failed",
        "tests/test_shop.py::test_once": "failed",
        "tests/test_b.py::test_x": "skipped",
        "clauses::ACC-1 stored once": "failed",
    }


def test_what_asks_says_so() -> None:
    messages = {case.id: case.message for case in parse_junit(as_junit(blocked_report()).encode())}
    assert messages["style::C1 shop/a.py:3"] == "asks: too long"
    assert messages["style::style"] == "asks: failed"
    asks = report_of(gate("ruff"), asked=spec("manual: look"))
    (clause,) = (c for c in parse_junit(as_junit(asks).encode()) if c.id.startswith("clauses"))
    assert (clause.outcome, clause.message) == (
        "skipped",
        "asks: awaits a person: stored once (manual: look: waits for the approver's sentence)",
    )


def test_a_suite_in_full() -> None:
    hit = finding(rule="S608", message="a < b & c", excerpt="x = 1\ny = 2")
    noted = finding(rule="W1", level="note", message="only told")
    result = gate("ruff", "failed", tool_version="0.17.5", duration_ms=1234, findings=[hit, noted])
    lines = as_junit(report_of(result)).splitlines()
    assert lines[0] == '<?xml version="1.0" encoding="UTF-8"?>'
    assert (
        lines[1]
        == '<testsuites name="agent-gate" tests="3" failures="3" errors="0" skipped="0" time="1.234">'
    )
    suite = lines[lines.index("</testsuite>") + 1 :]
    assert suite == [
        '<testsuite name="ruff" tests="2" failures="2" errors="0" skipped="0" time="1.234">',
        "<properties>"
        + "".join(
            f'<property name="{name}" value="{value}"/>'
            for name, value in (
                ("status", "failed"),
                ("tool_version", "0.17.5"),
                ("definition_digest", "sha256:0"),
            )
        )
        + "</properties>",
        '<testcase classname="ruff" name="ruff" time="1.234">',
        '<failure type="failed" message="failed"></failure>',
        "</testcase>",
        '<testcase classname="ruff" name="S608 shop/a.py:3" time="0.000" file="shop/a.py" line="3">',
        '<failure type="S608" message="a &lt; b &amp; c">shop/a.py:3: S608 a &lt; b &amp; c',
        "x = 1",
        "y = 2</failure>",
        "</testcase>",
        "<system-out>shop/a.py:3: W1 only told</system-out>",
        "</testsuite>",
        "</testsuites>",
    ]


def test_a_gate_held_up_by_another_one_is_skipped_and_the_verdict_fails() -> None:
    held = report_of(gate("tests", "skipped", reason="a static gate blocks"))
    assert outcomes(held) == {"agent-gate::verdict": "failed", "tests::tests": "skipped"}


def test_two_findings_in_one_line_stay_two() -> None:
    twice = [finding(message="the first"), finding(message="the second")]
    told = parse_junit(as_junit(report_of(gate("bandit", findings=twice))).encode())
    assert [case.id for case in told if "B608" in case.id] == [
        "bandit::B608 shop/a.py:3", "bandit::B608 shop/a.py:3 (2)",
    ]  # fmt: skip


def test_a_run_that_passed() -> None:
    told = outcomes(CheckReport.of_run(fold(parked())))
    assert set(told.values()) == {"passed"}
    assert outcomes(CheckReport("b" * 40, "7" * 40)) == {"agent-gate::verdict": "passed"}


@settings(max_examples=60, deadline=None)
@given(reports())
def test_any_check_is_well_formed_and_counts_what_it_holds(report: CheckReport) -> None:
    elements, texts = elements_of(as_junit(report))
    assert not any(has_hidden(text) for text in texts)
    assert not re.search("[\ufffe\uffff]", "".join(texts))
    allowed = {
        "testsuites", "testsuite", "properties", "property", "testcase", "failure", "error", "skipped", "system-out",
    }  # fmt: skip
    assert {element.name for element in elements} <= allowed
    (whole,) = (element for element in elements if element.name == "testsuites")
    for tag, name in (
        ("testcase", "tests"),
        ("failure", "failures"),
        ("error", "errors"),
        ("skipped", "skipped"),
    ):
        assert int(whole.attributes[name]) == sum(element.name == tag for element in elements)
    told = outcomes(report)
    assert (told["agent-gate::verdict"] == "failed") == (report.effect == "block")
    assert (told["agent-gate::verdict"] == "skipped") == (report.effect == "ask")


@settings(max_examples=60, deadline=None)
@given(
    ids=st.lists(st.one_of(st.text(min_size=1, max_size=20), st.sampled_from(ATTACKS)), unique_by=visible_line, max_size=6),
    data=st.data(),
)  # fmt: skip
def test_the_outcome_of_every_test_comes_back(ids: list[str], data: st.DataObject) -> None:
    outcome = st.sampled_from(["passed", "failed", "errored", "skipped"])
    cases = [case(id=f"tests/t.py::{name}", outcome=data.draw(outcome)) for name in ids]
    told = parse_junit(as_junit(report_of(from_tests(*cases), policy=only("tests"))).encode())
    kept = {c.id: c.outcome for c in told if c.recorded}
    expected = {
        re.sub("[\ufffe\uffff]", lambda m: f"\\u{ord(m[0]):04x}", visible_line(c.id)): c.outcome
        for c in cases
    }
    assert kept == expected
