"""A check as SARIF 2.1.0 (OASIS Standard, 27 March 2020), held against the schema and against what GitHub takes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import jsonschema  # type: ignore[import-untyped]
import pytest
from check_reports import blocked_report, report_of, reports
from hypothesis import given, settings
from values import finding, gate, parked, spec

from agent_gate.domain.visible import has_hidden
from agent_gate.report import sarif
from agent_gate.report.check_report import CheckReport
from agent_gate.report.sarif import FINGERPRINT, NO_FILE, as_sarif
from agent_gate.run.state import fold

SCHEMA_FILE = Path(__file__).resolve().parents[1] / "golden" / "sarif" / "sarif-2.1.0-rtm.5.json"
SCHEMA = jsonschema.Draft4Validator(json.loads(SCHEMA_FILE.read_text(encoding="utf-8")))


def log_of(report: CheckReport) -> dict[str, Any]:
    log: dict[str, Any] = json.loads(as_sarif(report))
    return log


def run_of(report: CheckReport, name: str) -> dict[str, Any]:
    (run,) = (run for run in log_of(report)["runs"] if run["tool"]["driver"]["name"] == name)
    return dict(run)


def texts(data: Any) -> Iterator[str]:
    """Every text of the log that a reader may be shown."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield key
            yield from texts(value)
    elif isinstance(data, list):
        for value in data:
            yield from texts(value)
    elif isinstance(data, str):
        yield data


def test_the_schema_refuses_what_is_no_log() -> None:
    log = log_of(blocked_report())
    SCHEMA.validate(log)
    log["runs"][0]["results"][0]["level"] = "fatal"
    assert not SCHEMA.is_valid(log)


def test_one_run_a_gate_and_one_for_clauses_and_verdict() -> None:
    drivers = [run["tool"]["driver"] for run in log_of(blocked_report())["runs"]]
    assert [driver["name"] for driver in drivers] == [
        "ruff",
        "bandit",
        "types",
        "style",
        "tests",
        "agent-gate",
    ]
    assert drivers[0]["version"] == "0.17.5"
    assert all(driver["version"] for driver in drivers)


def test_a_finding_in_full() -> None:
    run = run_of(blocked_report(), "ruff")
    first = run["results"][0]
    assert first == {
        "ruleId": "S608",
        "ruleIndex": 0,
        "level": "error",
        "message": {"text": "string-built SQL"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": "shop/a.py", "uriBaseId": "SRCROOT"},
                    "region": {
                        "startLine": 3, "startColumn": 9, "endLine": 4, "snippet": {"text": "query = f'{note}'\nrun(query)"},
                    },
                }
            }
        ],
        "partialFingerprints": {FINGERPRINT: blocked_report().results[0].findings[0].fingerprint},
        "baselineState": "new",
        "properties": {"severity": "medium"},
    }  # fmt: skip
    assert "SRCROOT" in run["originalUriBaseIds"]
    assert run["tool"]["driver"]["rules"][0] == {"id": "S608", "shortDescription": {"text": "ruff: S608"}}


def test_levels_baseline_and_suppressions() -> None:
    results = run_of(blocked_report(), "ruff")["results"]
    assert [(r["ruleId"], r["level"], r["baselineState"], r.get("suppressions")) for r in results] == [
        ("S608", "error", "new", None),
        ("S307", "warning", "new", [{"kind": "inSource", "status": "underReview"}]),
        ("W1", "note", "new", None),
        ("E5", "error", "unchanged", None),
    ]
    place = results[1]["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "shop/b%20c.py", "uriBaseId": "SRCROOT"}}
    (style,) = run_of(blocked_report(), "style")["results"]
    assert style["level"] == "warning"


def test_a_gate_that_could_not_look_says_so() -> None:
    (errored,) = run_of(blocked_report(), "bandit")["invocations"]
    assert not errored["executionSuccessful"]
    assert [(n["level"], n["message"]["text"]) for n in errored["toolExecutionNotifications"]] == [
        ("error", "errored: no report"), ("note", "run it by hand"),
    ]  # fmt: skip
    (nothing,) = run_of(blocked_report(), "types")["invocations"]
    assert nothing["executionSuccessful"]
    assert nothing["toolExecutionNotifications"][0]["message"]["text"] == "skipped: not applicable"
    assert run_of(blocked_report(), "types")["results"] == []


def test_clauses_that_do_not_hold_stand_at_the_file_that_should_show_them() -> None:
    run = run_of(blocked_report(), "agent-gate")
    told = [(result["ruleId"], result["level"]) for result in run["results"]]
    assert told == [("ACC-1", "error"), ("bandit", "error"), ("secrets", "error"), ("tests", "error")]
    places = [r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in run["results"]]
    assert places == ["tests/test_shop.py", NO_FILE, NO_FILE, NO_FILE]
    assert run["properties"]["agentGate"]["clauses"] == {"ACC-1": "violated"}


def test_a_clause_that_holds_is_no_result() -> None:
    """GitHub makes an alert of every result, also of one whose kind is `pass`."""
    run = run_of(CheckReport.of_run(fold(parked())), "agent-gate")
    assert run["results"] == []
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["ACC-1"]
    assert run["properties"]["agentGate"]["clauses"] == {"ACC-1": "verified"}


def test_a_clause_that_waits_for_a_person_is_a_warning() -> None:
    run = run_of(report_of(gate("ruff"), asked=spec("manual: look")), "agent-gate")
    assert [(result["ruleId"], result["level"]) for result in run["results"]] == [("ACC-1", "warning")]


def test_a_message_is_no_link() -> None:
    report = report_of(gate("ruff", findings=[finding(message="see [this](https://x.example)")]))
    (result,) = run_of(report, "ruff")["results"]
    assert result["message"]["text"] == "see [this] (https://x.example)"


def test_a_file_outside_of_the_repository_is_not_below_its_root() -> None:
    (result,) = run_of(report_of(gate("ruff", findings=[finding(path="/etc/a b")])), "ruff")["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "file:///etc/a%20b"}


def test_more_results_than_github_takes_are_left_out_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "MOST_RESULTS", 2)
    run = run_of(blocked_report(), "ruff")
    assert [result["ruleId"] for result in run["results"]] == ["S608", "S307"]
    (told,) = run["invocations"][0]["toolExecutionNotifications"]
    assert (told["level"], told["message"]["text"]) == ("warning", "2 results more are left out")


def test_nothing_changed_is_a_log_without_results() -> None:
    log = log_of(CheckReport("b" * 40, "7" * 40))
    SCHEMA.validate(log)
    assert [run["results"] for run in log["runs"]] == [[]]


@settings(max_examples=40, deadline=None)
@given(reports())
def test_any_check_is_a_log_that_github_takes(report: CheckReport) -> None:
    log = log_of(report)
    SCHEMA.validate(log)
    categories = [(run["tool"]["driver"]["name"], run["automationDetails"]["id"]) for run in log["runs"]]
    assert len(categories) == len(set(categories))
    for run in log["runs"]:
        rules = run["tool"]["driver"]["rules"]
        assert (
            len({rule["id"] for rule in rules}) == len(rules) or run["tool"]["driver"]["name"] == "agent-gate"
        )
        for result in run["results"]:
            assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
            assert result["message"]["text"]
            (location,) = result["locations"]
            assert location["physicalLocation"]["artifactLocation"]["uri"].isascii()
    assert not any(has_hidden(text) for text in texts(log))


@settings(max_examples=40, deadline=None)
@given(reports())
def test_a_new_error_is_there_exactly_where_the_check_is_blocked(report: CheckReport) -> None:
    results = [result for run in log_of(report)["runs"] for result in run["results"]]
    new = {result["level"] for result in results if result["baselineState"] == "new"}
    assert ("error" in new) == (report.effect == "block")
    assert ("warning" in new) >= (report.effect == "ask")


@settings(max_examples=40, deadline=None)
@given(reports())
def test_every_path_comes_back_from_its_uri(report: CheckReport) -> None:
    for gate_report in report.gates:
        (run,) = (r for r in log_of(report)["runs"] if r["tool"]["driver"]["name"] == gate_report.result.gate)
        uris = [r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in run["results"]]
        paths = [finding.path or NO_FILE for finding, _ in gate_report.findings]
        assert [unquote(urlsplit(uri).path) for uri in uris] == paths
