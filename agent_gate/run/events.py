"""The events of a run. Their types and fields are promises (`--json`, and the journal).

A step that can be interrupted writes `…Started` and `…Finished`; a dangling Started is run again.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from agent_gate.domain.approval import Approval, Person
from agent_gate.domain.gate import Finding, GateResult
from agent_gate.domain.policy import Policy
from agent_gate.domain.proposal import Candidate, Proposal, Usage
from agent_gate.domain.spec import Spec
from agent_gate.domain.verdict import Verdict

EVENT_SCHEMA = 1


def utc_now() -> datetime:
    """Now, in UTC, to the millisecond."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


class Event(BaseModel):
    """What all events share. Readers ignore fields that they do not know."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: str
    schema_: Literal[1] = Field(default=1, alias="schema")
    seq: int = 0
    time: datetime = Field(default_factory=utc_now)
    run: str = ""

    def line(self) -> str:
        """One line of JSON, without the newline."""
        return self.model_dump_json(by_alias=True)


class RunStarted(Event):
    """The run's fixed facts: what is asked, on which base, by whom, with which policy."""

    type: Literal["RunStarted"] = "RunStarted"
    spec: Spec
    base: str
    ref: str
    """The branch that the commit shall land on, in full (`refs/heads/main`)."""
    policy: Policy
    policy_blob: str
    """The blob of the base that the policy was read from; empty where all is default."""
    model: str
    attempts: int
    budget_microusd: int = 1_000_000
    operator: Person
    pair: tuple[Person, ...] = ()
    """Who worked on it together with the operator."""
    allow_unsandboxed: bool = False
    version: str
    """agent-gate's own version."""


class ProposalStarted(Event):
    """A model is about to be asked."""

    type: Literal["ProposalStarted"] = "ProposalStarted"
    attempt: int
    prompt_sha256: str = ""


class ProposalFinished(Event):
    """The reply is kept and paid for; it is never asked for again."""

    type: Literal["ProposalFinished"] = "ProposalFinished"
    proposal: Proposal


class ProposalFailed(Event):
    """The provider gave no reply. The attempt is not used up; `resume` asks again."""

    type: Literal["ProposalFailed"] = "ProposalFailed"
    attempt: int
    message: str
    hint: str = ""
    budget: bool = False
    usage: Usage = Usage()


class ReplyRefused(Event):
    """The reply could not be turned into a candidate; nothing of it was applied."""

    type: Literal["ReplyRefused"] = "ReplyRefused"
    attempt: int
    problems: tuple[Finding, ...]


class CandidatePrepared(Event):
    """The reply was applied to the base: there is a tree to judge."""

    type: Literal["CandidatePrepared"] = "CandidatePrepared"
    attempt: int
    candidate: Candidate


class ChecksStarted(Event):
    """All gates begin afresh on this tree."""

    type: Literal["ChecksStarted"] = "ChecksStarted"
    attempt: int
    tree: str
    gates: tuple[str, ...]


class GateStarted(Event):
    """One gate begins."""

    type: Literal["GateStarted"] = "GateStarted"
    attempt: int
    gate: str


class GateFinished(Event):
    """One gate has spoken."""

    type: Literal["GateFinished"] = "GateFinished"
    attempt: int
    tree: str
    result: GateResult


class ChecksFinished(Event):
    """All gates have spoken; the verdict is a pure function of what they said."""

    type: Literal["ChecksFinished"] = "ChecksFinished"
    attempt: int
    verdict: Verdict
    verdict_digest: str


class RunBlocked(Event):
    """No attempt is left."""

    type: Literal["RunBlocked"] = "RunBlocked"
    message: str


class Parked(Event):
    """A person has to decide; the process may end."""

    type: Literal["Parked"] = "Parked"
    pin: str = ""
    """The commit that keeps the candidate alive."""
    subject: str
    body: str


class DecisionMade(Event):
    """A person approved or rejected what is parked."""

    type: Literal["DecisionMade"] = "DecisionMade"
    approval: Approval
    envelope: str = ""
    """The exact line of the approval's statement, signed or not."""
    signer: str = ""
    """Whose trusted key signed the envelope (a principal of allowed_signers); empty for none."""

    @property
    def person(self) -> str:
        """Who decided: the signer where there is one, for a name alone is soon written."""
        return self.signer.strip().casefold() or self.approval.approver.key


class BaseMoved(Event):
    """The branch left the gated base: nothing lands until the change stands on the new one."""

    type: Literal["BaseMoved"] = "BaseMoved"
    ref: str
    gated: str
    found: str


class Rebased(Event):
    """The same reply, to be applied to a new base; all results and approvals are void."""

    type: Literal["Rebased"] = "Rebased"
    base: str
    policy: Policy
    policy_blob: str


class SealPrepared(Event):
    """The exact bytes of commit and evidence: from here on the same commit comes out."""

    type: Literal["SealPrepared"] = "SealPrepared"
    commit: str
    """The commit's object id."""
    commit_object: str
    """The commit object's exact bytes, base64."""
    evidence: tuple[str, ...]
    """The exact lines of the bundle; the last one is the summary."""


class LandingStarted(Event):
    """The commit is about to be put on its branch."""

    type: Literal["LandingStarted"] = "LandingStarted"
    ref: str


class Sealed(Event):
    """The commit and its evidence stand in the repository."""

    type: Literal["Sealed"] = "Sealed"
    commit: str
    ref: str
    note: str = ""
    """Why it landed elsewhere than asked, and how to merge it."""


class RunAborted(Event):
    """Given up for good."""

    type: Literal["RunAborted"] = "RunAborted"
    message: str


JournalEvent = Annotated[
    RunStarted
    | ProposalStarted
    | ProposalFinished
    | ProposalFailed
    | ReplyRefused
    | CandidatePrepared
    | ChecksStarted
    | GateStarted
    | GateFinished
    | ChecksFinished
    | RunBlocked
    | Parked
    | DecisionMade
    | BaseMoved
    | Rebased
    | SealPrepared
    | LandingStarted
    | Sealed
    | RunAborted,
    Field(discriminator="type"),
]

_ADAPTER: TypeAdapter[JournalEvent] = TypeAdapter(JournalEvent)


def read_event(line: str | bytes) -> JournalEvent:
    """Reads one line of a journal; unknown fields are ignored at any depth.

    Raises `pydantic.ValidationError`.
    """
    return _ADAPTER.validate_json(line, extra="ignore")


class ModelText(Event):
    """A piece of the model's reply as it streams. Shown, never kept: `replies/` has the whole."""

    type: Literal["ModelText"] = "ModelText"
    attempt: int
    text: str


class Progress(Event):
    """What a step is doing just now. Shown, never kept."""

    type: Literal["Progress"] = "Progress"
    step: str
    message: str


LiveEvent = JournalEvent | ModelText | Progress
