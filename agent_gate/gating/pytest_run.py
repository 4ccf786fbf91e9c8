"""One run of pytest over one tree, and whether what it says can be believed."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from agent_gate.domain.gate import GateDefinition, Outcome
from agent_gate.domain.value import Value
from agent_gate.gating.context import GateContext
from agent_gate.gating.copies import Copy
from agent_gate.gating.parsers.junit import JUnitCase, parse_junit
from agent_gate.gating.pytest_harness import Harness, Measured, sources
from agent_gate.gating.pytest_stream import STREAM_BYTES, Failure, FileCoverage, Told, read_told
from agent_gate.process import Completed

__all__ = ["CaseRecord", "Failure", "Measured", "PytestRun", "RunError", "configuration_file", "run_pytest"]

_REPORT_BYTES = 64 * 1024 * 1024
_DETAIL_CHARACTERS = 4000
_ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}\b")


class CaseRecord(Value):
    """What one test did."""

    outcome: Outcome
    line: int = 0
    message: str = ""
    detail: str = ""
    code: str = ""
    """A digest of the code that ran, as far as it stands in the test's own file."""


class PytestRun(Value):
    """One believable run: what each test did, and which modules were imported from where."""

    cases: Mapping[str, CaseRecord] = {}
    files: Mapping[str, Outcome] = {}
    """Files that could not be imported (`errored`) or that skip themselves, with their outcome."""
    failures: Mapping[str, Failure] = {}
    modules: Mapping[str, str] = {}
    """Modules that were not imported from the copy, with their files."""
    altered: Mapping[str, str] = {}
    """What the code replaced of pytest and of what it rests on, with the file of the replacement."""
    overruled: tuple[str, ...] = ()
    """Tests that raised an exception and were reported as passed all the same."""
    coverage: Mapping[str, FileCoverage] | None = None
    """By file; None where it was not to be measured, or the measurement's own canary was not seen."""
    unsteady: tuple[str, ...] = ()
    """Tests that failed, and did not when they were run again."""
    late: bool = False
    """It did not finish in time: nothing is known."""
    conftest: str = ""
    """The conftest.py that could not be imported, so that no test ran."""
    duration_ms: int = 0
    output_sha256: str = ""

    def outcome(self, test: str) -> Outcome:
        """What a test did; `absent` where it did not run."""
        case = self.cases.get(test)
        return case.outcome if case else "absent"

    def failed_file(self, test: str) -> str:
        """The file of a test where it could not be imported, else an empty string."""
        file = test.partition("::")[0]
        return file if self.files.get(file) == "errored" else ""


class RunError(Exception):
    """The run shows nothing; the message says why."""

    def __init__(self, reason: str, hint: str = "", output_sha256: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint
        self.output_sha256 = output_sha256


class LateError(RunError):
    """The run did not finish in time."""


class ConftestError(RunError):
    """A conftest.py cannot be imported, so no test was looked at."""

    def __init__(self, path: str, message: str, kinds: tuple[str, ...], names: tuple[str, ...]) -> None:
        said = next(iter(message.splitlines()), "") or "".join(kinds[:1])
        super().__init__(f"{path} cannot be imported: {said}", "without it pytest runs no test")
        self.path = path
        self.failure = Failure(kinds=kinds, message=self.reason, names=names)

    def over(self, files: Iterable[str]) -> PytestRun:
        """A run of these files in which none of them could be imported, for this reason."""
        files = tuple(files)
        failures = dict.fromkeys(files, self.failure)
        return PytestRun(files=dict.fromkeys(files, "errored"), failures=failures, conftest=self.path)


async def run_pytest(
    context: GateContext,
    tree: str,
    arguments: Sequence[str],
    timeout_s: float,
    measured: Measured | None = None,
    markers: Sequence[str] = (),
) -> PytestRun:
    """Runs pytest in a fresh copy of a tree; `markers` are registered beside those of its configuration.

    Raises RunError where the result cannot be believed.
    """
    copy = await context.copies.fresh(tree)
    harness = await asyncio.to_thread(Harness.make, context.copies.new_folder())
    path = sources(copy.folder)
    settings: dict[str, Any] = {
        "word": harness.word,
        "root": str(copy.folder),
        "path": path,
        "plugins": [[p.name, p.value, p.installed] for p in context.environment.plugins],
        "canary": str(harness.canary),
        "markers": list(markers),
        "arguments": [*_arguments(context, copy, harness), *arguments],
    }
    if measured is not None:
        settings["measured"] = {"root": str(copy.folder), **harness.measurement(measured)}
    environment = context.environment
    completed = await context.execute(
        [str(environment.python), "-I", "-B", str(harness.recorder)],
        cwd=copy.folder,
        timeout_s=timeout_s,
        writable=(copy.folder, harness.junit.parent),
        read_only=(*environment.paths, harness.recorder.parent),
        env={
            "PATH": f"{environment.python.parent}:/usr/local/bin:/usr/bin:/bin",
            "PYTHONPATH": ":".join(path),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
        stdin=json.dumps(settings).encode(),
        output_cap=STREAM_BYTES,
    )
    try:
        return await asyncio.to_thread(_believe, completed, harness, copy, timeout_s)
    except RunError as error:
        error.output_sha256 = completed.output_sha256
        raise


def _arguments(context: GateContext, copy: Copy, harness: Harness) -> Iterator[str]:
    definition = context.definition
    yield from definition.options["argv"]
    wanted: Mapping[str, Sequence[str]] = definition.options["plugin_argv"]
    for plugin in context.environment.plugins:
        yield from wanted.get(plugin.name, ())
    configuration = configuration_file(copy, definition)
    yield from ("-c", str(copy.folder / configuration if configuration else harness.empty))
    yield from (f"--rootdir={copy.folder}", f"--confcutdir={copy.folder}", f"--junitxml={harness.junit}")


def configuration_file(copy: Copy, definition: GateDefinition) -> str:
    """The file of the tree that pytest would take its configuration from; empty where there is none."""
    for name in definition.options["configuration"]:
        target = copy.folder / name
        if not target.is_file() or target.is_symlink():
            continue
        text = target.read_text(errors="replace")
        section = _SECTIONS.get(name)
        if section is None or any(line.strip().startswith(section) for line in text.splitlines()):
            return str(name)
    return ""


_SECTIONS = {"pyproject.toml": "[tool.pytest", "tox.ini": "[pytest]", "setup.cfg": "[tool:pytest]"}
"""Files that configure pytest only where they hold this table."""


def _believe(completed: Completed, harness: Harness, copy: Copy, timeout_s: float) -> PytestRun:
    """Holds both accounts against each other, the exit code and the copy; raises RunError."""
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
    coverage = told.coverage
    return PytestRun(
        cases={
            ids[test]: CaseRecord(
                outcome=cases[test].outcome,
                line=line,
                message=_lasting(cases[test].message, own),
                detail=_lasting(cases[test].detail, own)[-_DETAIL_CHARACTERS:],
                code=code,
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
        coverage=coverage if coverage is not None and harness.is_believed(coverage) else None,
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
