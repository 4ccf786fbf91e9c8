"""Runs the gates on the candidate and judges what they say."""

from __future__ import annotations

from agent_gate.domain.gate import GateResult
from agent_gate.domain.verdict import judge
from agent_gate.engine.session import Session
from agent_gate.gating.runner import run_gates
from agent_gate.run.events import ChecksFinished, ChecksStarted, GateFinished, GateStarted


async def check(session: Session) -> None:
    """Ends in ChecksFinished. A check cut short is begun again: its finished gates are in the cache."""
    state, recorder = session.state, session.recorder
    current, candidate = state.current, state.candidate
    assert current is not None  # noqa: S101 - the phase says so
    assert candidate is not None  # noqa: S101
    request = await session.context.check_request(session.change(of_candidate=True))
    recorder.record(
        ChecksStarted(
            attempt=current.number, tree=candidate.tree, gates=tuple(gate.id for gate in request.definitions)
        )
    )

    def started(gate: str) -> None:
        recorder.record(GateStarted(attempt=current.number, gate=gate))

    def finished(result: GateResult) -> None:
        recorder.record(GateFinished(attempt=current.number, tree=candidate.tree, result=result))

    await session.base_measured()
    results = await run_gates(request, started, finished)
    verdict = judge(state.started.spec, state.policy, candidate.tree, results, candidate.paths)
    recorder.record(ChecksFinished(attempt=current.number, verdict=verdict, verdict_digest=verdict.digest))
