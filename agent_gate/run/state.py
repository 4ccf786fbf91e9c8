"""The state of a run: a fold over its events, and the one function that names the next step.

The fold also says which event may follow where. What does not fit raises JournalError before it is
written, so a journal never speaks of an approval without a verdict that passed, or of a seal without
an approval.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from enum import StrEnum
from functools import reduce
from typing import Any, NamedTuple

from agent_gate.errors import ExitCode, JournalError
from agent_gate.run import events as ev
from agent_gate.run.standing import TERMINAL, Attempt, Phase, RunState, message_digest

__all__ = [
    "TERMINAL",
    "Attempt",
    "Phase",
    "RunState",
    "Step",
    "apply",
    "exit_code",
    "fold",
    "message_digest",
    "next_step",
]


class Step(StrEnum):
    """What is to be done next."""

    PROPOSE = "propose"
    PREPARE = "prepare"
    CHECK = "check"
    PARK = "park"
    GIVE_UP = "give up"
    DECIDE = "decide"
    REBASE = "rebase"
    SEAL = "seal"
    LAND = "land"
    NOTHING = "nothing"


def fold(events: Iterable[ev.JournalEvent]) -> RunState:
    """The state after these events; raises JournalError where one does not fit the ones before it."""
    iterator = iter(events)
    first = next(iterator, None)
    if not isinstance(first, ev.RunStarted):
        raise JournalError("the journal does not begin with RunStarted", hint="the run cannot be read")
    start = RunState(run_id=first.run, started=first, base=first.base, last_seq=first.seq)
    return reduce(apply, iterator, start)


def apply(state: RunState, event: ev.JournalEvent) -> RunState:
    """The state after one more event; raises JournalError where it does not fit."""
    rule = _RULES.get(event.type)
    if rule is None or state.phase not in rule.phases:
        raise JournalError(
            f"run {state.run_id} is {state.phase.replace('_', ' ')}: {event.type} does not fit there",
            hint=f"agent-gate show {state.run_id}",
        )
    if problem := next(_mismatches(state, event), ""):
        raise JournalError(f"run {state.run_id}: {event.type}: {problem}", hint="nothing was done with it")
    return replace(rule.change(state, event), last_seq=event.seq)


def next_step(state: RunState) -> Step:
    """The one step that carries the run on."""
    if state.phase != "checked":
        return _STEPS.get(state.phase, Step.NOTHING)
    if state.verdict is not None and state.verdict.outcome == "passed":
        return Step.PARK
    return Step.GIVE_UP if len(state.attempts) >= state.started.attempts else Step.PROPOSE


_STEPS: Mapping[Phase, Step] = {
    "drafted": Step.PROPOSE,
    "proposing": Step.PROPOSE,
    "proposed": Step.PREPARE,
    "prepared": Step.CHECK,
    "awaiting_approval": Step.DECIDE,
    "approved": Step.SEAL,
    "stale": Step.REBASE,
    "sealing": Step.LAND,
}


def exit_code(state: RunState) -> ExitCode:
    """What a process that leaves the run in this state tells its caller."""
    match state.phase:
        case "sealed":
            return ExitCode.DONE
        case "rejected" | "aborted":
            return ExitCode.REJECTED
        case "awaiting_approval" | "approved" | "sealing" | "stale":
            return ExitCode.AWAITING
        case "proposing" if state.failure is not None and state.failure.budget:
            return ExitCode.BUDGET
        case "blocked" | "proposing":
            return ExitCode.BLOCKED if state.gated else ExitCode.NO_CHANGE
        case _:
            return ExitCode.INTERRUPTED


def _mismatches(state: RunState, event: ev.JournalEvent) -> Iterator[str]:
    """What the event says about the run that is not so."""
    match event:
        case ev.ProposalStarted() | ev.ProposalFailed():
            if event.attempt != (number := _next_attempt(state)):
                yield f"attempt {event.attempt}, where attempt {number} is next"
        case ev.ProposalFinished():
            if not _under_way(state) or event.proposal.attempt != len(state.attempts):
                yield f"a reply for attempt {event.proposal.attempt}, which is not under way"
        case ev.Parked():
            if next_step(state) is not Step.PARK:
                yield "the verdict did not pass"
        case ev.Sealed():
            if state.seal is None or event.commit != state.seal.commit:
                yield "not the commit that was prepared"
        case _ if getattr(event, "attempt", len(state.attempts)) != len(state.attempts):
            yield f"attempt {len(state.attempts)} is the one under way"
        case _:
            yield from _other_candidate(state, event)


def _under_way(state: RunState) -> bool:
    """The newest attempt has no reply yet."""
    return state.current is not None and state.current.proposal is None


def _next_attempt(state: RunState) -> int:
    return len(state.attempts) + (0 if _under_way(state) else 1)


def _other_candidate(state: RunState, event: ev.JournalEvent) -> Iterator[str]:
    """Verdict, results and candidate name one tree, on the run's base: the binding rule."""
    tree = state.candidate.tree if state.candidate else ""
    match event:
        case ev.CandidatePrepared() if event.candidate.base_commit != state.base:
            yield f"the candidate stands on {event.candidate.base_commit}, the run on {state.base}"
        case ev.ChecksStarted() | ev.GateFinished() if event.tree != tree:
            yield f"it is about the tree {event.tree}, the candidate is {tree}"
        case ev.ChecksFinished() if event.verdict.tree != tree:
            yield f"the verdict is about the tree {event.verdict.tree}, the candidate is {tree}"
        case ev.ChecksFinished() if event.verdict_digest != event.verdict.digest:
            yield "the verdict is not the one that its digest names"


class _Rule(NamedTuple):
    """In which phases an event may come, and what it changes."""

    phases: frozenset[Phase]
    change: Callable[[RunState, Any], RunState]


def _started(state: RunState, event: ev.ProposalStarted) -> RunState:
    attempts = state.attempts if _under_way(state) else (*state.attempts, Attempt(number=event.attempt))
    return replace(state, phase="proposing", attempts=attempts)


def _failed(state: RunState, event: ev.ProposalFailed) -> RunState:
    spent = state.failures_microusd + (event.usage.cost_microusd or 0)
    return replace(state, phase="proposing", failure=event, failures_microusd=spent)


def _decided(state: RunState, event: ev.DecisionMade) -> RunState:
    state = replace(state, decisions=(*state.decisions, event))
    if event.approval.decision == "reject":
        return replace(state, phase="rejected", end_message=event.approval.reason)
    if state.phase == "stale":
        return state  # the base has moved: an approval comes too late to count
    return replace(state, phase="awaiting_approval" if state.missing else "approved")


def _rebased(state: RunState, event: ev.Rebased) -> RunState:
    cleared = _amend(state, candidate=None, verdict=None, results=(), refused=())
    return replace(
        cleared,
        phase="proposed",
        base=event.base,
        rebased=event,
        moved=None,
        parked=None,
        decisions=(),
        seal=None,
        landing=False,
    )


def _amend(state: RunState, **changes: Any) -> RunState:
    if state.current is None:
        raise JournalError("the journal speaks of an attempt that was never started", hint="start a new run")
    return replace(state, attempts=(*state.attempts[:-1], replace(state.current, **changes)))


def _ends(phase: Phase) -> Callable[[RunState, ev.RunBlocked | ev.RunAborted], RunState]:
    return lambda state, event: replace(state, phase=phase, end_message=event.message)


_BEFORE_PROPOSAL: frozenset[Phase] = frozenset({"drafted", "proposing", "checked"})
_PARKED: frozenset[Phase] = frozenset({"awaiting_approval", "approved"})
# Once the commit's bytes are fixed the run can only land, or learn that its base has moved.
_OPEN: frozenset[Phase] = _BEFORE_PROPOSAL | _PARKED | {"proposed", "prepared", "stale"}

_RULES: Mapping[str, _Rule] = {
    "ProposalStarted": _Rule(_BEFORE_PROPOSAL, _started),
    "ProposalFinished": _Rule(
        frozenset({"proposing"}),
        lambda s, e: replace(_amend(s, proposal=e.proposal), phase="proposed", failure=None),
    ),
    "ProposalFailed": _Rule(_BEFORE_PROPOSAL, _failed),
    "ReplyRefused": _Rule(
        frozenset({"proposed"}), lambda s, e: replace(_amend(s, refused=e.problems), phase="checked")
    ),
    "CandidatePrepared": _Rule(
        frozenset({"proposed"}), lambda s, e: replace(_amend(s, candidate=e.candidate), phase="prepared")
    ),
    "ChecksStarted": _Rule(frozenset({"prepared"}), lambda s, _: _amend(s, results=())),
    "GateStarted": _Rule(frozenset({"prepared"}), lambda s, _: s),
    "GateFinished": _Rule(frozenset({"prepared"}), lambda s, e: _amend(s, results=(*s.results, e.result))),
    "ChecksFinished": _Rule(
        frozenset({"prepared"}),
        lambda s, e: replace(_amend(s, verdict=e.verdict), phase="checked", gated=True),
    ),
    "Parked": _Rule(frozenset({"checked"}), lambda s, e: replace(s, phase="awaiting_approval", parked=e)),
    "DecisionMade": _Rule(_PARKED | {"stale"}, _decided),
    "BaseMoved": _Rule(
        _PARKED | {"checked", "stale", "sealing"}, lambda s, e: replace(s, phase="stale", moved=e)
    ),
    "Rebased": _Rule(_PARKED | {"stale"}, _rebased),
    "SealPrepared": _Rule(frozenset({"approved"}), lambda s, e: replace(s, phase="sealing", seal=e)),
    "LandingStarted": _Rule(frozenset({"sealing"}), lambda s, _: replace(s, landing=True)),
    "Sealed": _Rule(frozenset({"sealing"}), lambda s, e: replace(s, phase="sealed", sealed=e, landing=False)),
    "RunBlocked": _Rule(_OPEN, _ends("blocked")),
    "RunAborted": _Rule(_OPEN, _ends("aborted")),
}
