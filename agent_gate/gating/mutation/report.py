"""What comes out of the sandbox: read strictly, and believed only as far as `outcome` says."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from agent_gate.domain.value import Value


class TestTrace(Value):
    """One test of the run without mutants."""

    __test__ = False  # pytest: this is a value, not a test class

    id: str
    ms: int = Field(ge=0)
    passed: bool
    places: frozenset[int]
    """The wanted places that it runs, by their numbers."""


class Trace(Value):
    """The run without mutants."""

    exit_code: int
    imported: frozenset[int]
    """The places that run when modules are imported."""
    tests: tuple[TestTrace, ...]
    start_ms: int = Field(default=0, ge=0)
    """What pytest took besides the tests themselves."""


class Answer(Value):
    """How the tests of one trial ended."""

    passed: int = Field(ge=0)
    missed: tuple[str, ...] = ()
    """Wanted tests that neither passed nor failed: skipped, not collected, or behind a failure."""
    failed: dict[str, Literal["test", "source"]]
    """By node id, what raised: the test's own line, or the code under test."""
    broken: bool
    """A file of tests could not be imported."""
    said: str = Field(max_length=4000)


class Ending(Value):
    """How one trial ended."""

    trial: str
    end: Literal["finished", "died", "late"]
    ms: int = Field(ge=0)
    answer: Answer | None

    @property
    def noticed(self) -> bool:
        """Something went wrong. A trial beyond its time limit counts: the fault made the tests hang."""
        return self.answer is None or self.answer.broken or bool(self.answer.failed)


class _Traced(Value):
    end: Literal["finished", "died", "late"]
    ms: int = Field(ge=0)
    answer: Trace | None


def read_trace(output: bytes) -> Trace:
    """The report of the run without mutants; raises ValueError where there is none."""
    report = _Traced.model_validate_json(output)
    if report.answer is None:
        told = "beyond their time limit" if report.end == "late" else "the process is gone"
        raise ValueError(f"they ended early ({told})")
    spent = report.ms - sum(test.ms for test in report.answer.tests)
    return report.answer.model_copy(update={"start_ms": max(spent, 0)})


def read_endings(output: bytes) -> dict[str, Ending]:
    """The endings of trials, by the trial's id; raises ValueError for anything else."""
    endings = [Ending.model_validate_json(line) for line in output.splitlines()]
    return {ending.trial: ending for ending in endings}
