"""What the recorder told of one run, line by line, as it came down the pipe.

It comes from a process in which the candidate's code ran. So the order, the numbers and the word of the
run have to be right in every line, nothing may follow the end, and whatever does not fit is refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import Field

from agent_gate.domain.gate import Outcome
from agent_gate.domain.value import Value

STREAM_BYTES = 32 * 1024 * 1024
"""About 200 bytes a test."""
_PARTS = 4
_WORST: tuple[Outcome, ...] = ("absent", "passed", "skipped", "failed", "errored")


class Failure(Value):
    """The exception by which a test, or a file at collection, failed."""

    kinds: tuple[str, ...]
    """Names of the exception's class and its bases."""
    message: str
    names: tuple[str, ...] = ()
    """The names that the exception is about, where Python says so."""


class Conftest(Failure):
    """A conftest.py that cannot be imported: pytest ends there, before it has looked at any test."""

    path: str


class FilePlan(Value):
    """The probes in one changed file."""

    error: str = ""
    """Why it could not be measured; empty where it can."""
    lines: tuple[tuple[int, int | None], ...] = ()
    """First line of a statement, and its probe; none where the base's configuration excludes it."""
    branches: tuple[tuple[int, str, int], ...] = ()
    """Line, what is wrong where the probe is not reached, and the probe."""


class FileCoverage(FilePlan):
    """The same, with the probes that the tests reached."""

    reached: tuple[int, ...] = ()


class _Phase(Value):
    test: int = Field(ge=0)
    """By its place in the list of what was collected."""
    when: Literal["setup", "call", "teardown"]
    outcome: str
    raised: str


class _Collected(Value):
    tests: tuple[tuple[str, int, str], ...]
    must_fail: tuple[str, ...] = Field(min_length=2)
    must_pass: tuple[str, ...]


class _End(Value):
    exit_code: int
    modules: Mapping[str, str]


class _FailureOf(Failure):
    node: str


class _FileOutcome(Value):
    file: str
    outcome: Literal["failed", "skipped"]


class _Altered(Value):
    name: str
    where: str


class _Plan(Value):
    files: Mapping[str, FilePlan]


class _Reached(Value):
    files: Mapping[str, tuple[int, ...]]


@dataclass
class Told:
    """All that was told of a run. Tests are named as pytest names them."""

    word: str
    collected: _Collected | None = None
    end: _End | None = None
    failures: dict[str, Failure] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    conftest: Conftest | None = None
    altered: dict[str, str] = field(default_factory=dict)
    """Names of what was replaced, with the file of the replacement."""
    overruled: set[str] = field(default_factory=set)
    """Tests that raised, and were reported as passed all the same."""
    plan: Mapping[str, FilePlan] | None = None
    reached: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    _phases: dict[str, set[str]] = field(default_factory=dict)
    _outcomes: dict[str, Outcome] = field(default_factory=dict)

    @property
    def outcomes(self) -> Mapping[str, Outcome]:
        """What each test did, of those that were set up and torn down."""
        return {
            test: outcome
            for test, outcome in self._outcomes.items()
            if "teardown" in self._phases[test] and (outcome != "passed" or "call" in self._phases[test])
        }

    @property
    def coverage(self) -> Mapping[str, FileCoverage] | None:
        """What was measured in each file; None where nothing was to be measured."""
        if self.plan is None:
            return None
        return {
            path: FileCoverage(**dict(plan), reached=self.reached.get(path, ()))
            for path, plan in self.plan.items()
        }

    def hear(self, event: str, values: Any) -> None:
        """Takes one event in. Raises ValueError for what cannot be at this time."""
        if self.end is not None:
            raise ValueError("something was told after the end")
        if event == "phase":
            self._phase(_Phase.model_validate(values))
        elif event == "failure":
            told = _FailureOf.model_validate(values)
            self.failures.setdefault(
                told.node, Failure(kinds=told.kinds, message=told.message, names=told.names)
            )
        elif event == "file":
            file = _FileOutcome.model_validate(values)
            self.files[file.file] = file.outcome
        elif event == "altered":
            altered = _Altered.model_validate(values)
            self.altered[altered.name] = altered.where
        elif event == "end":
            self.end = _End.model_validate(values)
        else:
            self._once(event, values)

    def _once(self, event: str, values: Any) -> None:
        if event == "collected" and self.collected is None:
            self.collected = _Collected.model_validate(values)
        elif event == "conftest" and self.conftest is None and self.collected is None:
            self.conftest = Conftest.model_validate(values)
        elif event == "plan" and self.plan is None and self.collected is None:
            self.plan = _Plan.model_validate(values).files
        elif event == "reached" and not self.reached:
            self.reached = _Reached.model_validate(values).files
        else:
            raise ValueError(f"the event {event[:40]!r} has no place there")

    def _phase(self, phase: _Phase) -> None:
        if self.collected is None or phase.test >= len(self.collected.tests):
            raise ValueError("an outcome of a test that was not collected")
        test = self.collected.tests[phase.test][0]
        self._phases.setdefault(test, set()).add(phase.when)
        self._outcomes[test] = max(_outcome(phase), self._outcomes.get(test, "absent"), key=_WORST.index)
        if phase.raised and phase.outcome == "passed":
            self.overruled.add(test)


def _outcome(phase: _Phase) -> Outcome:
    if phase.outcome == "failed":
        return "failed" if phase.when == "call" else "errored"
    return "skipped" if phase.outcome == "skipped" else "passed"


def read_told(stream: bytes, word: str) -> Told:
    """Reads the lines of a run whose word this is. Raises ValueError where a line is not the recorder's."""
    told = Told(word)
    for number, line in enumerate(_lines(stream)):
        try:
            parts = json.loads(line)
        except RecursionError:
            raise ValueError("a line is nested too deeply") from None
        if not isinstance(parts, list) or len(parts) != _PARTS or parts[:2] != [word, number]:
            raise ValueError("a line comes from somebody else")
        told.hear(str(parts[2]), parts[3])
    if told.end is None or (told.collected is None and told.conftest is None):
        raise ValueError("it was cut short")
    return told


def _lines(stream: bytes) -> Iterator[bytes]:
    *lines, rest = stream.split(b"\n")
    if rest:
        raise ValueError("the last line is torn")
    yield from lines
