"""Where a run stands: everything that its events say, and what follows from that alone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from agent_gate.domain.approval import Approval, Binding
from agent_gate.domain.digest import sha256
from agent_gate.domain.gate import Finding, GateResult
from agent_gate.domain.policy import Policy
from agent_gate.domain.proposal import Candidate, Proposal
from agent_gate.domain.traceability import ClauseResult, attest, attestations_of
from agent_gate.domain.verdict import Verdict
from agent_gate.run import events as ev

Phase = Literal[
    "drafted",
    "proposing",
    "proposed",
    "prepared",
    "checked",
    "awaiting_approval",
    "approved",
    "stale",
    "sealing",
    "sealed",
    "blocked",
    "rejected",
    "aborted",
]
TERMINAL: frozenset[Phase] = frozenset({"sealed", "blocked", "rejected", "aborted"})


@dataclass(frozen=True)
class Attempt:
    """One round of the repair loop."""

    number: int
    proposal: Proposal | None = None
    refused: tuple[Finding, ...] = ()
    candidate: Candidate | None = None
    verdict: Verdict | None = None
    results: tuple[GateResult, ...] = ()


@dataclass(frozen=True)
class RunState:
    """Everything known about a run. Made by `fold` only."""

    run_id: str
    started: ev.RunStarted
    phase: Phase = "drafted"
    base: str = ""
    attempts: tuple[Attempt, ...] = ()
    decisions: tuple[ev.DecisionMade, ...] = ()
    """All decisions about the base that stands now, in order."""
    parked: ev.Parked | None = None
    seal: ev.SealPrepared | None = None
    landing: bool = False
    """A landing was started and its end is not recorded: the process died, or is at it."""
    sealed: ev.Sealed | None = None
    moved: ev.BaseMoved | None = None
    failure: ev.ProposalFailed | None = None
    """The last provider error, until a reply comes."""
    failures_microusd: int = 0
    """What calls without a usable reply have cost."""
    gated: bool = False
    """Some attempt reached a verdict, perhaps on a base that has moved since."""
    end_message: str = ""
    last_seq: int = 0
    rebased: ev.Rebased | None = None

    @property
    def current(self) -> Attempt | None:
        """The newest attempt."""
        return self.attempts[-1] if self.attempts else None

    @property
    def candidate(self) -> Candidate | None:
        """The newest candidate."""
        return self.current.candidate if self.current else None

    @property
    def verdict(self) -> Verdict | None:
        """The newest verdict."""
        return self.current.verdict if self.current else None

    @property
    def results(self) -> tuple[GateResult, ...]:
        """What the gates said about the newest candidate."""
        return self.current.results if self.current else ()

    @property
    def policy(self) -> Policy:
        """The base's policy."""
        return self.rebased.policy if self.rebased else self.started.policy

    @property
    def policy_blob(self) -> str:
        """Where the policy was read from, in the base."""
        return self.rebased.policy_blob if self.rebased else self.started.policy_blob

    @property
    def cost_microusd(self) -> int:
        """What the run has cost so far."""
        replies = sum(a.proposal.usage.cost_microusd or 0 for a in self.attempts if a.proposal)
        return replies + self.failures_microusd

    @property
    def binding(self) -> Binding | None:
        """What an approval given now would be valid for."""
        if not (self.candidate and self.verdict and self.parked):
            return None
        return Binding(
            tree=self.candidate.tree,
            base=self.base,
            ref=self.started.ref,
            spec_digest=self.started.spec.digest,
            policy_digest=self.policy.digest,
            verdict_digest=self.verdict.digest,
            message_digest=message_digest(self.parked.subject, self.parked.body),
        )

    @property
    def approvals(self) -> tuple[Approval, ...]:
        """All decisions, also those that count for nothing."""
        return tuple(decision.approval for decision in self.decisions)

    @property
    def approval_lines(self) -> tuple[str, ...]:
        """The exact lines of the decisions' statements, in the same order."""
        return tuple(decision.envelope for decision in self.decisions)

    @property
    def required_approvals(self) -> int:
        """How many different people must approve this candidate, its zones counted in."""
        return self.policy.required_approvals(self.candidate.paths if self.candidate else None)

    @property
    def valid_approvals(self) -> tuple[Approval, ...]:
        """Approvals that bind what stands now and count: the newest of each person, in order.

        An unsigned one counts only where one person suffices, whoever it is, and nobody asks for
        signatures; an independent one is by neither the operator nor who paired with the operator.
        """
        return tuple(decision.approval for decision in self._valid_decisions)

    @property
    def missing(self) -> tuple[str, ...]:
        """What people still have to say before the candidate may be sealed, in sentences."""
        if self.verdict is None or self.binding is None:
            return ("there is nothing to approve yet",)
        lacking = self.required_approvals - len(self.valid_approvals)
        confirmed = {clause for approval in self.valid_approvals for clause in approval.confirmed}
        unconfirmed = [
            c.clause for c in self.verdict.clauses if c.model_written and c.clause not in confirmed
        ]
        return (
            *([f"approvals still needed: {lacking}"] if lacking > 0 else ()),
            *(f"{c.clause} waits for an answer" for c in self.verdict.awaiting if not self._answered(c)),
            *(f"{name} rests on a test that the model wrote: not confirmed" for name in unconfirmed),
        )

    @property
    def clauses(self) -> tuple[ClauseResult, ...]:
        """The clauses as they stand, with the answers of the approvals that count."""
        if self.verdict is None:
            return ()
        return attest(self.verdict.clauses, attestations_of(self.started.spec, self.valid_approvals))

    @property
    def _valid_decisions(self) -> tuple[ev.DecisionMade, ...]:
        rules = self.policy.approval
        unsigned_count = not (
            self.required_approvals > 1 or rules.independent or rules.signatures == "required"
        )
        newest = {
            decision.person: decision
            for decision in self.decisions
            if decision.approval.decision == "approve"
            and decision.approval.binding == self.binding
            and (decision.signer or unsigned_count)
            and not (rules.independent and self._is_own(decision))
        }
        return tuple(decision for decision in self.decisions if newest.get(decision.person) is decision)

    def _is_own(self, decision: ev.DecisionMade) -> bool:
        """By the operator, or by who paired with the operator."""
        own = {person.key for person in (self.started.operator, *self.started.pair)}
        return bool(own & {decision.person, decision.approval.approver.key})

    def _answered(self, clause: ClauseResult) -> bool:
        """In a critical spec, a clause that nothing else verifies takes a signed word from another."""
        decisions: Collection[ev.DecisionMade] = self._valid_decisions
        if self.started.spec.risk == "critical" and all(item.awaits_person for item in clause.evidence):
            operator = self.started.operator.key
            decisions = [
                d for d in decisions if d.signer and operator not in {d.person, d.approval.approver.key}
            ]
        return any(d.approval.answers.get(clause.clause, "").strip() for d in decisions)


def message_digest(subject: str, body: str) -> str:
    """Over subject and body of the commit message, without trailers."""
    return sha256(f"{subject}\n\n{body}".strip().encode())
