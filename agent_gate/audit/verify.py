"""Recomputes the evidence of commits, offline: nothing is believed that can be worked out again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from agent_gate.audit.claims import claims_assistance
from agent_gate.audit.commit_object import CommitObject, parse_commit
from agent_gate.audit.evidence import (
    Bundle,
    descriptor,
    gate_predicate,
    matrix_of,
    properties_of,
    read_bundle,
    read_policy_text,
    read_spec_text,
    result_of,
)
from agent_gate.audit.message import commit_trailers
from agent_gate.audit.statement import EvidenceError
from agent_gate.audit.unsigned import signatures_wanted
from agent_gate.domain.approval import Approval, Binding
from agent_gate.domain.policy import GatesPolicy, Policy
from agent_gate.domain.spec import Spec
from agent_gate.domain.traceability import ClauseResult, attestations_of, trace
from agent_gate.domain.verdict import Verdict, judge
from agent_gate.errors import PolicyError
from agent_gate.policy import load_policy
from agent_gate.run.state import message_digest
from agent_gate.vcs import trailers
from agent_gate.vcs.git_command import GitError
from agent_gate.vcs.notes import read_lines
from agent_gate.vcs.repo import Repository
from agent_gate.vcs.trailers import Trailer, read_trailers, render_trailers

Strength = Literal["consistent, unsigned", "authentic", ""]
Require = Literal["assisted", "all"]
_HEADERS = frozenset({"tree", "parent", "author", "committer", "gpgsig", "gpgsig-sha256"})


@dataclass(frozen=True)
class CommitReport:
    """What is known about one commit."""

    commit: str
    holds: bool
    strength: Strength = ""
    """Empty where the commit has no evidence."""
    problems: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    """Changes after the seal that touch neither the tree nor what was decided about it."""
    lines: tuple[str, ...] = ()
    """The evidence, as far as it was found."""
    run: str = ""
    spec_id: str = ""


def verify_range(
    repository: Repository, revisions: str | None = None, require: Require = "assisted"
) -> tuple[CommitReport, ...]:
    """Verifies commits, oldest first.

    One REV (HEAD by default) is that commit; `A..B` are the commits of B that A lacks; `A...B` begins at
    the merge base. Raises UsageError for a revision that does not exist.
    """
    first, dots, last = (revisions or "HEAD").partition("..")
    if not dots:
        return (verify_commit(repository, first, require),)
    tip = repository.resolve(last.removeprefix(".") or "HEAD")
    start = repository.resolve(first or "HEAD")
    listed = repository.text("rev-list", "--reverse", "--topo-order", tip, f"^{start}")
    return tuple(verify_commit(repository, commit, require) for commit in listed.split())


def verify_commit(repository: Repository, commit: str, require: Require = "assisted") -> CommitReport:
    """Verifies one commit; raises UsageError where it does not exist.

    1. Read the commit's exact bytes and its trailers, as git reads them. They come first because they
       are the only thing that the commit's own id protects.
    2. Decide what the commit claims. Without a claim there is nothing to recompute; a claim without
       `Agent-Gate-Evidence` does not hold. This comes before any look at the notes, which anybody can
       add to.
    3. In the note of the commit's tree find the line with that digest, and the lines that it lists. From
       here on every byte that is read is one that the commit names; other lines of the note are ignored.
    4. Compare facts: one parent, the base; one tree, the subject of each statement. Only then is it
       known which base the policy has to come from.
    5. Load the policy from the base. The recorded policy stands for what the base leaves open, and must
       come out unchanged. Only a policy that the base allows may be judged by.
    6. Judge again, from the gates' statements: the verdict must pass and have the recorded digest.
    7. Weigh the approvals. Each must bind exactly these facts, and so it needs all digests of before.
    8. Trace the clauses, with the approvers' sentences: all must be verified or waived, and the matrix
       must be the recorded one.
    9. Work out every trailer and compare. This comes last because trailers say what steps 3 to 8 found.
    10. Compare what the seal recorded of author, committer and message. Evidence survives a message-only
        amend, so a changed committer or message is a remark; another author is a problem.

    What it cannot show: unsigned evidence is consistent, not authentic. Whoever may write commits and
    notes can make up all of it at once.
    """
    oid = repository.resolve(commit)
    data = repository.git("cat-file", "commit", oid)
    message = parse_commit(data).message
    found = read_trailers(repository, message)
    ours = [trailer for trailer in found if trailer.key.casefold() == trailers.EVIDENCE.casefold()]
    if not ours:
        if claims_assistance(found, message):
            return CommitReport(
                oid, holds=False, problems=("says that a model took part, and has no evidence",)
            )
        if require == "all":
            return CommitReport(oid, holds=False, problems=("has no evidence",))
        return CommitReport(oid, holds=True)
    examination = Examination(repository, data)
    examination.against(read_lines(repository, repository.tree_of(oid)))
    return examination.report(oid)


class Examination:
    """One commit object and the lines that shall support it. Also run by the seal, on its own work."""

    def __init__(self, repository: Repository, data: bytes) -> None:
        self.repository = repository
        self.commit: CommitObject = parse_commit(data)
        self.found = read_trailers(repository, self.commit.message)
        self.problems: list[str] = []
        self.remarks: list[str] = []
        self.bundle: Bundle | None = None
        self.spec_id = ""

    def report(self, oid: str) -> CommitReport:
        """What was found."""
        return CommitReport(
            commit=oid,
            holds=not self.problems,
            strength="" if self.bundle is None else "consistent, unsigned",
            problems=tuple(self.problems),
            remarks=tuple(self.remarks),
            lines=self.bundle.lines if self.bundle else (),
            run=self.bundle.facts.run if self.bundle else "",
            spec_id=self.spec_id,
        )

    def against(self, lines: Sequence[str]) -> None:
        """Steps 3 to 10; what cannot be read ends the examination with a problem."""
        digests = [t.value for t in self.found if t.key.casefold() == trailers.EVIDENCE.casefold()]
        if len(digests) != 1:
            self.problems.append(f"the trailer {trailers.EVIDENCE} stands {len(digests)} times")
            return
        try:
            self.bundle = bundle = read_bundle(lines, digests[0])
            spec, policy = read_spec_text(bundle.facts), read_policy_text(bundle.facts)
        except EvidenceError as error:
            self.problems.append(error.message)
            return
        self.spec_id = spec.id
        self.problems.extend(_places(self.commit, bundle))
        try:
            changed = self.repository.changed_files(bundle.facts.base, bundle.tree)
        except GitError:
            self.problems.append(f"the base {bundle.facts.base} is not in this repository: fetch it first")
            return
        paths = tuple(file.path for file in changed)
        self.problems.extend(_policy_of_base(self.repository, bundle, policy))
        verdict = judge(spec, policy, bundle.tree, bundle.results, paths)
        self.problems.extend(_verdict(bundle, verdict))
        approvals = [predicate.approval for predicate in bundle.approvals]
        self.problems.extend(_approvals(bundle, approvals))
        approvers = {approval.approver.key for approval in approvals}
        if len(approvers) < (required := policy.required_approvals(paths)):
            self.problems.append(f"{len(approvers)} of {required} approvers")
        wanted = signatures_wanted(self.repository, bundle.facts.base, policy, paths)
        self.problems.extend(f"{reason}, and the approvals are not signed" for reason in wanted)
        clauses = trace(spec, bundle.results, attestations_of(spec, approvals))
        self.problems.extend(_clauses(bundle, verdict, clauses, approvals))
        self._trailers_and_message(bundle, policy, spec)

    def _trailers_and_message(self, bundle: Bundle, policy: Policy, spec: Spec) -> None:
        try:
            expected = commit_trailers(bundle, policy, spec)
        except PolicyError as error:
            self.problems.append(error.message)
            return
        self.problems.extend(_trailers(self.found, expected))
        facts = bundle.facts
        if self.commit.line("author") != facts.author:
            self.problems.append(f"the author is not the one of the seal: {facts.author!r}")
        if self.commit.line("committer") != facts.committer:
            self.remarks.append(f"amended after the seal: the committer was {facts.committer!r}")
        if extra := [name for name in self.commit.names if name not in _HEADERS]:
            self.remarks.append(f"amended after the seal: the header {extra[0]!r} was added")
        head, _, block = self.commit.message.rpartition("\n\n")
        if message_digest(head, "") != facts.message_digest or block != f"{render_trailers(expected)}\n":
            self.remarks.append("amended after the seal: the message is not the approved one")


def _places(commit: CommitObject, bundle: Bundle) -> Iterator[str]:
    if commit.all("tree") != (bundle.tree,):
        yield f"the evidence is about the tree {bundle.tree}"
    if commit.all("parent") != (bundle.facts.base,):
        yield f"the commit does not stand on the gated base {bundle.facts.base} alone"


def _policy_of_base(repository: Repository, bundle: Bundle, policy: Policy) -> Iterator[str]:
    base = bundle.facts.base
    known = {
        *(result.gate for result in bundle.results),
        *GatesPolicy().required,
        *GatesPolicy().advisory,
        *policy.gates.required,
        *policy.gates.advisory,
    }
    try:
        source = load_policy(lambda path: repository.read(base, path), known, defaults=policy)
    except PolicyError as error:
        yield f"the base's policy cannot be read: {error.message}"
    else:
        if source.policy != policy:
            yield "the recorded policy is not the one that the base sets"
        if source.blob != bundle.facts.policy_blob:
            yield "the recorded policy was read from another file than the base holds"


def _verdict(bundle: Bundle, verdict: Verdict) -> Iterator[str]:
    gates = [result.gate for result in bundle.results]
    if len(gates) != len(set(gates)):
        yield "two statements speak for the same gate"
    for gate in bundle.gates:
        if gate != gate_predicate(gate.agent_gate):
            yield f"the statement of the gate {gate.agent_gate.gate} says two different things"
    if verdict.outcome != "passed":
        first = verdict.blocking[0]
        yield f"judged again, it is blocked: {first.source}: {first.message}"
    if verdict.digest != bundle.facts.verdict_digest:
        yield "judged again, the verdict is not the recorded one"
    if verdict.unsandboxed != bundle.facts.unsandboxed:
        yield "the gates do not agree with the summary on how the code was confined"


def _approvals(bundle: Bundle, approvals: Sequence[Approval]) -> Iterator[str]:
    facts = bundle.facts
    binding = Binding(
        tree=bundle.tree,
        base=facts.base,
        ref=facts.ref,
        spec_digest=facts.spec_digest,
        policy_digest=facts.policy_digest,
        verdict_digest=facts.verdict_digest,
        message_digest=facts.message_digest,
    )
    for approval in approvals:
        if approval.decision != "approve" or approval.binding != binding:
            yield f"the decision of {approval.approver} is no approval of this change"


def _clauses(
    bundle: Bundle, verdict: Verdict, clauses: Sequence[ClauseResult], approvals: Sequence[Approval]
) -> Iterator[str]:
    confirmed = {name for approval in approvals for name in approval.confirmed}
    for clause in clauses:
        if clause.state not in {"verified", "waived"}:
            yield f"the clause {clause.clause} is {clause.state}"
        elif clause.model_written and clause.clause not in confirmed:
            yield f"nobody confirmed the verifier of {clause.clause}, which the model wrote"
    if bundle.facts.matrix != matrix_of(clauses):
        yield "the summary's matrix is not what the gates and the approvers say"
    if bundle.summary.properties != properties_of(clauses):
        yield "the summary's properties are not what the clauses show"
    if bundle.summary.verifier.policies != (descriptor("policy", bundle.facts.policy_digest),):
        yield "the summary names another policy than it holds"
    if bundle.facts.result != result_of(clauses, unsandboxed=verdict.unsandboxed):
        yield "the summary's result is not what the clauses show"


def _trailers(found: Sequence[Trailer], expected: Sequence[Trailer]) -> Iterator[str]:
    ours = [trailer for trailer in found if trailer.ours]
    for trailer in expected:
        if trailer not in ours:
            yield f"the trailer {str(trailer)!r} is missing or altered"
    for index, trailer in enumerate(ours):
        if trailer not in expected or trailer in ours[:index]:
            yield f"the trailer {str(trailer)!r} does not follow from the evidence"
