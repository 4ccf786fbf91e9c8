"""What is told while the gates run, before there is a verdict."""

from __future__ import annotations

import pytest

from agent_gate.cli.reporter import Reporter
from agent_gate.domain.approval import Person
from agent_gate.domain.gate import Finding, GateResult
from agent_gate.domain.policy import GatesPolicy, Policy
from agent_gate.engine.start import trivial_spec
from agent_gate.run import events as ev

MISSED = Finding(gate="coverage", rule="not-run", path="till.py", line=3, message="no test runs line 3")


def told(policy: Policy, *findings: Finding, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What is told of the gate `coverage`, which failed with these."""
    reporter = Reporter()
    reporter(
        ev.RunStarted(
            run="R", spec=trivial_spec("mend it", ("*",)), base="b", ref="refs/heads/main", policy=policy, policy_blob="",
            model="m", attempts=1, operator=Person(name="A", email="a@example.org"), version="1",
        )
    )  # fmt: skip
    result = GateResult(
        gate="coverage",
        definition_digest="d",
        status="failed",
        reason="70 % of them",
        findings=findings,
        duration_ms=100,
    )
    reporter(ev.GateFinished(attempt=1, tree="t", result=result))
    return capsys.readouterr().err.splitlines()[-len(findings) - 1 :]


@pytest.mark.parametrize(
    ("gates", "sign"),
    [
        (GatesPolicy(required=("scope",), advisory=("coverage",)), "?"),
        (GatesPolicy(required=("scope", "coverage"), advisory=()), "✗"),
        (GatesPolicy(required=("coverage",), advisory=("coverage",)), "✗"),
    ],
)
def test_a_gate_is_signed_by_what_it_does_to_the_change(
    gates: GatesPolicy, sign: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(Policy(gates=gates), MISSED, capsys=capsys) == [
        f"  {sign} coverage     failed (70 % of them) 0.1 s",
        f"      {sign} till.py:3 not-run no test runs line 3",
    ]


def test_remarks_and_what_stood_there_before_are_not_told(capsys: pytest.CaptureFixture[str]) -> None:
    quiet = [MISSED.model_copy(update=update) for update in ({"level": "note"}, {"introduced": False})]
    assert all("till.py" not in line for line in told(Policy(), *quiet, capsys=capsys))
