"""Statements about a tree, in the field's own formats, one envelope a line.

An in-toto Statement v1 inside a DSSE v1.0 envelope. The predicates of others (`test-result/v0.1`,
`svr/v0.2`) carry what their readers look for, and in one field of ours, `agentGate`, all that is needed
to judge again; in-toto's parsing rules let readers ignore it. No value is a float: money is in
micro-dollars, and spec and policy, which may hold any number, travel as their exact canonical text.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic.alias_generators import to_camel

from agent_gate.domain.approval import Approval, Binding, Person
from agent_gate.domain.digest import canonical_json
from agent_gate.domain.gate import GateResult
from agent_gate.domain.proposal import Proposal
from agent_gate.domain.verification import ClauseState
from agent_gate.errors import AgentGateError, ExitCode

PAYLOAD_TYPE: Literal["application/vnd.in-toto+json"] = "application/vnd.in-toto+json"
STATEMENT_TYPE: Literal["https://in-toto.io/Statement/v1"] = "https://in-toto.io/Statement/v1"
TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
SUMMARY = "https://in-toto.io/attestation/svr/v0.2"
APPROVAL = "urn:agent-gate:approval:v0.1"
GENERATION = "urn:agent-gate:generation:v0.1"


class EvidenceError(AgentGateError):
    """A line of evidence is missing, or is not what its place asks for."""

    exit_code = ExitCode.BLOCKED


class Record(BaseModel):
    """A frozen value whose fields are written in camelCase, as in-toto's are."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True)


class ResourceDescriptor(Record):
    """Points at an artifact by its digest."""

    name: str
    digest: Mapping[str, str]


ObjectId = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})$")]
"""What git takes for an object's id and for nothing else: evidence may be written by anybody."""


class Subject(Record):
    """What a statement is about: a git tree."""

    digest: Mapping[Literal["gitTree"], ObjectId] = Field(min_length=1)


class TestResultPredicate(Record):
    """What one gate said: in short for readers of test-result/v0.1, in full under `agentGate`."""

    __test__ = False  # pytest: this is a value, not a test class

    result: Literal["PASSED", "WARNED", "FAILED"]
    configuration: tuple[ResourceDescriptor, ...]
    passed_tests: tuple[str, ...] = ()
    warned_tests: tuple[str, ...] = ()
    failed_tests: tuple[str, ...] = ()
    agent_gate: GateResult


class ApprovalPredicate(Record):
    """A person's decision. The first three fields are those of gittuf's reference authorization."""

    target_ref: str
    from_id: str = Field(alias="fromID")
    """The base commit."""
    target_id: str = Field(alias="targetID")
    """The approved tree."""
    spec_digest: str
    policy_digest: str
    verdict_digest: str
    message_digest: str
    approver: Person
    decision: Literal["approve", "reject"]
    reason: str
    answers: Mapping[str, str]
    confirmed: tuple[str, ...]
    means: Literal["terminal", "command", "yes"]
    time: datetime

    @classmethod
    def of(cls, approval: Approval) -> ApprovalPredicate:
        """States an approval."""
        binding = approval.binding
        return cls(
            target_ref=binding.ref,
            from_id=binding.base,
            target_id=binding.tree,
            spec_digest=binding.spec_digest,
            policy_digest=binding.policy_digest,
            verdict_digest=binding.verdict_digest,
            message_digest=binding.message_digest,
            approver=approval.approver,
            decision=approval.decision,
            reason=approval.reason,
            answers=approval.answers,
            confirmed=approval.confirmed,
            means=approval.means,
            time=approval.time,
        )

    @property
    def approval(self) -> Approval:
        """The approval that is stated."""
        return Approval(
            binding=Binding(
                tree=self.target_id,
                base=self.from_id,
                ref=self.target_ref,
                spec_digest=self.spec_digest,
                policy_digest=self.policy_digest,
                verdict_digest=self.verdict_digest,
                message_digest=self.message_digest,
            ),
            decision=self.decision,
            approver=self.approver,
            reason=self.reason,
            answers=self.answers,
            confirmed=self.confirmed,
            time=self.time,
            means=self.means,
        )


class GenerationPredicate(Record):
    """How the change was made: each attempt with the model asked, the one that answered, and the cost."""

    attempts: tuple[Proposal, ...] = Field(min_length=1)


class Verifier(Record):
    """Who verified, by a URI that names the version, and by which policies."""

    id: str
    policies: tuple[ResourceDescriptor, ...]


class TracedRow(Record):
    """One thing that was required of a clause, and what was measured."""

    verifier: str
    required: str
    measured: str
    state: ClauseState
    model_written: bool


class TracedClause(Record):
    """A line of the traceability matrix: the clause, by id and digest, its state, what that rests on."""

    clause: str
    digest: str
    state: ClauseState
    rows: tuple[TracedRow, ...]


class SealedFacts(Record):
    """Everything that the seal rests on, so that it can be judged again with nothing but the repository."""

    run: str
    base: ObjectId
    ref: str
    pair: tuple[Person, ...]
    """Who worked on it together with the operator, who is the author."""
    spec: str
    """The spec's canonical JSON, whose sha256 is `spec_digest`."""
    spec_digest: str
    policy: str
    """The effective policy's canonical JSON, whose sha256 is `policy_digest`."""
    policy_digest: str
    policy_blob: str
    """The blob of the base that states the policy; empty where all is default."""
    verdict_digest: str
    statements: tuple[str, ...]
    """The sha256 of every other line of the run."""
    author: str
    """The exact header line of the commit."""
    committer: str
    message_digest: str
    """Over subject and body, without trailers."""
    matrix: tuple[TracedClause, ...]
    """What became of each clause of the spec, the approvers' words counted in."""
    result: str
    unsandboxed: bool


class SummaryPredicate(Record):
    """The verdict in short for readers of svr/v0.2, and the facts under it."""

    verifier: Verifier
    time_created: datetime
    properties: tuple[str, ...]
    agent_gate: SealedFacts


Predicate = TestResultPredicate | ApprovalPredicate | GenerationPredicate | SummaryPredicate
_PREDICATES: Mapping[str, type[Predicate]] = {
    TEST_RESULT: TestResultPredicate,
    APPROVAL: ApprovalPredicate,
    GENERATION: GenerationPredicate,
    SUMMARY: SummaryPredicate,
}


class Statement(Record):
    """A predicate about a tree."""

    type_: Literal["https://in-toto.io/Statement/v1"] = Field(default=STATEMENT_TYPE, alias="_type")
    subject: tuple[Subject]
    predicate_type: str
    predicate: dict[str, Any]

    @property
    def tree(self) -> str:
        """The id of the tree that the statement is about."""
        return self.subject[0].digest["gitTree"]


class Signature(Record):
    """One signature over the pre-authentication encoding."""

    keyid: str = ""
    sig: str


class Envelope(Record):
    """DSSE v1.0: the payload's exact bytes, its type, and signatures over both."""

    payload: str
    payload_type: Literal["application/vnd.in-toto+json"] = PAYLOAD_TYPE
    signatures: tuple[Signature, ...] = ()

    @property
    def payload_bytes(self) -> bytes:
        """The statement's exact bytes."""
        return base64.b64decode(self.payload, validate=True)

    def line(self) -> str:
        """The envelope as one line of canonical JSON."""
        return canonical_json(self.model_dump(mode="json", by_alias=True)).decode()


def statement_line(tree: str, predicate: Predicate) -> str:
    """The line that states the predicate about the tree, unsigned."""
    predicate_type = next(uri for uri, kind in _PREDICATES.items() if isinstance(predicate, kind))
    statement = Statement(
        subject=(Subject(digest={"gitTree": tree}),),
        predicate_type=predicate_type,
        predicate=predicate.model_dump(mode="json", by_alias=True),
    )
    payload = canonical_json(statement.model_dump(mode="json", by_alias=True))
    return Envelope(payload=base64.b64encode(payload).decode()).line()


def read_statement(line: str) -> tuple[str, Predicate, Envelope]:
    """The tree, the predicate and the envelope of a line; raises EvidenceError.

    Only canonical JSON is read: a key that stands twice would mean different things to two readers.
    """
    try:
        envelope = Envelope.model_validate_json(line)
        payload = envelope.payload_bytes
        statement = Statement.model_validate_json(payload)
        if (
            canonical_json(statement.model_dump(mode="json", by_alias=True)) != payload
            or envelope.line() != line
        ):
            raise EvidenceError("a line of evidence is not canonical JSON")
        kind = _PREDICATES.get(statement.predicate_type)
        if kind is None:
            raise EvidenceError(f"a statement of the unknown type {statement.predicate_type}")
        return statement.tree, kind.model_validate(statement.predicate), envelope
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise EvidenceError(f"a line of evidence cannot be read: {where}: {first['msg']}") from None
    except (binascii.Error, ValueError) as error:
        raise EvidenceError(f"a line of evidence cannot be read: {error}") from None
