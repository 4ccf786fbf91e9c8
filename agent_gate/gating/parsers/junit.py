"""Reads JUnit XML, as pytest writes it.

The file comes from a process in which the candidate's code ran: it is untrusted. A document type is
refused, so no entity can be declared and none be expanded; size and depth are capped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from xml.parsers import expat

from agent_gate.domain.gate import Outcome
from agent_gate.gating.parsers.report import MAXIMUM_BYTES, Hit, Report

_MAXIMUM_DEPTH = 32
_OUTCOMES: dict[str, Outcome] = {"failure": "failed", "error": "errored", "skipped": "skipped"}
_WORST: tuple[Outcome, ...] = ("absent", "passed", "skipped", "failed", "errored")


@dataclass(frozen=True)
class JUnitCase:
    """One `testcase` element."""

    id: str
    """The `nodeid` property where our own recorder wrote one, else `classname::name`."""
    outcome: Outcome
    message: str = ""
    detail: str = ""
    """The text below `failure` or `error`: the traceback."""
    recorded: bool = False
    """Carries a `nodeid` property; a collection error does not."""


def parse_junit(document: bytes) -> tuple[JUnitCase, ...]:
    """All cases; of several elements for one test, the worst outcome. Raises ValueError."""
    if len(document) > MAXIMUM_BYTES:
        raise ValueError("the JUnit file is too large")
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(document, True)
    except expat.ExpatError as error:
        raise ValueError(f"the JUnit file is not well-formed: {error}") from None
    if not reader.suites:
        raise ValueError("the file holds no test suite")
    return _merged(reader.cases)


def parse_junit_findings(output: bytes, root: str) -> Report:  # noqa: ARG001 - node ids are relative already
    """For a project's own gate: each failed or errored case is a finding."""
    return Report(
        hits=tuple(
            Hit(
                rule=case.outcome,
                path=case.id.partition("::")[0],
                message=f"{case.id}: {case.message}",
                severity="high",
            )
            for case in parse_junit(output)
            if case.outcome in {"failed", "errored"}
        )
    )


def _refuse_doctype(*_: Any) -> None:
    raise ValueError("the JUnit file declares a document type")


def _merged(cases: list[JUnitCase]) -> tuple[JUnitCase, ...]:
    by_id: dict[str, JUnitCase] = {}
    for case in cases:
        other = by_id.get(case.id)
        if other is None or _WORST.index(case.outcome) > _WORST.index(other.outcome):
            by_id[case.id] = case
    return tuple(by_id.values())


@dataclass
class _Open:
    """A `testcase` whose end has not come yet."""

    id: str
    outcome: Outcome = "passed"
    message: str = ""
    detail: str = ""
    recorded: bool = False


class _Reader:
    """Collects the cases while expat walks through the file."""

    def __init__(self) -> None:
        self.cases: list[JUnitCase] = []
        self.suites = 0
        self._depth = 0
        self._case: _Open | None = None
        self._text: list[str] | None = None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _MAXIMUM_DEPTH:
            raise ValueError("the JUnit file is nested too deeply")
        if name == "testsuite":
            self.suites += 1
        elif name == "testcase":
            self._case = _Open(f"{attributes.get('classname', '')}::{attributes.get('name', '')}")
        elif self._case is not None and name in _OUTCOMES:
            self._case.outcome = max(_OUTCOMES[name], self._case.outcome, key=_WORST.index)
            self._case.message = attributes.get("message", "")
            self._text = []
        elif self._case is not None and name == "property" and attributes.get("name") == "nodeid":
            self._case.id = attributes.get("value", "")
            self._case.recorded = True

    def text(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)

    def end(self, name: str) -> None:
        self._depth -= 1
        case = self._case
        if case is None:
            return
        if name in _OUTCOMES and self._text is not None:
            case.detail = "".join(self._text)
            self._text = None
        elif name == "testcase":
            self.cases.append(JUnitCase(case.id, case.outcome, case.message, case.detail, case.recorded))
            self._case = None
