from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_gate.gating.pytest_stream import read_told

WORD = "0123456789abcdef"
TESTS = [["t.py::must_fail", 1, ""], ["t.py::test_a", 4, "ab"], ["t.py::must_raise", 1, ""]]
COLLECTED = {"tests": TESTS, "must_fail": ["t.py::must_fail", "t.py::must_raise"], "must_pass": []}
END = {"exit_code": 1, "modules": {}}


def phase(test: int, when: str, outcome: str, raised: str = "") -> tuple[str, dict[str, Any]]:
    return "phase", {"test": test, "when": when, "outcome": outcome, "raised": raised}


RUN: list[tuple[str, Any]] = [
    ("collected", COLLECTED),
    phase(0, "call", "failed", "AssertionError"),
    phase(0, "teardown", "passed"),
    phase(1, "call", "passed"),
    phase(1, "teardown", "passed"),
    phase(2, "setup", "failed", "KeyError"),
    phase(2, "teardown", "passed"),
    ("end", END),
]


def stream(events: Sequence[tuple[str, Any]], word: str = WORD) -> bytes:
    return b"".join(json.dumps([word, n, *event]).encode() + b"\n" for n, event in enumerate(events))


def test_what_is_told_is_read() -> None:
    told = read_told(stream(RUN), WORD)
    assert told.outcomes == {
        "t.py::must_fail": "failed",
        "t.py::test_a": "passed",
        "t.py::must_raise": "errored",
    }
    assert told.overruled == set()
    assert told.coverage is None


def test_the_worst_outcome_of_a_test_counts() -> None:
    said = [*RUN[:4], phase(1, "call", "failed"), *RUN[4:]]
    assert read_told(stream(said), WORD).outcomes["t.py::test_a"] == "failed"
    torn = [*RUN[:4], phase(1, "teardown", "failed", "OSError"), *RUN[5:]]
    assert read_told(stream(torn), WORD).outcomes["t.py::test_a"] == "errored"


def test_what_raised_and_is_said_to_have_passed_is_kept() -> None:
    said = [*RUN[:3], phase(1, "call", "passed", "AssertionError"), *RUN[4:]]
    assert read_told(stream(said), WORD).overruled == {"t.py::test_a"}


@pytest.mark.parametrize("missing", [3, 4])
def test_a_test_that_did_not_come_to_its_end_has_no_outcome(missing: int) -> None:
    said = [event for n, event in enumerate(RUN) if n != missing]
    assert "t.py::test_a" not in read_told(stream(said), WORD).outcomes


REFUSED: dict[str, bytes] = {
    "nothing": b"",
    "another word": stream(RUN, "f" * 16),
    "one line of another word": stream(RUN[:-1]) + json.dumps(["", 7, "end", END]).encode() + b"\n",
    "a line twice": stream(RUN[:2]) + stream(RUN),
    "a line that was lost": b"".join(
        stream(RUN).splitlines(keepends=True)[:3] + stream(RUN).splitlines(keepends=True)[4:]
    ),
    "a torn line": stream(RUN)[:-1],
    "no end": stream(RUN[:-1]),
    "something after the end": stream([*RUN, phase(1, "call", "passed")]),
    "two lists of tests": stream([RUN[0], *RUN]),
    "outcomes before the list": stream([phase(0, "call", "passed"), *RUN]),
    "an outcome of nobody": stream([RUN[0], phase(3, "call", "passed"), *RUN[1:]]),
    "a plan after the list": stream([RUN[0], ("plan", {"files": {}}), *RUN[1:]]),
    "one canary": stream([("collected", {**COLLECTED, "must_fail": ["t.py::must_fail"]}), *RUN[1:]]),
    "an unknown event": stream([RUN[0], ("hello", {}), *RUN[1:]]),
    "unknown fields": stream([RUN[0], ("altered", {"name": "a", "where": "b", "more": 1}), *RUN[1:]]),
    "deep nesting": b"[" * 100_000 + b"\n",
    "no list": b"1\n",
}


@pytest.mark.parametrize("kind", sorted(REFUSED))
def test_what_does_not_fit_is_refused(kind: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever the words
        read_told(REFUSED[kind], WORD)


@given(st.binary(max_size=200))
def test_garbage_is_refused(garbage: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        read_told(garbage, WORD)


@given(st.data())
def test_no_line_can_be_taken_away_or_doubled(data: st.DataObject) -> None:
    lines = stream(RUN).splitlines(keepends=True)
    at = data.draw(st.integers(0, len(lines) - 1))
    changed = data.draw(st.sampled_from([lines[:at] + lines[at + 1 :], lines[: at + 1] + lines[at:]]))
    with pytest.raises(ValueError):  # noqa: PT011
        read_told(b"".join(changed), WORD)
