"""What one run of pytest showed, or why it shows nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from agent_gate.domain.gate import Outcome
from agent_gate.domain.value import Value
from agent_gate.gating.pytest_stream import Failure, FileCoverage


class CaseRecord(Value):
    """What one test did."""

    outcome: Outcome
    line: int = 0
    message: str = ""
    detail: str = ""
    code: str = ""
    """A digest of the code that ran, as far as it stands in the test's own file."""
    duration_ms: int = 0
    """With its set-up and its teardown."""


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
    shards: int = 1
    """In how many processes the tests ran, each of them in one."""
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
