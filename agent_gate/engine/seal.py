"""Commits exactly the approved tree: the bytes are fixed first, then they land."""

from __future__ import annotations

from agent_gate.audit.seal import prepare_seal, restore_commit
from agent_gate.engine.park import PIN_PREFIX
from agent_gate.engine.session import Session
from agent_gate.errors import StaleBaseError
from agent_gate.run.events import BaseMoved, LandingStarted, Sealed
from agent_gate.run.state import RunState
from agent_gate.vcs.landing import Landing, land


async def seal(session: Session) -> None:
    """Fixes the exact bytes of evidence and commit, unless the branch has moved."""
    state = session.state
    if (found := session.context.repository.ref(state.started.ref)) not in {state.base, None}:
        _stop_at_moved_base(session, found or "")
        return
    session.recorder.record(prepare_seal(session.context.repository, state))


async def land_commit(session: Session) -> None:
    """Lands commit and evidence in one transaction; a landing cut short before is completed."""
    state = session.state
    repository = session.context.repository
    assert state.seal is not None  # noqa: S101 - the phase says so
    recovering = state.landing
    restore_commit(repository, state.seal)
    session.recorder.record(LandingStarted(ref=state.started.ref))
    try:
        landed = land(repository, _landing(state), recovering=recovering)
    except StaleBaseError:
        _stop_at_moved_base(session, repository.ref(state.started.ref) or "")
        return
    session.recorder.record(Sealed(commit=state.seal.commit, ref=landed.ref, note=landed.note))
    if repository.ref(f"{PIN_PREFIX}{state.run_id}"):
        repository.git("update-ref", "-d", f"{PIN_PREFIX}{state.run_id}")


def _landing(state: RunState) -> Landing:
    binding, prepared = state.binding, state.seal
    assert binding is not None  # noqa: S101 - the phase says so
    assert prepared is not None  # noqa: S101
    return Landing(
        ref=binding.ref,
        base=binding.base,
        commit=prepared.commit,
        tree=binding.tree,
        lines=prepared.evidence,
        run_id=state.run_id,
        spec_id=state.started.spec.id,
    )


def _stop_at_moved_base(session: Session, found: str) -> None:
    state = session.state
    session.recorder.record(BaseMoved(ref=state.started.ref, gated=state.base, found=found))
    session.stopped = True
