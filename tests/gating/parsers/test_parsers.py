"""Hostile and odd output: what cannot be read is an error, never an empty report."""

from __future__ import annotations

import json

import pytest

from agent_gate.gating.parsers import PARSERS
from agent_gate.gating.parsers.junit import parse_junit

XML = b"""<?xml version="1.0"?><testsuites><testsuite name="pytest" tests="3">
<testcase classname="tests.test_a" name="test_x"><properties><property name="nodeid" value="tests/test_a.py::test_x"/>
</properties></testcase>
<testcase classname="tests.test_a" name="test_y"><failure message="assert 1 == 2">E assert</failure></testcase>
<testcase classname="tests.test_a" name="test_z"><skipped message="why"/></testcase>
</testsuite></testsuites>"""


@pytest.mark.parametrize("parser", sorted(PARSERS))
@pytest.mark.parametrize(
    "output", [b"", b"garbage", b"{}", b"[1]", b'[{"code": 1}]', b"[" * 200_000, b"<a/>", b"null"]
)
def test_what_cannot_be_read_is_an_error(parser: str, output: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        PARSERS[parser](output, "/copy")


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
    report = PARSERS["bandit-json"](json.dumps(output).encode(), "/copy")
    assert report.examined == frozenset({"a.py"})
    assert [(hit.path, hit.rule, hit.unparsed) for hit in report.hits] == [("b.py", "unparsable", True)]


def test_paths_are_relative_to_the_copy() -> None:
    item = {
        "code": "F401", "filename": "/copy/pkg/a.py", "message": "m",
        "location": {"row": 2, "column": 3}, "end_location": {"row": 2, "column": 5},
    }  # fmt: skip
    (hit,) = PARSERS["ruff-json"](json.dumps([item]).encode(), "/copy").hits
    assert (hit.path, hit.line, hit.column, hit.unparsed) == ("pkg/a.py", 2, 3, False)
