"""Hostile and odd output: what cannot be read is an error, never an empty report."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_gate.gating.parsers import PARSERS, check_options
from agent_gate.gating.parsers.junit import parse_junit
from agent_gate.gating.parsers.report import MAXIMUM_HITS, Report, ToolOutput

XML = b"""<?xml version="1.0"?><testsuites><testsuite name="pytest" tests="3">
<testcase classname="tests.test_a" name="test_x"><properties><property name="nodeid" value="tests/test_a.py::test_x"/>
</properties></testcase>
<testcase classname="tests.test_a" name="test_y"><failure message="assert 1 == 2">E assert</failure></testcase>
<testcase classname="tests.test_a" name="test_z"><skipped message="why"/></testcase>
</testsuite></testsuites>"""
STRUCTURED = sorted({*PARSERS} - {"exit-code", "github", "mypy-json", "regex"})
"""These always write something; the others may have nothing to say."""
OPTIONS = {"regex": {"pattern": r"^(?P<path>[^:]+):(?P<line>\d+): (?P<message>.+)$", "clean": "^fine$"}}


def read(parser: str, stdout: bytes, **more: Any) -> Report:
    more.setdefault("options", OPTIONS.get(parser, {}))
    return PARSERS[parser](ToolOutput(stdout=stdout, root="/copy", **more))


@pytest.mark.parametrize("parser", STRUCTURED)
@pytest.mark.parametrize(
    "output", [b"", b"garbage", b"{}", b"[1]", b'[{"code": 1}]', b"[" * 200_000, b"<a/>", b"null", b"\xff"]
)
def test_what_cannot_be_read_is_an_error(parser: str, output: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read(parser, output)


@pytest.mark.parametrize("parser", sorted({*PARSERS} - {"exit-code"}))
def test_an_exit_code_for_findings_without_a_finding_is_an_error(parser: str) -> None:
    silent = {
        "bandit-json": b'{"errors": [], "results": [], "metrics": {}}',
        "junit-xml": b"<testsuites><testcase name='a'/></testsuites>",
        "pyright-json": b'{"generalDiagnostics": [], "summary": {"filesAnalyzed": 1}}',
        "regex": b"fine",
        "ruff-json": b"[]",
        "sarif": b'{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}}, "results": []}]}',
    }.get(parser, b"")
    assert read(parser, silent).hits == ()
    with pytest.raises(ValueError, match="exit code 1, and nothing was found"):
        read(parser, silent, exit_code=1)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
VIOLATION = {
    "code": "F401", "filename": "a.py", "message": "m", "location": {"row": 1, "column": 1},
    "end_location": {"row": 1, "column": 1},
}  # fmt: skip
SARIF = {
    "version": "2.1.0",
    "runs": [{
        "tool": {"driver": {"name": "x", "rules": [{"id": "r", "defaultConfiguration": {"level": "note"}}]}},
        "artifacts": [{"location": {"uri": "a.js"}}],
        "originalUriBaseIds": {"ROOT": {"uri": "file:///copy/"}},
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": []}],
        "results": [{
            "ruleId": "r", "ruleIndex": 0, "level": "error", "message": {"text": "m", "arguments": []},
            "suppressions": [{"kind": "inSource"}],
            "locations": [{"physicalLocation": {
                "artifactLocation": {"uri": "a.js", "uriBaseId": "ROOT", "index": 0},
                "region": {"startLine": 1, "endLine": 1, "startColumn": 1},
            }}],
        }],
    }],
}  # fmt: skip
PYRIGHT = {
    "generalDiagnostics": [
        {"file": "a.py", "severity": "error", "message": "m", "rule": "r",
         "range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}},
    ],
    "summary": {"filesAnalyzed": 1},
}  # fmt: skip
MYPY = {
    "file": "a.py",
    "line": 1,
    "column": 0,
    "end_line": 1,
    "message": "m",
    "code": "c",
    "severity": "error",
}
BANDIT = {
    "errors": [{"filename": "b.py", "reason": "r"}], "metrics": {"a.py": {}},
    "results": [{"test_id": "B1", "filename": "a.py", "issue_text": "m", "line_number": 1, "line_range": [1],
                 "col_offset": 0, "issue_severity": "LOW"}],
}  # fmt: skip


def _paths(data: Any, so_far: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    children = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [so_far, *(path for key, item in children for path in _paths(item, (*so_far, key)))]


def _with(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copy = dict(data) if isinstance(data, dict) else list(data)
    copy[path[0]] = _with(copy[path[0]], path[1:], value)
    return copy


@pytest.mark.parametrize(
    ("parser", "document"),
    [("ruff-json", [VIOLATION]), ("sarif", SARIF), ("pyright-json", PYRIGHT), ("mypy-json", MYPY), ("bandit-json", BANDIT)],
)  # fmt: skip
@given(data=st.data())
def test_any_value_in_any_place_is_read_or_refused(parser: str, document: Any, data: st.DataObject) -> None:
    """A report, or ValueError: nothing else ever comes out, and every hit makes a finding."""
    path = data.draw(st.sampled_from(_paths(document)))
    changed = _with(document, path, data.draw(JSON))
    try:
        report = read(parser, json.dumps(changed).encode())
    except ValueError:
        return
    for hit in report.hits:
        assert all(isinstance(value, str) for value in (hit.rule, hit.path, hit.message))
        assert all(type(value) is int and value >= 0 for value in (hit.line, hit.end_line, hit.column))
        assert len(hit.message) <= 2000
        (hit.rule + hit.path + hit.message).encode()


@given(st.binary(max_size=300))
def test_lines_of_anything_are_read_or_refused(output: bytes) -> None:
    for parser in ("github", "regex"):
        try:
            assert isinstance(read(parser, output), Report)
        except ValueError as error:
            assert str(error)  # noqa: PT017 - either outcome is right


def test_more_findings_than_make_sense_are_an_error() -> None:
    with pytest.raises(ValueError, match="more than 20000 findings"):
        read("ruff-json", json.dumps([VIOLATION] * (MAXIMUM_HITS + 1)).encode())


def test_cases_carry_node_id_outcome_and_traceback() -> None:
    first, second, third = parse_junit(XML)
    assert (first.id, first.outcome, first.recorded) == ("tests/test_a.py::test_x", "passed", True)
    assert (second.id, second.outcome, second.message, second.detail) == (
        "tests.test_a::test_y", "failed", "assert 1 == 2", "E assert",
    )  # fmt: skip
    assert third.outcome == "skipped"


def test_of_two_elements_for_one_test_the_worst_counts() -> None:
    twice = XML.replace(b"test_z", b"test_y").replace(
        b'<skipped message="why"/>', b'<error message="teardown"/>'
    )
    assert [case.outcome for case in parse_junit(twice)] == ["passed", "errored"]


@pytest.mark.parametrize(
    "document",
    [
        b'<!DOCTYPE x [<!ENTITY a "b">]>' + XML.partition(b"?>")[2],
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd">' + XML.partition(b"?>")[2],
        b"<testsuite>" * 200 + b"</testsuite>" * 200,
        XML[:-20],
        b"<other/>",
    ],
)
def test_hostile_documents_are_refused(document: bytes) -> None:
    with pytest.raises(ValueError, match=r"document type|too deeply|well-formed|no test suite"):
        parse_junit(document)


def test_bandits_errors_are_findings_and_the_file_is_not_examined() -> None:
    output = {
        "errors": [{"filename": "./b.py", "reason": "syntax error"}],
        "results": [],
        "metrics": {"./a.py": {}, "./b.py": {}, "_totals": {}},
    }
    report = read("bandit-json", json.dumps(output).encode())
    assert report.examined == frozenset({"a.py"})
    assert [(hit.path, hit.rule, hit.unparsed) for hit in report.hits] == [("b.py", "unparsable", True)]


def test_paths_are_relative_to_the_copy() -> None:
    item = {**VIOLATION, "filename": "/copy/pkg/a.py", "location": {"row": 2, "column": 3}}
    (hit,) = read("ruff-json", json.dumps([item]).encode()).hits
    assert (hit.path, hit.line, hit.column, hit.unparsed) == ("pkg/a.py", 2, 3, False)


@pytest.mark.parametrize(
    ("parser", "options", "told"),
    [
        ("regex", {}, "pattern: is missing"),
        ("regex", {"pattern": "("}, "pattern: "),
        ("regex", {"pattern": 1}, "pattern: "),
        ("regex", {"pattern": "(?P<path>x)"}, "needs a group named message"),
        ("regex", {"pattern": "(?P<message>x)(?P<file>y)"}, "no use for the group 'file'"),
        ("regex", {"pattern": "(?P<message>x)", "clean": "["}, "clean: "),
        ("exit-code", {"failing": 1}, "failing: a list"),
        ("exit-code", {"failing": []}, "failing: a list"),
        ("sarif", {"artifacts": "all"}, 'artifacts: can only be "examined"'),
        ("ruff-json", {"level": 1}, "level: ruff-json has no such option"),
    ],
)
def test_options_are_checked(parser: str, options: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=r"\w") as caught:
        check_options(parser, options)
    assert told in str(caught.value)
