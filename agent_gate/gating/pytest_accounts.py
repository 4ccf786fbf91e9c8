"""Whether what a run of pytest says can be believed: two accounts of it are held against each other.

One came down the recorder's pipe while the tests ran, the other is the JUnit file that pytest wrote.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from agent_gate.gating.copies import Copy
from agent_gate.gating.parsers.junit import JUnitCase, parse_junit
from agent_gate.gating.pytest_harness import Harness
from agent_gate.gating.pytest_result import CaseRecord, ConftestError, LateError, PytestRun, RunError
from agent_gate.gating.pytest_stream import Told, read_told
from agent_gate.process import Completed

_REPORT_BYTES = 64 * 1024 * 1024
_DETAIL_CHARACTERS = 4000
_ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}\b")


def believe(completed: Completed, harness: Harness, copy: Copy, timeout_s: float) -> PytestRun:
    """What a finished run shows, once both accounts, the exit code and the copy agree.

    Raises RunError where they do not.
    """
    if completed.timed_out:
        raise LateError(
            f"the tests did not finish within their time limit ({timeout_s:.0f} s were left)",
            "ten times the base's own time, at least 20 s, at most 600 s, for all runs together",
        )
    told, cases = _accounts(completed, harness, copy)
    _agree(told, cases, completed)
    if changed := copy.changed_files():
        raise RunError(
            f"the tests changed the tracked file {changed[0]}",
            "a run must leave what it judges as it is: write to tmp_path instead",
        )
    return _run(completed, told, cases, copy, harness)


def _accounts(completed: Completed, harness: Harness, copy: Copy) -> tuple[Told, dict[str, JUnitCase]]:
    try:
        told = read_told(completed.stdout, harness.word)
        if broken := told.conftest:
            own = f"{copy.folder}/"
            raise ConftestError(
                broken.path.replace(own, ""), _lasting(broken.message, own), broken.kinds, broken.names
            )
        cases = {case.id: case for case in parse_junit(_read(harness.junit)) if case.recorded}
    except (OSError, ValueError) as error:
        said = str(error).splitlines()[0]
        raise RunError(
            f"pytest left no report that can be read (exit code {completed.returncode}; {said})",
            completed.tail(6) or "the process perhaps ended early: os._exit, a crash, not enough memory",
        ) from None
    return told, cases


def _agree(told: Told, cases: Mapping[str, JUnitCase], completed: Completed) -> None:
    assert told.collected  # noqa: S101 - _accounts has seen to it
    assert told.end  # noqa: S101
    wanted = {test for test, _, _ in told.collected.tests}
    if lost := wanted.symmetric_difference(told.outcomes) | wanted.symmetric_difference(cases):
        raise RunError(f"{len(lost)} of {len(wanted)} collected tests have no outcome", completed.tail(6))
    for test, outcome in told.outcomes.items():
        if cases[test].outcome != outcome:
            raise RunError(
                f"the JUnit file says that {test} {cases[test].outcome}, and pytest said that it {outcome}",
                "look for code that patches pytest, or that writes its reports",
            )
    fails = [told.outcomes.get(test) for test in told.collected.must_fail]
    passes = [told.outcomes.get(test) for test in told.collected.must_pass]
    if "passed" in fails or not {"failed", "errored"} & set(fails) or "failed" in passes:
        raise RunError(
            "a test that must fail did not fail: the code under test, or its conftest, changes how pytest works",
            _replaced(told) or "look for code that patches pytest, or that drops tests it does not know",
        )
    if completed.returncode != 1 or told.end.exit_code != 1:  # the tests that must fail have failed
        raise RunError(f"exit code {completed.returncode} does not fit what pytest told", completed.tail(6))


def _replaced(told: Told) -> str:
    """What the judged code put in the place of pytest's own, where it did."""
    own = {name: where for name, where in told.altered.items() if where and not where.startswith("/")}
    return "; ".join(f"{name} is replaced by {where}" for name, where in own.items())


def _run(
    completed: Completed, told: Told, cases: Mapping[str, JUnitCase], copy: Copy, harness: Harness
) -> PytestRun:
    assert told.collected  # noqa: S101
    assert told.end  # noqa: S101
    own = f"{copy.folder}/"
    canaries = {*told.collected.must_fail, *told.collected.must_pass}
    tests = [(test, line, code) for test, line, code in told.collected.tests if test not in canaries]
    ids = _lasting_ids((test for test, _, _ in tests), own)
    return PytestRun(
        cases={
            ids[test]: CaseRecord(
                outcome=cases[test].outcome,
                line=line,
                message=_lasting(cases[test].message, own),
                detail=_lasting(cases[test].detail, own)[-_DETAIL_CHARACTERS:],
                code=code,
                duration_ms=cases[test].duration_ms,
            )
            for test, line, code in tests
        },
        files={file: "errored" if outcome == "failed" else "skipped" for file, outcome in told.files.items()},
        failures={
            ids.get(n, n): failure.model_copy(update={"message": _lasting(failure.message, own)})
            for n, failure in told.failures.items()
            if n not in canaries
        },
        modules={name: file for name, file in told.end.modules.items() if not file.startswith(own)},
        altered={_lasting(name, own): where for name, where in told.altered.items()},
        overruled=tuple(sorted(ids[test] for test in told.overruled - canaries)),
        coverage=harness.believed(told.coverage),
        duration_ms=completed.duration_ms,
        output_sha256=completed.output_sha256,
    )


def _lasting(text: str, own: str) -> str:
    """What a failing test says, without what differs from run to run: the copy's folder, addresses."""
    return _ADDRESS.sub("0x…", text.replace(own, ""))


def _lasting_ids(tests: Iterable[str], own: str) -> dict[str, str]:
    """For each test an id that is the same in every run; of several that would be one, by their order."""
    found: dict[str, str] = {}
    count: dict[str, int] = {}
    for test in tests:
        lasting = _lasting(test, own) if "[" in test else test
        if test in found:
            continue
        count[lasting] = count.get(lasting, 0) + 1
        found[test] = lasting if count[lasting] == 1 else f"{lasting}#{count[lasting]}"
    return found


def _read(path: Path) -> bytes:
    """A report from a folder in which the candidate could write: no links, and not without end."""
    if path.is_symlink() or not path.is_file():
        raise ValueError(f"{path.name} is missing")
    if path.stat().st_size > _REPORT_BYTES:
        raise ValueError(f"{path.name} is too large")
    return path.read_bytes()
