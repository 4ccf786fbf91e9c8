"""One hierarchy for everything that can go wrong on our side or in the user's set-up.

A gate's failure is a value (`domain.gate.GateResult`), never an exception. What is raised says what
happened, where, and what to do about it, and carries the exit code that the contract promises.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process tells its caller. These numbers are promises to scripts."""

    DONE = 0
    BLOCKED = 1
    USAGE = 2
    AWAITING = 3
    NO_CHANGE = 4
    REJECTED = 5
    BUDGET = 6
    SETUP = 7
    BUG = 70
    INTERRUPTED = 130


class AgentGateError(Exception):
    """The base of all expected errors: a message (what, where) and a hint (what to do)."""

    exit_code: ExitCode = ExitCode.BUG

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\nhint: {self.hint}" if self.hint else self.message


class UsageError(AgentGateError):
    """The command line asks for something that does not exist or does not fit together."""

    exit_code = ExitCode.USAGE


class SpecError(UsageError):
    """A spec that cannot be read; names the file, the line and the field, and the code of the problem."""

    def __init__(
        self,
        message: str,
        *,
        path: str,
        line: int = 0,
        column: int = 0,
        field: str = "",
        code: str = "",
        hint: str = "",
    ) -> None:
        place = f"{path}:{line}" if line else path
        super().__init__(f"{place}: {field}: {message}" if field else f"{place}: {message}", hint=hint)
        self.problem = message
        self.path = path
        self.line = line
        self.column = column
        self.field = field
        self.code = code


class PolicyError(UsageError):
    """The policy, a gate definition or another trusted file of the base commit is invalid."""


class RepositoryError(UsageError):
    """The git repository is not in a state in which the command makes sense."""


class SetupError(AgentGateError):
    """A required tool or the sandbox is not available on this machine."""

    exit_code = ExitCode.SETUP


class ProposerError(AgentGateError):
    """The model, or what stands in for it, gave no reply that could be used."""

    exit_code = ExitCode.NO_CHANGE


class BudgetError(AgentGateError):
    """The next model call could cost more than is left; nothing was asked."""

    exit_code = ExitCode.BUDGET


class AwaitingDecision(AgentGateError):  # noqa: N818 - no error: the run waits, as it should
    """Nothing blocks, and nothing goes on until a person decides; the hint is the next command."""

    exit_code = ExitCode.AWAITING


class StaleBaseError(AwaitingDecision):
    """The branch moved away from the base that was gated; nothing landed."""


class RunBusyError(AgentGateError):
    """Another process is working on the same run."""

    exit_code = ExitCode.AWAITING


class JournalError(AgentGateError):
    """A run's journal cannot be read, or an event does not fit the state it arrives in."""

    exit_code = ExitCode.USAGE
