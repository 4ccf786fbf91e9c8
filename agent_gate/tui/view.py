"""What the screens show of a run: a fold over its live events, without any terminal in it.

The run's own state is folded by `run.state`, the same fold as everywhere; what is added here is only what
a journal does not keep: the text as it streams, the gate that is running just now, the last notice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import reduce
from typing import Literal

from agent_gate.domain.matrix import matrix
from agent_gate.domain.policy import Policy
from agent_gate.domain.spec import Spec
from agent_gate.domain.traceability import ClauseResult, trace
from agent_gate.domain.visible import visible_line
from agent_gate.engine.next_command import next_command
from agent_gate.errors import JournalError
from agent_gate.report.check_report import GateReport, ShownFinding, gate_report
from agent_gate.run import events as ev
from agent_gate.run.state import TERMINAL, Attempt, RunState, apply, fold

MODEL_TEXT_KEPT = 40_000
"""Characters of the model's text that are kept for the screen; the whole lies in `replies/`."""

State = Literal[
    "waiting",
    "running",
    "passed",
    "failed",
    "errored",
    "skipped",
    "ask",
    "person",
    "verified",
    "violated",
    "unverified",
    "waived",
]


@dataclass(frozen=True)
class Stage:
    """One stop of the pipeline."""

    name: str
    state: State
    note: str = ""


@dataclass(frozen=True)
class ClauseView:
    """A clause, and how it stands just now."""

    id: str
    sentence: str
    state: State
    basis: str = ""
    """What is required, and what was measured, in the row that tells most."""
    model_written: bool = False


@dataclass(frozen=True)
class SentBack:
    """An attempt that did not pass, and why: what the model is told."""

    attempt: int
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class RunView:
    """A run as the screens see it. Made by `view_of` and `see` only."""

    state: RunState
    model_text: str = ""
    """The end of what the model wrote in this attempt, as it came."""
    notice: str = ""
    gates: tuple[str, ...] = ()
    """The gates of the attempt that is checked now."""
    running: frozenset[str] = frozenset()
    base_measured: bool = False
    live: bool = False
    """Somebody carries the run on just now; else nothing in it is running, whatever was begun."""

    @property
    def run_id(self) -> str:
        """The run's ULID."""
        return self.state.run_id

    @property
    def spec(self) -> Spec:
        """What is asked for."""
        return self.state.started.spec

    @property
    def attempt(self) -> int:
        """The attempt's number, from 1; 0 before the first."""
        return self.state.current.number if self.state.current else 0

    @property
    def model(self) -> str:
        """The model that answered, or the one that is asked."""
        current = self.state.current
        answered = current.proposal.model_returned if current and current.proposal else ""
        return answered or self.state.started.model

    @property
    def ended(self) -> bool:
        """Nothing more will happen."""
        return self.state.phase in TERMINAL

    @property
    def waits_for_person(self) -> bool:
        """The next step is a person's."""
        return self.state.phase in {"awaiting_approval", "stale"}

    @property
    def cost(self) -> str:
        """`$0.08 of $1.00`, from the whole run."""
        return f"{dollars(self.state.cost_microusd)} of {dollars(self.state.started.budget_microusd)}"

    @property
    def tokens(self) -> tuple[int, int]:
        """Prompt and completion tokens of all attempts."""
        usages = [attempt.proposal.usage for attempt in self.state.attempts if attempt.proposal]
        return sum(u.prompt_tokens for u in usages), sum(u.completion_tokens for u in usages)

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The pipeline from left to right."""
        return (
            Stage("spec", "passed"),
            self._base_stage(),
            self._model_stage(),
            *self._gate_stages(),
            self._person_stage(),
        )

    @property
    def clauses(self) -> tuple[ClauseView, ...]:
        """The clauses, as far as the gates that are done can tell."""
        known = {result.clause: result for result in self.judged}
        return tuple(
            _clause_view(
                clause.id, clause.sentence, known.get(clause.id), final=self.state.verdict is not None
            )
            for clause in self.spec.clauses
        )

    @property
    def judged(self) -> tuple[ClauseResult, ...]:
        """What is known of the clauses: by the gates that are done, or by the verdict and a person's word."""
        state = self.state
        if state.verdict is not None:
            return state.clauses
        return trace(self.spec, state.results) if state.results else ()

    @property
    def gate_reports(self) -> tuple[GateReport, ...]:
        """What the gates that are done said, each with what that does to the change."""
        state = self.state
        paths = state.candidate.paths if state.candidate else None
        return tuple(gate_report(self.spec, state.policy, paths, result) for result in state.results)

    @property
    def findings(self) -> tuple[ShownFinding, ...]:
        """What the change brought, with what it does."""
        return tuple(item for gate in self.gate_reports for item in gate.findings if item.effect != "none")

    @property
    def sent_back(self) -> tuple[SentBack, ...]:
        """The attempts that did not pass, oldest first."""
        backs = (SentBack(attempt.number, _why_sent_back(attempt)) for attempt in self.state.attempts)
        return tuple(back for back in backs if back.reasons)

    @property
    def next(self) -> str:
        """The one thing to do or to wait for, in a sentence."""
        return (
            _NEXT.get(self.state.phase, "the run goes on")
            if not self.state.failure
            else (f"the model gave no reply: {self.state.failure.message}")
        )

    @property
    def stopped(self) -> str:
        """The same for a run that nobody carries on just now."""
        return f"stopped: {self.next}" if self.state.failure else f"stopped; next: {self.next}"

    @property
    def command(self) -> str:
        """The same next step as the command line says it; empty at an end."""
        return next_command(self.state)

    def _base_stage(self) -> Stage:
        if self.base_measured:
            return Stage("base", "passed")
        return Stage("base", "running" if self.attempt and self.live else "waiting")

    def _model_stage(self) -> Stage:
        match self.state.phase:
            case "drafted":
                return Stage("model", "waiting")
            case "proposing":
                return Stage(
                    "model", "failed" if self.state.failure else "running" if self.live else "waiting"
                )
            case _:
                refused = bool(self.state.current and self.state.current.refused)
                return Stage("model", "failed" if refused else "passed")

    def _gate_stages(self) -> tuple[Stage, ...]:
        results = {gate.result.gate: gate for gate in self.gate_reports}
        usual = _planned(self.state.policy)
        asked = (*(gate for gate in usual if gate in self.gates), *self.gates) if self.gates else usual
        return tuple(self._gate_stage(gate, results.get(gate)) for gate in dict.fromkeys((*asked, *results)))

    def _gate_stage(self, gate: str, report: GateReport | None) -> Stage:
        if report is not None:
            return Stage(gate, gate_state(report), report.result.reason)
        return Stage(gate, "running" if gate in self.running and self.live else "waiting")

    def _person_stage(self) -> Stage:
        match self.state.phase:
            case "awaiting_approval" | "stale":
                return Stage("you", "person")
            case "approved" | "sealing" | "sealed":
                return Stage("you", "passed")
            case "rejected":
                return Stage("you", "failed")
            case _:
                return Stage("you", "waiting")


def view_of(events: Iterable[ev.LiveEvent], *, live: bool = False) -> RunView:
    """The view after these events; raises JournalError where they do not begin with RunStarted."""
    iterator = iter(events)
    first = next(iterator, None)
    if not isinstance(first, ev.RunStarted):
        raise JournalError("the journal does not begin with RunStarted", hint="the run cannot be read")
    return reduce(see, iterator, RunView(state=fold((first,)), live=live))


def see(view: RunView, event: ev.LiveEvent) -> RunView:
    """The view after one more event."""
    match event:
        case ev.ModelText():
            return replace(view, model_text=(view.model_text + event.text)[-MODEL_TEXT_KEPT:], notice="")
        case ev.Progress():
            return replace(view, notice=event.message)
        case _:
            return replace(_live(view, event), state=apply(view.state, event))


def gate_state(gate: GateReport) -> State:
    """How a gate ended; one that failed and blocks nothing asks."""
    result = gate.result
    return "ask" if result.status == "failed" and gate.effect == "ask" else result.status


def dollars(microusd: int) -> str:
    """Money for people: cents, and more digits only where there would be nothing else."""
    amount = microusd / 1_000_000
    return f"${amount:.4f}" if 0 < amount < 0.01 else f"${amount:.2f}"


def _live(view: RunView, event: ev.JournalEvent) -> RunView:
    match event:
        case ev.ProposalStarted():
            changes: dict[str, object] = {"model_text": "", "gates": (), "running": frozenset()}
        case ev.ChecksStarted():
            changes = {"gates": event.gates, "running": frozenset()}
        case ev.GateStarted():
            changes = {"running": view.running | {event.gate}, "base_measured": True}
        case ev.GateFinished():
            changes = {"running": view.running - {event.result.gate}, "base_measured": True}
        case ev.ChecksFinished() | ev.ProposalFailed() | ev.RunAborted():
            changes = {"running": frozenset()}
        case ev.Rebased():
            changes = {"gates": (), "running": frozenset(), "base_measured": False}
        case _:
            changes = {}
    return replace(view, notice="", **changes)  # type: ignore[arg-type]


def _planned(policy: Policy) -> tuple[str, ...]:
    return (*policy.gates.required, *policy.gates.advisory)


def _why_sent_back(attempt: Attempt) -> tuple[str, ...]:
    if attempt.refused:
        return tuple(visible_line(f"reply  {finding.message}") for finding in attempt.refused)
    if attempt.verdict is None or attempt.verdict.outcome != "blocked":
        return ()
    return tuple(visible_line(f"{reason.source}  {reason.message}") for reason in attempt.verdict.blocking)


def _clause_view(clause_id: str, sentence: str, result: ClauseResult | None, *, final: bool) -> ClauseView:
    if result is None:
        return ClauseView(clause_id, sentence, "waiting")
    (clause,) = matrix([result])
    state: State
    match result.state:
        case "verified" | "violated" | "waived":
            state = result.state
        case _ if result.awaits_person:
            state = "person"
        case _:
            state = "unverified" if final else "waiting"
    return ClauseView(clause_id, sentence, state, clause.telling.line, result.model_written)


_NEXT = {
    "drafted": "the model is asked next",
    "proposing": "the model writes",
    "proposed": "the reply is applied to the base",
    "prepared": "the gates run on the candidate",
    "checked": "the verdict is made",
    "awaiting_approval": "waits for you: review it",
    "approved": "approved: it will be sealed",
    "stale": "the base has moved: gate it again on the new one",
    "sealing": "the commit is being landed",
    "sealed": "sealed",
    "blocked": "blocked: no attempt is left",
    "rejected": "rejected",
    "aborted": "aborted",
}
