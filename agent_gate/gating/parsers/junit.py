"""Reads JUnit XML: as pytest writes it, and as the runners of other languages do.

The file comes from a process in which the candidate's code ran: it is untrusted. A document type is
refused, so no entity can be declared and none be expanded; size and depth are capped.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any
from xml.parsers import expat

from agent_gate.domain.gate import Outcome
from agent_gate.gating.parsers.report import MAXIMUM_BYTES, Hit, Report, ToolOutput, checked, relative, text

_MAXIMUM_DEPTH = 32
_SUITES = frozenset({"testsuites", "testsuite"})
"""node writes cases right below `testsuites`."""
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
    file: str = ""
    """The `file` attribute, which some runners write."""
    name: str = ""
    """Its suites and its own name, for runners whose `classname` tells no two tests apart."""
    duration_ms: int = 0
    """As the runner tells it: what the tests did to it, nobody knows."""


def parse_junit(document: bytes) -> tuple[JUnitCase, ...]:
    """All cases; of several elements for one test, the worst outcome. Raises ValueError."""
    return _merged(_cases(document))


def _cases(document: bytes) -> list[JUnitCase]:
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
    return reader.cases


def parse_junit_findings(output: ToolOutput) -> Report:
    """For a project's own gate: each failed or errored case is a finding of high severity.

    The tests that passed are told by their ids, so that one that a change loses is missed. A run of no
    test at all is not complete. Raises ValueError for anything else than JUnit XML.
    """
    ran = [case for case in _cases(output.stdout) if case.outcome != "skipped"]
    if not ran:
        return Report(hits=(), incomplete="no test ran")
    hits = tuple(_hit(case, output.root) for case in ran if case.outcome != "passed")
    passed = tuple(_place(case, output.root)[1] for case in ran if case.outcome == "passed")
    return checked(output, Report(hits=hits, cases=tuple(text(test) for test in passed)))


def _hit(case: JUnitCase, root: str) -> Hit:
    path, test = _place(case, root)
    told = case.message or next((line for line in case.detail.splitlines() if line.strip()), "")
    return Hit(
        rule=case.outcome,
        path=path,
        message=text(f"{test}: {told.replace(f'{root}/', '').strip()}" if told else test),
        severity="high",
        identity=text(test),
    )


def _place(case: JUnitCase, root: str) -> tuple[str, str]:
    """The file where the runner tells it, and the test's id, which holds no folder of the machine."""
    if case.recorded:
        return relative(case.id.partition("::")[0], root), case.id
    file = relative(case.file, root) if case.file else ""
    test = "::".join(filter(None, (file, case.name.replace(f"{root}/", ""))))
    return file, test


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
    file: str = ""
    name: str = ""
    duration_ms: int = 0


class _Reader:
    """Collects the cases while expat walks through the file."""

    def __init__(self) -> None:
        self.cases: list[JUnitCase] = []
        self.suites = 0
        self._depth = 0
        self._case: _Open | None = None
        self._text: list[str] | None = None
        self._names: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _MAXIMUM_DEPTH:
            raise ValueError("the JUnit file is nested too deeply")
        if name in _SUITES:
            self.suites += 1
            self._names.append(attributes.get("name", "") if name == "testsuite" else "")
        elif name == "testcase":
            self._case = self._opened(attributes)
        elif self._case is not None and name in _OUTCOMES:
            self._case.outcome = max(_OUTCOMES[name], self._case.outcome, key=_WORST.index)
            self._case.message = attributes.get("message", "")
            self._text = []
        elif self._case is not None and name == "property" and attributes.get("name") == "nodeid":
            self._case.id = attributes.get("value", "")
            self._case.recorded = True

    def _opened(self, attributes: dict[str, str]) -> _Open:
        own = (attributes.get("classname", ""), attributes.get("name", ""))
        names = [name for name, _ in groupby(filter(None, (own[0], *self._names, own[1])))]
        return _Open(
            "::".join(own),
            file=attributes.get("file", ""),
            name="::".join(names),
            duration_ms=_milliseconds(attributes.get("time", "")),
        )

    def text(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)

    def end(self, name: str) -> None:
        self._depth -= 1
        if name in _SUITES:
            self._names.pop()
        case = self._case
        if case is None:
            return
        if name in _OUTCOMES and self._text is not None:
            case.detail = "".join(self._text)
            self._text = None
        elif name == "testcase":
            self.cases.append(JUnitCase(**vars(case)))
            self._case = None


def _milliseconds(seconds: str) -> int:
    """Nothing where it is no time; a day at most."""
    try:
        return round(min(max(float(seconds), 0.0), 86_400.0) * 1000)
    except ValueError:
        return 0
