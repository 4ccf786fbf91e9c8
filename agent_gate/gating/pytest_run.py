"""One run of pytest over one tree, and whether what it says can be believed."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from agent_gate.domain.gate import GateDefinition, Outcome
from agent_gate.domain.value import Value, canonical_json
from agent_gate.gating import pytest_recorder
from agent_gate.gating.context import GateContext
from agent_gate.gating.copies import Copy
from agent_gate.gating.parsers.junit import JUnitCase, parse_junit
from agent_gate.process import Completed

_CANARY = "def test_must_fail():\n    assert False\n\n\ndef test_must_fail_too():\n    raise RuntimeError\n"
_RECORD_BYTES = 64 * 1024 * 1024
_DETAIL_CHARACTERS = 4000
_ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}\b")


class Failure(Value):
    """The exception by which a test, or a file at collection, failed."""

    kinds: tuple[str, ...]
    """Names of the exception's class and its bases."""
    message: str
    names: tuple[str, ...] = ()
    """The names that the exception is about, where Python says so."""


class CaseRecord(Value):
    """What one test did."""

    outcome: Outcome
    line: int = 0
    message: str = ""
    detail: str = ""


class PytestRun(Value):
    """One believable run: what each test did, and which modules were imported from where."""

    cases: Mapping[str, CaseRecord] = {}
    files: Mapping[str, Outcome] = {}
    """Files that could not be imported (`errored`) or that skip themselves, with their outcome."""
    failures: Mapping[str, Failure] = {}
    modules: Mapping[str, str] = {}
    """Modules that were not imported from the copy, with their files."""
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


class _Record(Value):
    exit_code: int
    collected: Mapping[str, int]
    canaries: tuple[str, ...] = Field(min_length=2)
    files: Mapping[str, str]
    failures: Mapping[str, Failure]
    modules: Mapping[str, str]


@dataclass(frozen=True)
class _Harness:
    """The files around one run: what we bring along (read-only inside), and where the reports go."""

    recorder: Path
    canary: Path
    """Two tests that must fail, under a name that nobody can know before."""
    empty: Path
    """pytest's configuration where the base has none; else it would look for one further up."""
    junit: Path
    record: Path

    @classmethod
    def make(cls, folder: Path) -> _Harness:
        ours, reports = folder / "harness", folder / "report"
        ours.mkdir(mode=0o755)
        reports.mkdir(mode=0o755)
        harness = cls(
            recorder=ours / "recorder.py",
            canary=ours / f"test_{secrets.token_hex(12)}.py",
            empty=ours / "pytest.ini",
            junit=reports / "junit.xml",
            record=reports / "record.json",
        )
        harness.recorder.write_bytes(Path(pytest_recorder.__file__).read_bytes())
        harness.canary.write_text(_CANARY)
        harness.empty.write_text("[pytest]\n")
        for path in (harness.recorder, harness.canary, harness.empty):
            path.chmod(0o644)
        return harness


async def run_pytest(
    context: GateContext, tree: str, arguments: Sequence[str], timeout_s: float
) -> PytestRun:
    """Runs pytest in a fresh copy of a tree. Raises RunError where the result cannot be believed."""
    copy = await context.copies.fresh(tree)
    harness = await asyncio.to_thread(_Harness.make, context.copies.new_folder())
    sources = [str(path) for path in (copy.folder, copy.folder / "src") if path.is_dir()]
    settings = {
        "path": sources,
        "plugins": [[p.name, p.value, p.installed] for p in context.environment.plugins],
        "canary": str(harness.canary),
        "record": str(harness.record),
        "arguments": [*_arguments(context, copy, harness), *arguments],
    }
    environment = context.environment
    completed = await context.execute(
        [str(environment.python), "-I", "-B", str(harness.recorder)],
        cwd=copy.folder,
        timeout_s=timeout_s,
        writable=(copy.folder, harness.junit.parent),
        read_only=(*environment.paths, harness.recorder.parent),
        env={
            "PATH": f"{environment.python.parent}:/usr/local/bin:/usr/bin:/bin",
            "PYTHONPATH": ":".join(sources),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
        stdin=canonical_json(settings),
    )
    try:
        return await asyncio.to_thread(_believe, completed, harness, copy, timeout_s)
    except RunError as error:
        raise RunError(error.reason, error.hint, completed.output_sha256) from None


def _arguments(context: GateContext, copy: Copy, harness: _Harness) -> Iterator[str]:
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


def _believe(completed: Completed, harness: _Harness, copy: Copy, timeout_s: float) -> PytestRun:
    """Holds both reports against each other, the exit code and the copy; raises RunError."""
    if completed.timed_out:
        raise RunError(
            f"the tests did not finish within their time limit ({timeout_s:.0f} s were left)",
            "ten times the base's own time, at least 20 s, at most 600 s, for all runs together",
        )
    recorded, cases = _reports(completed, harness)
    if set(recorded.collected) != set(cases):
        missing = len(set(recorded.collected) - set(cases))
        raise RunError(
            f"{missing} of {len(recorded.collected)} collected tests have no outcome", completed.tail(6)
        )
    if any(canary not in cases or cases[canary].outcome == "passed" for canary in recorded.canaries):
        raise RunError(
            "a test that must fail did not fail: the code under test, or its conftest, changes how pytest works",
            "look for code that patches pytest, or that drops tests it does not know",
        )
    failing = "failed" in recorded.files.values() or any(
        c.outcome in {"failed", "errored"} for c in cases.values()
    )
    if completed.returncode != int(failing) or recorded.exit_code != completed.returncode:
        raise RunError(f"exit code {completed.returncode} does not fit the JUnit file", completed.tail(6))
    if changed := copy.changed_files():
        raise RunError(
            f"the tests changed the tracked file {changed[0]}",
            "a run must leave what it judges as it is: write to tmp_path instead",
        )
    return _run(completed, recorded, cases, f"{copy.folder}/")


def _reports(completed: Completed, harness: _Harness) -> tuple[_Record, dict[str, JUnitCase]]:
    try:
        recorded = _Record.model_validate_json(_read(harness.record))
        cases = {case.id: case for case in parse_junit(_read(harness.junit)) if case.recorded}
    except (OSError, ValueError) as error:
        told = str(error).splitlines()[0]
        raise RunError(
            f"pytest left no report that can be read (exit code {completed.returncode}; {told})",
            completed.tail(6) or "the process perhaps ended early: os._exit, a crash, not enough memory",
        ) from None
    return recorded, cases


def _run(completed: Completed, recorded: _Record, cases: Mapping[str, JUnitCase], own: str) -> PytestRun:
    mine = set(recorded.canaries)
    return PytestRun(
        cases={
            test: CaseRecord(
                outcome=case.outcome,
                line=recorded.collected[test],
                message=_lasting(case.message, own),
                detail=_lasting(case.detail, own)[-_DETAIL_CHARACTERS:],
            )
            for test, case in cases.items()
            if test not in mine
        },
        files={
            file: "errored" if outcome == "failed" else "skipped" for file, outcome in recorded.files.items()
        },
        failures={test: failure for test, failure in recorded.failures.items() if test not in mine},
        modules={name: file for name, file in recorded.modules.items() if not file.startswith(own)},
        duration_ms=completed.duration_ms,
        output_sha256=completed.output_sha256,
    )


def _lasting(text: str, own: str) -> str:
    """What a failing test says, without what differs from run to run: the copy's folder, addresses."""
    return _ADDRESS.sub("0x…", text.replace(own, ""))


def _read(path: Path) -> bytes:
    """A report from a folder in which the candidate could write: no links, and not without end."""
    if path.is_symlink() or not path.is_file():
        raise ValueError(f"{path.name} is missing")
    if path.stat().st_size > _RECORD_BYTES:
        raise ValueError(f"{path.name} is too large")
    return path.read_bytes()
