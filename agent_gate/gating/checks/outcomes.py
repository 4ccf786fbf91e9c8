"""What each test did in the runs of the tests gate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent_gate.domain.gate import Outcome, TestCase
from agent_gate.gating.checks.again import BAD, function_of
from agent_gate.gating.pytest_result import CaseRecord, PytestRun


@dataclass(frozen=True)
class Runs:
    """The outcomes, and what the change touched."""

    gate: str
    base: PytestRun
    candidate: PytestRun
    hybrid: PytestRun
    """The base's tests over the change's source; the candidate's run where the tests were not touched."""
    red: PytestRun | None
    """The change's tests over the base's source; None where it touches no test file."""
    reds: Mapping[str, str]
    """The kind of red, by test."""
    changed: frozenset[str]
    """Files of the tests that the change adds or edits, and those that it deletes."""
    source_changed: bool
    has_source: bool
    hooks_changed: bool = False
    """The change alters how pytest works: hooks or plugins in a conftest.py."""
    passed_again: frozenset[str] = frozenset()
    """Tests that failed, and passed when they were run a second time over the same tree."""
    unsteady_base: frozenset[str] = frozenset()
    """Tests that do not always end the same way on the base."""
    kept: Mapping[str, str] = field(default_factory=dict)
    """Tests that stand elsewhere now, or became tables, by the id that they had; both without parameters."""
    hollow: frozenset[str] = frozenset()
    """Tests of the change that claim nothing, without parameters."""
    drifting: frozenset[str] = frozenset()
    """Tests of the base whose ids are others in each run."""

    def edited(self, test: str) -> bool:
        """Whether the change touches the file that holds the test."""
        return test.partition("::")[0] in self.changed

    def known(self, test: str) -> bool:
        """Whether a test failed on the base too, whenever it was run there; in an edited file its old version must."""
        still = not self.edited(test) or self.hybrid.outcome(test) in BAD
        return self.base.outcome(test) in BAD and still and test not in self.base.unsteady

    def stands_elsewhere(self, test: str) -> bool:
        """Whether a test of the base runs under another id, with the same parameters or with a table of its own."""
        function, _, parameters = test.partition("[")
        moved = self.kept.get(function)
        if moved is None:
            return False
        if parameters:
            return self.candidate.outcome(f"{moved}[{parameters}") == "passed"
        outcomes = {self.candidate.outcome(id_) for id_ in self.candidate.cases if function_of(id_) == moved}
        return outcomes == {"passed"}


def cases(runs: Runs) -> tuple[TestCase, ...]:
    """Every test of the candidate's run, with what it did on the base."""
    listed = [_case(runs, test, record) for test, record in sorted(runs.candidate.cases.items())]
    broken = [
        TestCase(
            id=file, outcome="errored", changed=file in runs.changed, message="the file cannot be imported"
        )
        for file, outcome in sorted(runs.candidate.files.items())
        if outcome == "errored"
    ]
    return (*listed, *broken)


def _case(runs: Runs, test: str, record: CaseRecord) -> TestCase:
    changed = runs.edited(test)
    flaky = "flaky: passed when it was run again; " if test in runs.passed_again else ""
    return TestCase(
        id=test,
        outcome=record.outcome,
        on_base=_on_base(runs, test) if changed else runs.base.outcome(test),
        changed=changed,
        red=runs.reds.get(test, "") if changed else "",
        message=f"{flaky}{told(record.message)}" if record.outcome in BAD else "",
    )


def _on_base(runs: Runs, test: str) -> Outcome:
    if runs.red is None:
        return "absent"
    return "errored" if runs.red.failed_file(test) else runs.red.outcome(test)


def told(message: str) -> str:
    """The one line that says most: of a failed set-up the error (`E …`), else the first one."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    said = next((line.removeprefix("E ") for line in lines if line.startswith("E ")), "".join(lines[:1]))
    return said.strip()[:300]
