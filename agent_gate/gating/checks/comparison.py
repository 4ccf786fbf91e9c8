"""What the runs of the tests gate say together: a pure function over their outcomes.

The words are the contract's ("What blocks, what asks, what neither").
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from agent_gate.domain.gate import Finding, Level
from agent_gate.gating.checks.again import BAD, function_of
from agent_gate.gating.checks.outcomes import Runs, told
from agent_gate.gating.checks.remark import Remark, put_together
from agent_gate.gating.pytest_result import PytestRun

_EXCERPT_LINES = 12
_NAMED = 5


def findings(runs: Runs) -> tuple[Finding, ...]:
    """What blocks, what asks, and what is only told."""
    return (
        *_broken_files(runs),
        *put_together(runs.gate, (*_failing(runs), *_lost(runs), *_old_versions(runs))),
        *_tampered(runs),
        *_about_the_change(runs),
    )


def _finding(runs: Runs, rule: str, test: str, message: str, level: Level = "block", **more: Any) -> Finding:
    values = {"line": 0, "excerpt": "", "introduced": True, **more}
    return Finding(
        gate=runs.gate,
        rule=rule,
        path=test.partition("::")[0],
        message=f"{test}: {message}" if test else message,
        severity="medium" if level == "ask" else "high",
        level=level,
        **values,
    )


def _broken_files(runs: Runs) -> Iterator[Finding]:
    for file, outcome in sorted(runs.candidate.files.items()):
        if outcome != "errored":
            continue
        known = runs.base.files.get(file) == "errored" and file not in runs.changed
        failure = runs.candidate.failures.get(file)
        said = told(failure.message) if failure else "see the output"
        yield _finding(
            runs, "collection-error", file, f"cannot be imported: {said}",
            "note" if known else "block", introduced=not known, excerpt=_tail(failure.message if failure else ""),
        )  # fmt: skip


def _failing(runs: Runs) -> Iterator[Remark]:
    """Tests that fail on the candidate; those that always fail on the base are not its doing."""
    for test, record in sorted(runs.candidate.cases.items()):
        if record.outcome not in BAD:
            continue
        said = told(record.message) or record.outcome
        excerpt = _tail(record.detail or record.message)
        if runs.known(test):
            yield Remark("failing-test", test, said, "note", record.line, excerpt, introduced=False)
        else:
            yield _failure(runs, test, said, record.line, excerpt)


def _failure(runs: Runs, test: str, said: str, line: int, excerpt: str) -> Remark:
    """A test that failed where it should pass: a fault, or chance."""
    again, unsteady = test in runs.passed_again, test in runs.unsteady_base
    once = "failed, and passed when it was run again"
    if again and runs.edited(test):
        message = f"{once}; the change adds or edits it: {said}"
        return Remark("flaky-test", test, message, "block", line, excerpt)
    if again and unsteady:
        return Remark(
            "flaky-test", test, f"{once}, as on the base: {said}", "note", line, excerpt, introduced=False
        )
    if again:
        return Remark(
            "flaky-test", test, f"{once}; it did not fail on the base: {said}", "ask", line, excerpt
        )
    if unsteady and not runs.edited(test):
        message = f"fails, and on the base it sometimes does: {said}"
        return Remark("flaky-test", test, message, "ask", line, excerpt)
    return Remark("failing-test", test, said, "block", line, excerpt)


def _lost(runs: Runs) -> Iterator[Remark]:
    """Tests that ran on the base and do not on the candidate."""
    for test, record in sorted(runs.base.cases.items()):
        now = runs.candidate.outcome(test)
        if (
            now not in {"absent", "skipped"}
            or record.outcome == "skipped"
            or runs.candidate.failed_file(test)
        ):
            continue
        what, once = "is skipped" if now == "skipped" else "is gone", record.outcome
        if test in runs.drifting:
            yield Remark("drifting-id", test, "has another id in each run", "note", introduced=False)
        elif not runs.edited(test):
            level: Level = "block" if once == "passed" or now == "absent" else "ask"
            message = f"{once} on the base and {what}, in a file the change leaves alone"
            yield Remark("lost-test", test, message, level)
        elif now == "absent":
            old = runs.hybrid.outcome(test)
            if old == "passed" and runs.stands_elsewhere(test):
                continue
            more = "" if old == "passed" else "; its old version does not pass over the new source"
            yield Remark("removed-test", test, f"the change removes this test{more}", "ask")
        else:
            yield Remark("skipped-test", test, "the change skips this test", "ask", record.line)


def _old_versions(runs: Runs) -> Iterator[Remark]:
    """Tests of the base over the change's source, where the tests themselves were touched too."""
    for test, record in sorted(runs.base.cases.items()):
        old = runs.hybrid.cases.get(test)
        passes = runs.candidate.outcome(test) == "passed"
        if not passes or record.outcome == "skipped" or (old and old.outcome == "passed"):
            continue  # what does not pass is told above
        said = told(old.message) or old.outcome if old else _why_gone(runs.hybrid, test)
        excerpt, cause = _tail(old.detail if old else ""), said if runs.hybrid.failed_file(test) else ""
        if runs.edited(test):
            message = (
                f"passes only as the change edits it; the base's version fails over the new source: {said}"
            )
            yield Remark("changed-expectation", test, message, "ask", record.line, cause=cause)
        elif test in runs.passed_again or test in runs.unsteady_base:
            yield _failure(runs, test, said, record.line, excerpt)
        elif runs.hooks_changed and not runs.hybrid.conftest:  # with the base's conftest they did run
            message = f"fails with the base's own conftest and configuration: {said}"
            yield Remark("failing-test", test, message, "block", record.line, excerpt, cause=cause)
        else:
            files = _some(runs.changed)
            message = f"passes only with the files of the tests as the change edits them ({files}): {said}"
            yield Remark("changed-expectation", test, message, "ask", record.line, cause=cause)


def _why_gone(run: PytestRun, test: str) -> str:
    failure = run.failures.get(run.failed_file(test))
    return f"its file cannot be imported: {told(failure.message)}" if failure else "it is gone"


def _tampered(runs: Runs) -> Iterator[Finding]:
    """What the code under test does to pytest and to the tests, where the base's code did not."""
    for run, level in _told_runs(runs):
        for name, where in sorted(run.altered.items()):
            if runs.base.altered.get(name) != where:
                what = f"{name} is replaced while the tests run"
                own = not where.startswith("/")
                by = where if own else PurePosixPath(where).name
                yield Finding(
                    gate=runs.gate, rule="altered-pytest", path=where if own else "", excerpt=what,
                    message=f"{what}, by {by or 'the code under test'}",
                    severity="high" if level == "block" else "medium", level=level,
                )  # fmt: skip
        for test in run.overruled:
            if test not in runs.base.overruled:
                yield _finding(
                    runs, "overruled-test", test, "raised an exception, and was reported as passed"
                )
    for test, record in sorted(runs.base.cases.items()):
        old = runs.hybrid.cases.get(test)
        if old and record.code and old.code != record.code:
            yield _finding(runs, "replaced-test", test, "what ran is not the test that stands in the file")


def _told_runs(runs: Runs) -> Iterator[tuple[PytestRun, Level]]:
    """The run with the base's tests has only the source to blame; the other has the change's tests too."""
    yield runs.hybrid, "block"
    if runs.hybrid is not runs.candidate:
        altered = {
            name: where for name, where in runs.candidate.altered.items() if name not in runs.hybrid.altered
        }
        overruled = tuple(test for test in runs.candidate.overruled if test not in runs.hybrid.overruled)
        yield runs.candidate.model_copy(update={"altered": altered, "overruled": overruled}), "ask"


def _about_the_change(runs: Runs) -> Iterator[Finding]:
    tests = {test for test in runs.candidate.cases if runs.edited(test)}
    added = {test for test in tests if test not in runs.base.cases}
    red = {test for test in tests if test in runs.reds}
    if runs.source_changed and added and all(function_of(test) in runs.hollow for test in red):
        none = f"none of them fails without the change{_crashes(runs, added)}"
        if red:
            none = f"those that fail without the change look at nothing that comes of it ({_some(frozenset(red))})"
        if runs.red and runs.red.late:
            none = "none is shown to fail without the change: over the base they did not finish in time"
        yield _finding(runs, "no-red-test", "", f"the source changes and tests are added, but {none}", "ask")
    if _ran(runs.base) and not _ran(runs.candidate):
        yield _finding(runs, "no-tests-run", "", "there are tests on the base, and not one is run any more")
    elif runs.has_source and not runs.base.cases and not runs.candidate.cases and not runs.candidate.files:
        yield _finding(runs, "no-tests", "", "there is Python source and not one test", "ask")


def _ran(run: PytestRun) -> bool:
    return any(case.outcome != "skipped" for case in run.cases.values())


def _crashes(runs: Runs, added: set[str]) -> str:
    """A test that only crashes on the base would do so for many a reason; its author can say for which."""
    failures = runs.red.failures if runs.red else {}
    crashed = {
        test: failures[test].kinds[0] for test in sorted(added) if test in failures and failures[test].kinds
    }
    if not crashed:
        return ""
    test, kind = next(iter(crashed.items()))
    return f" by an assertion or a name that it brings ({test} ends with {kind} there: assert what must not happen)"


def _some(paths: frozenset[str]) -> str:
    named = sorted(paths)
    return ", ".join(named[:_NAMED]) + (", …" if len(named) > _NAMED else "")


def _tail(detail: str) -> str:
    """The assertion and the end of the traceback."""
    lines = [line for line in detail.splitlines() if line.strip()]
    return "\n".join(line[:200] for line in lines[-_EXCERPT_LINES:])
