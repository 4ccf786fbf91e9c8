"""SARIF, JUnit, workflow commands and lines, piece by piece."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent_gate.gating.parsers import PARSERS
from agent_gate.gating.parsers.report import Hit, Report, ToolOutput


def read(parser: str, stdout: str, exit_code: int = 0, **options: Any) -> Report:
    return PARSERS[parser](ToolOutput(stdout.encode(), exit_code=exit_code, root="/copy", options=options))


def sarif(*results: Any, **run: Any) -> str:
    rules = [
        {"id": "quiet", "defaultConfiguration": {"level": "note"}},
        {"id": "loud", "defaultConfiguration": {"level": "error"}, "messageStrings": {"m": {"text": "{0} is {1}"}}},
        {"id": "off", "defaultConfiguration": {"level": "none"}},
    ]  # fmt: skip
    driver = {"name": "x", "rules": rules}
    return json.dumps({"version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results, **run}]})


def at(uri: str, **more: Any) -> list[Any]:
    return [{"physicalLocation": {"artifactLocation": {"uri": uri, **more}, "region": {"startLine": 3}}}]


def only(report: Report) -> Hit:
    (hit,) = report.hits
    return hit


@pytest.mark.parametrize(
    ("result", "severity"),
    [
        ({"ruleId": "quiet"}, "low"),
        ({"ruleId": "loud"}, "high"),
        ({"ruleIndex": 1}, "high"),
        ({"rule": {"id": "loud"}}, "high"),
        ({"rule": {"index": 0}}, "low"),
        ({"ruleId": "unknown"}, "medium"),
        ({"ruleId": "loud", "level": "note"}, "low"),
        ({"ruleId": "loud", "kind": "review"}, "low"),
        ({"ruleId": "off"}, None),
        ({"ruleId": "loud", "level": "none"}, None),
        ({"ruleId": "loud", "kind": "pass"}, None),
        ({"ruleId": "loud", "baselineState": "absent"}, None),
        ({"ruleId": "loud", "baselineState": "unchanged"}, "high"),
    ],
)
def test_levels(result: Any, severity: str | None) -> None:
    hits = read("sarif", sarif({"message": {"text": "m"}, **result})).hits
    assert [hit.severity for hit in hits] == ([severity] if severity else [])


@pytest.mark.parametrize(
    ("uri", "more", "path"),
    [
        ("a.js", {}, "a.js"),
        ("./src/../a%20b.js", {}, "a b.js"),
        ("file:///copy/src/a.js", {}, "src/a.js"),
        ("/copy/src/a.js", {}, "src/a.js"),
        ("file:///elsewhere/a.js", {}, "/elsewhere/a.js"),
        ("../../etc/passwd", {}, "/etc/passwd"),
        ("a.js", {"uriBaseId": "%SRCROOT%"}, "a.js"),
        ("a.js", {"uriBaseId": "ABSOLUTE"}, "pkg/a.js"),
        ("a.js", {"uriBaseId": "NESTED"}, "pkg/inner/a.js"),
        (None, {"index": 0}, "listed.js"),
    ],
)
def test_places(uri: str | None, more: Any, path: str) -> None:
    bases = {"ABSOLUTE": {"uri": "file:///copy/pkg/"}, "NESTED": {"uri": "inner/", "uriBaseId": "ABSOLUTE"}}
    place = at(uri or "", **more)
    if uri is None:
        del place[0]["physicalLocation"]["artifactLocation"]["uri"]
    result = {"ruleId": "loud", "message": {"text": "m"}, "locations": place}
    artifacts = [{"location": {"uri": "listed.js"}}]
    hit = only(read("sarif", sarif(result, originalUriBaseIds=bases, artifacts=artifacts)))
    assert (hit.path, hit.line) == (path, 3)


def test_a_result_without_a_place_is_about_the_whole_tree() -> None:
    hit = only(read("sarif", sarif({"ruleId": "loud", "message": {"id": "m", "arguments": ["it", "bad"]}})))
    assert (hit.path, hit.line, hit.message) == ("", 0, "it is bad")


@pytest.mark.parametrize(
    ("suppressions", "suppressed"),
    [
        ([], False),
        ([{"kind": "inSource"}], True),
        ([{"kind": "external", "status": "accepted"}], True),
        ([{"kind": "external", "status": "underReview"}], False),
        ([{"kind": "inSource"}, {"kind": "external", "status": "rejected"}], False),
    ],
)
def test_suppressions(suppressions: Any, suppressed: bool) -> None:
    result = {"ruleId": "loud", "message": {"text": "m"}, "suppressions": suppressions}
    assert only(read("sarif", sarif(result))).suppressed == suppressed


@pytest.mark.parametrize(
    ("run", "told"),
    [
        ({"results": None}, "a run without results"),
        ({"invocations": [{"executionSuccessful": False}]}, "the tool says that it failed: no reason"),
        ({"invocations": [{"executionSuccessful": False, "exitCodeDescription": "boom"}]}, "failed: boom"),
        ({"invocations": [{"toolConfigurationNotifications": [{"level": "error", "message": {"text": "bad rule"}}]}]},
         "the tool reports: bad rule"),
        ({"externalPropertyFileReferences": {"results": [{}]}}, "its results lie in another file"),
        ({"originalUriBaseIds": {"A": {"uriBaseId": "A"}}}, "stand on one another without end"),
    ],
)  # fmt: skip
def test_a_run_that_failed_is_an_error(run: Any, told: str) -> None:
    result = {"ruleId": "loud", "message": {"text": "m"}, "locations": at("a.js", uriBaseId="A")}
    with pytest.raises(ValueError, match=told):
        read("sarif", sarif(result, **run))


def test_an_error_about_a_file_means_that_it_was_not_read() -> None:
    note = {
        "level": "error",
        "message": {"text": "m"},
        "locations": at("a.js"),
        "descriptor": {"id": "parse"},
    }
    run = {"invocations": [{"executionSuccessful": False, "toolExecutionNotifications": [note]}]}
    hit = only(read("sarif", sarif(**run)))
    assert (hit.path, hit.rule, hit.unparsed) == ("a.js", "parse", True)


def test_several_runs_and_analysis_targets() -> None:
    one = json.loads(sarif({"ruleId": "loud", "message": {"text": "1"}}))
    artifacts = [{"location": {"uri": "a.js"}, "roles": ["analysisTarget"]}, {"location": {"uri": "b.js"}}]
    two = json.loads(sarif({"ruleId": "quiet", "message": {"text": "2"}}, artifacts=artifacts))
    report = read("sarif", json.dumps({"version": "2.1.0", "runs": [*one["runs"], *two["runs"]]}))
    assert [hit.message for hit in report.hits] == ["1", "2"]
    assert report.examined == frozenset({"a.js"})


def test_workflow_commands() -> None:
    report = read(
        "github",
        "hello\n::group::x\n::error file=src/a%2Cb.js,line=3,endLine=4,col=5,title=X1::50%25 of%0Ait: bad\n"
        "::warning::all of it\n  ::notice file=/copy/c.js::fine\n::endgroup::\n",
        exit_code=1,
    )
    assert report.hits == (
        Hit("X1", "src/a,b.js", "50% of\nit: bad", line=3, end_line=4, column=5, severity="high"),
        Hit("warning", "", "all of it", severity="medium"),
        Hit("notice", "c.js", "fine", severity="low"),
    )


@pytest.mark.parametrize("line", ["::error file=a,line=x::m", "::error file=a", "::error"])
def test_a_workflow_command_that_cannot_be_read_is_an_error(line: str) -> None:
    with pytest.raises(ValueError, match=r"expected|cannot be read"):
        read("github", line)


PATTERN = (
    r"^(?P<path>[^:]+):(?P<line>\d+):(?P<column>\d+): (?P<severity>\w+): (?P<message>[^[]+)\[(?P<rule>.+)\]$"
)


def test_lines() -> None:
    text = "/copy/a.py:3:4: error: wrong [R1]\nnoise\nb.py:1:1: note: look [R2]\n"
    assert read("regex", text, pattern=PATTERN).hits == (
        Hit("R1", "a.py", "wrong ", line=3, end_line=3, column=4, severity="medium"),
        Hit("R2", "b.py", "look ", line=1, end_line=1, column=1, severity="low"),
    )


def test_silence_is_no_pass_where_the_tool_says_so() -> None:
    assert read("regex", "Success\n", pattern=PATTERN, clean="^Success$").hits == ()
    with pytest.raises(ValueError, match="no line says that there is nothing"):
        read("regex", "", pattern=PATTERN, clean="^Success$")


def test_a_finding_is_not_hidden_in_a_line_without_end() -> None:
    with pytest.raises(ValueError, match="a line of 5018 characters"):
        read("regex", f"a.py:3:4: error: {'x' * 5000}[", pattern=PATTERN)


JUNIT = """<testsuites><testsuite name="suite">{}</testsuite></testsuites>"""


@pytest.mark.parametrize(
    ("case", "path", "test"),
    [
        ('<testcase classname="com.x.FooTest" name="bar">{}</testcase>', "", "com.x.FooTest::suite::bar"),
        ('<testcase classname="suite" name="TestBar">{}</testcase>', "", "suite::TestBar"),
        ('<testcase classname="suite" name="adds" file="/copy/test/a.test.js">{}</testcase>',
         "test/a.test.js", "test/a.test.js::suite::adds"),
        ('<testcase name="/copy/test/a.js">{}</testcase>', "", "suite::test/a.js"),
    ],
)  # fmt: skip
def test_junit_of_other_runners(case: str, path: str, test: str) -> None:
    hit = only(
        read("junit-xml", JUNIT.format(case.format("<failure>at /copy/x.js\n</failure>")), exit_code=1)
    )
    assert (hit.path, hit.rule, hit.identity, hit.severity) == (path, "failed", test, "high")
    assert hit.message == f"{test}: at x.js"
    assert read("junit-xml", JUNIT.format(case.format(""))).cases == (test,)


@pytest.mark.parametrize("cases", ["", '<testcase name="a"><skipped/></testcase>'])
def test_a_run_of_no_test_is_not_complete(cases: str) -> None:
    assert read("junit-xml", JUNIT.format(cases)).incomplete == "no test ran"
