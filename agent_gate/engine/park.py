"""Nothing blocks, and a person has to decide: the candidate is pinned, and the process may end."""

from __future__ import annotations

from agent_gate.audit.message import render_body, render_subject
from agent_gate.engine.commit_message import why_refused
from agent_gate.engine.session import Session
from agent_gate.run.events import Parked, RunBlocked
from agent_gate.run.journal import JOURNAL_FILE
from agent_gate.run.state import RunState

PIN_PREFIX = "refs/agent-gate/runs/"


async def park(session: Session) -> None:
    """Renders subject and body, which the approval will cover, and pins the candidate.

    Blocked where the repository's commit-msg hook refuses the message.
    """
    state = session.state
    spec, verdict = state.started.spec, state.verdict
    assert verdict is not None  # noqa: S101 - only a judged candidate is parked
    subject, body = render_subject(spec), render_body(spec, verdict)
    if refused := await why_refused(session, subject, body):
        session.recorder.record(RunBlocked(message=refused))
        return
    session.recorder.record(Parked(pin=_pin(session), subject=subject, body=body))


async def give_up(session: Session) -> None:
    """No attempt is left."""
    session.recorder.record(RunBlocked(message=_why_blocked(session.state)))


def _why_blocked(state: RunState) -> str:
    count = len(state.attempts)
    tried = "the only attempt" if count == 1 else f"all {count} attempts"
    if not any(attempt.verdict for attempt in state.attempts):
        return f"{tried} gave no change that could be applied"
    return f"{tried} used, and none passed the gates"


def _pin(session: Session) -> str:
    """A commit that holds candidate, spec and journal, so that git keeps it and can carry it."""
    repository = session.context.repository
    state = session.state
    candidate = state.candidate
    assert candidate is not None  # noqa: S101 - only a judged candidate is parked
    spec = repository.write_blob(state.started.spec.canonical())
    journal = repository.write_blob((session.recorder.journal.directory / JOURNAL_FILE).read_bytes())
    listing = (
        f"040000 tree {candidate.tree}\tcandidate\n"
        f"100644 blob {journal}\t{JOURNAL_FILE}\n"
        f"100644 blob {spec}\tspec.json\n"
    )
    tree = repository.text("mktree", stdin=listing.encode())
    operator = state.started.operator
    identity = {
        f"GIT_{role}_{field}": value
        for role in ("AUTHOR", "COMMITTER")
        for field, value in (("NAME", operator.name), ("EMAIL", operator.email))
    }
    pin = repository.text(
        "commit-tree", tree, "-p", state.base, "-m", f"agent-gate: parked run {state.run_id}", env=identity
    )
    repository.git("update-ref", f"{PIN_PREFIX}{state.run_id}", pin)
    return pin
