"""A person's decision, taken wherever the person is: it needs nothing but the run's folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from agent_gate.audit.evidence import approval_line
from agent_gate.audit.unsigned import signatures_wanted
from agent_gate.domain.approval import Approval, Person
from agent_gate.engine.context import Context
from agent_gate.engine.next_command import next_command
from agent_gate.engine.recorder import Emit, Recorder, silent
from agent_gate.errors import AwaitingDecision, StaleBaseError, UsageError
from agent_gate.run.events import BaseMoved, DecisionMade, RunAborted, utc_now
from agent_gate.run.state import TERMINAL, RunState

Means = Literal["terminal", "command", "yes"]


def approve(
    context: Context,
    run_id: str,
    *,
    reason: str = "",
    answers: Mapping[str, str] | None = None,
    means: Means = "command",
    emit: Emit = silent,
) -> RunState:
    """Records an approval of exactly what stands now; `advance` then seals.

    Raises UsageError where the run waits for no approval, StaleBaseError where the branch has moved,
    AwaitingDecision where clauses are left unanswered or an unsigned approval does not count.
    """
    answers = answers or {}
    journal = context.runs.find(run_id)
    with journal.writing():
        recorder = Recorder(journal, emit)
        state = recorder.state
        _require_parked(state)
        _require_base(context, recorder)
        _require_unsigned_counts(context, state)
        _require_answers(state, answers)
        assert state.binding is not None  # noqa: S101 - a parked run has one
        assert state.verdict is not None  # noqa: S101
        approval = Approval(
            binding=state.binding,
            decision="approve",
            approver=_person(context),
            reason=reason,
            answers={clause.clause: answers[clause.clause].strip() for clause in state.verdict.awaiting},
            confirmed=tuple(c.clause for c in state.verdict.clauses if c.model_written),
            time=utc_now(),
            means=means,
        )
        recorder.record(DecisionMade(approval=approval, envelope=approval_line(approval)))
        if missing := recorder.state.missing:
            raise AwaitingDecision(
                f"the approval is recorded, and more is needed: {'; '.join(missing)}",
                hint=f"agent-gate show {state.run_id}",
            )
        return recorder.state


def reject(context: Context, run_id: str, *, reason: str, emit: Emit = silent) -> RunState:
    """Ends the run, whether it waits for a decision or is only unfinished.

    Raises UsageError where it has ended already, or no reason is given.
    """
    if not reason.strip():
        raise UsageError("a rejection needs a reason", hint="--reason 'why'")
    journal = context.runs.find(run_id)
    with journal.writing():
        recorder = Recorder(journal, emit)
        state = recorder.state
        if state.phase in TERMINAL or state.phase == "sealing":
            raise UsageError(
                f"run {state.run_id} cannot be rejected any more: it is {state.phase}",
                hint=f"agent-gate show {state.run_id}",
            )
        if state.binding is None:
            recorder.record(RunAborted(message=reason.strip()))
            return recorder.state
        approval = Approval(
            binding=state.binding,
            decision="reject",
            approver=_person(context),
            reason=reason.strip(),
            time=utc_now(),
        )
        recorder.record(DecisionMade(approval=approval, envelope=approval_line(approval)))
        return recorder.state


def _person(context: Context) -> Person:
    identity = context.repository.author()
    return Person(name=identity.name, email=identity.email)


def _require_parked(state: RunState) -> None:
    if state.phase == "stale":
        raise StaleBaseError(
            f"the base of run {state.run_id} has moved; the gates must run again",
            hint=f"agent-gate resume {state.run_id}",
        )
    if state.phase not in {"awaiting_approval", "approved"}:
        raise UsageError(
            f"run {state.run_id} waits for no approval: it is {state.phase.replace('_', ' ')}",
            hint=next_command(state) or f"agent-gate show {state.run_id}",
        )


def _require_base(context: Context, recorder: Recorder) -> None:
    state = recorder.state
    found = context.repository.ref(state.started.ref)
    if found in {state.base, None}:
        return
    recorder.record(BaseMoved(ref=state.started.ref, gated=state.base, found=found or ""))
    branch = state.started.ref.removeprefix("refs/heads/")
    raise StaleBaseError(
        f"{branch} moved from {state.base[:10]} to {(found or '')[:10]} since the gates ran; nothing landed",
        hint=f"agent-gate resume {state.run_id}   (applies the change to the new tip and gates it again)",
    )


def _require_unsigned_counts(context: Context, state: RunState) -> None:
    assert state.candidate is not None  # noqa: S101 - a parked run has one
    wanted = signatures_wanted(context.repository, state.base, state.policy, state.candidate.paths)
    if reason := next(wanted, ""):
        raise AwaitingDecision(
            f"an unsigned approval does not count here: {reason}",
            hint="this version cannot sign approvals yet; the run stays parked",
        )


def _require_answers(state: RunState, answers: Mapping[str, str]) -> None:
    assert state.verdict is not None  # noqa: S101
    known = {clause.clause for clause in state.verdict.awaiting}
    if stray := sorted(set(answers) - known):
        raise UsageError(
            f"clause {stray[0]} does not wait for an answer",
            hint=f"these do: {', '.join(sorted(known)) or 'none'}",
        )
    missing = [clause for clause in state.verdict.awaiting if not answers.get(clause.clause, "").strip()]
    if missing:
        listed = "\n".join(
            f"  {clause.clause}: {item.verifier}"
            for clause in missing
            for item in clause.evidence
            if item.awaits_person
        )
        flags = " ".join(f"--answer {clause.clause}='…'" for clause in missing)
        raise AwaitingDecision(
            f"these clauses rest on your word and are not answered:\n{listed}",
            hint=f"agent-gate approve {state.run_id} {flags}",
        )
