from __future__ import annotations

import inspect

import pytest

from agent_gate import errors
from agent_gate.errors import AgentGateError, ExitCode, SpecError, UsageError

CODES = {
    "AgentGateError": 70,
    "UsageError": 2,
    "SpecError": 2,
    "PolicyError": 2,
    "RepositoryError": 2,
    "JournalError": 2,
    "SetupError": 7,
    "ProposerError": 4,
    "BudgetError": 6,
    "AwaitingDecision": 3,
    "StaleBaseError": 3,
    "RunBusyError": 3,
}


def test_the_exit_codes_are_the_promised_ones() -> None:
    assert {code.name: int(code) for code in ExitCode} == {
        "DONE": 0,
        "BLOCKED": 1,
        "USAGE": 2,
        "AWAITING": 3,
        "NO_CHANGE": 4,
        "REJECTED": 5,
        "BUDGET": 6,
        "SETUP": 7,
        "BUG": 70,
        "INTERRUPTED": 130,
    }


def test_every_error_has_its_code() -> None:
    found = {
        name: int(kind.exit_code)
        for name, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, AgentGateError)
    }
    assert found == CODES


def test_an_error_says_what_happened_and_what_to_do() -> None:
    assert str(UsageError("no such run", hint="agent-gate runs")) == "no such run\nhint: agent-gate runs"
    assert str(UsageError("no such run")) == "no such run"


@pytest.mark.parametrize(
    ("line", "field", "text"),
    [(3, "load[0].id", "s.yaml:3: load[0].id: bad"), (0, "", "s.yaml: bad"), (0, "id", "s.yaml: id: bad")],
)
def test_a_spec_error_names_file_line_and_field(line: int, field: str, text: str) -> None:
    error = SpecError("bad", path="s.yaml", line=line, field=field)
    assert (str(error), error.line, error.field) == (text, line, field)
