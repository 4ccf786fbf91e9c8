"""What the runs of the tests gate say together: a pure function over their outcomes.

The words are the contract's ("What blocks, what asks, what neither").
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from agent_gate.domain.gate import Finding, Level, Outcome, TestCase
from agent_gate.gating.pytest_run import CaseRecord, PytestRun

_BAD = {"failed", "errored"}
_EXCERPT_LINES = 12


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
    """Test files that the change adds or edits, and those that it deletes."""
    source_changed: bool
    has_source: bool
    notes: Mapping[str, str] = field(default_factory=dict)

    def edited(self, test: str) -> bool:
        """Whether the change touches the file that holds the test."""
        return test.partition("::")[0] in self.changed


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
    return TestCase(
        id=test,
        outcome=record.outcome,
        on_base=_on_base(runs, test) if changed else runs.base.outcome(test),
        changed=changed,
        red=runs.reds.get(test, "") if changed else "",
        message=_line(record.message) if record.outcome in _BAD else "",
    )


def _on_base(runs: Runs, test: str) -> Outcome:
    if runs.red is None:
        return "absent"
    return "errored" if runs.red.failed_file(test) else runs.red.outcome(test)


def findings(runs: Runs) -> tuple[Finding, ...]:
    """What blocks, what asks, and what is only told."""
    return (
        *_broken_files(runs),
        *_failing(runs),
        *_lost(runs),
        *_old_versions(runs),
        *_about_the_change(runs),
    )


def _finding(
    runs: Runs, rule: str, test: str, message: str, level: Level = "block", **more: object
) -> Finding:
    values = {"line": 0, "excerpt": "", "introduced": True, **more}
    return Finding(
        gate=runs.gate,
        rule=rule,
        path=test.partition("::")[0],
        message=f"{test}: {message}" if test else message,
        severity="high",
        level=level,
        **values,
    )


def _broken_files(runs: Runs) -> Iterator[Finding]:
    for file, outcome in sorted(runs.candidate.files.items()):
        if outcome != "errored":
            continue
        known = runs.base.files.get(file) == "errored" and file not in runs.changed
        failure = runs.candidate.failures.get(file)
        said = _line(failure.message) if failure else "see the output"
        yield _finding(
            runs, "collection-error", file, f"cannot be imported: {said}",
            "note" if known else "block", introduced=not known, excerpt=_tail(failure.message if failure else ""),
        )  # fmt: skip


def _failing(runs: Runs) -> Iterator[Finding]:
    """Tests that fail on the candidate; those that failed the same way on the base are not its doing."""
    for test, record in sorted(runs.candidate.cases.items()):
        if record.outcome not in _BAD:
            continue
        known = runs.base.outcome(test) in _BAD and not runs.edited(test)
        yield _finding(
            runs, "failing-test", test, _line(record.message) or record.outcome, "note" if known else "block",
            introduced=not known, line=record.line, excerpt=_tail(record.detail or record.message),
        )  # fmt: skip


def _lost(runs: Runs) -> Iterator[Finding]:
    """Tests that passed on the base and do not run on the candidate."""
    for test, record in sorted(runs.base.cases.items()):
        now = runs.candidate.outcome(test)
        if record.outcome != "passed" or now == "passed" or now in _BAD or runs.candidate.failed_file(test):
            continue
        edited = runs.edited(test)
        what = "is skipped" if now == "skipped" else "is gone"
        if edited and now == "absent":
            old = runs.hybrid.outcome(test)
            more = "" if old == "passed" else "; its old version does not pass over the new source"
            yield _finding(runs, "removed-test", test, f"the change removes this test{more}", "ask")
        elif edited:
            yield _finding(runs, "skipped-test", test, "the change skips this test", "ask", line=record.line)
        else:
            yield _finding(
                runs, "lost-test", test, f"passed on the base and {what}, in a file the change leaves alone"
            )


def _old_versions(runs: Runs) -> Iterator[Finding]:
    """Tests of the base over the change's source, where the tests themselves were touched too."""
    for test, record in sorted(runs.base.cases.items()):
        if record.outcome != "passed" or runs.hybrid.outcome(test) == "passed":
            continue
        now = runs.candidate.outcome(test)
        if now in _BAD or runs.candidate.failed_file(test) or now != "passed":
            continue  # told above
        old = runs.hybrid.cases.get(test)
        said = _line(old.message) if old else "it is gone"
        if runs.edited(test):
            yield _finding(
                runs, "changed-expectation", test,
                f"passes only as the change edits it; the base's version fails over the new source: {said}",
                "ask", line=record.line,
            )  # fmt: skip
        else:
            yield _finding(
                runs, "failing-test", test, f"fails with the base's own conftest and configuration: {said}",
                line=record.line, excerpt=_tail(old.detail if old else ""),
            )  # fmt: skip


def _about_the_change(runs: Runs) -> Iterator[Finding]:
    tests = {test for test in runs.candidate.cases if runs.edited(test)}
    added = {test for test in tests if test not in runs.base.cases}
    if runs.source_changed and added and not any(test in runs.reds for test in tests):
        yield _finding(
            runs, "no-red-test", "", "the source changes and tests are added, but none of them fails without the change",
            "ask",
        )  # fmt: skip
    if runs.has_source and not runs.base.cases and not runs.candidate.cases and not runs.candidate.files:
        yield _finding(runs, "no-tests", "", "there is Python source and not one test", "ask")


def _line(message: str) -> str:
    """The one line that says most: of a failed set-up the error (`E …`), else the first one."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    said = next((line.removeprefix("E ") for line in lines if line.startswith("E ")), "".join(lines[:1]))
    return said.strip()[:300]


def _tail(detail: str) -> str:
    """The assertion and the end of the traceback."""
    lines = [line for line in detail.splitlines() if line.strip()]
    return "\n".join(line[:200] for line in lines[-_EXCERPT_LINES:])
