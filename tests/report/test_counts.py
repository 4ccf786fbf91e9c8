"""What a gate says beside its sign."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from agent_gate.domain.gate import GateResult, Status
from agent_gate.report.counts import gate_words


@pytest.mark.parametrize(
    ("status", "reason", "measures", "words"),
    [
        ("passed", "", {}, ""),
        ("passed", "", {"files": 3, "findings_base": 2}, ""),
        ("skipped", "not applicable", {}, "not applicable"),
        (
            "passed",
            "",
            {"tests": 12, "passed": 12, "red_on_base": 2},
            "12 of 12 tests, 2 red on the base",
        ),
        ("failed", "1 new finding", {"tests": 3, "passed": 2}, "1 new finding; 2 of 3 tests"),
        (
            "passed",
            "",
            {"changed_lines": 9, "missed_lines": 1, "changed_branches": 2},
            "8 of 9 changed lines, 2 of 2 branches",
        ),
        ("failed", "the tests run 66.6 %", {"changed_lines": 3, "missed_lines": 1}, "the tests run 66.6 %"),
        (
            "failed",
            "1 new finding",
            {"mutants": 3, "killed": 2},
            "1 new finding; 2 of 3 faults noticed",
        ),
        ("passed", "", {"verifiers": 2, "noticing_verifiers": 1}, "1 of 2 new verifiers notice one"),
    ],
)
def test_the_numbers_that_a_sign_does_not_tell(
    status: Status, reason: str, measures: Mapping[str, int], words: str
) -> None:
    result = GateResult(gate="g", definition_digest="d", status=status, reason=reason, measures=measures)
    assert gate_words(result) == words
