"""The branch moved: the same reply is applied to its new tip, and everything is gated again."""

from __future__ import annotations

from agent_gate.engine.session import Session
from agent_gate.run.events import Rebased


async def rebase(session: Session) -> None:
    """Voids results and approvals. The policy is the new base's."""
    repository = session.context.repository
    base = repository.resolve(session.state.started.ref)
    source = session.context.policy(base)
    session.recorder.record(Rebased(base=base, policy=source.policy, policy_blob=source.blob))
