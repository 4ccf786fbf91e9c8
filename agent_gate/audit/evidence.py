"""The evidence of one run: its lines, made in order, and read back as a whole.

The order of making is gates, verdict, approvals, summary, message, commit: each later thing holds the
digest of the earlier ones, so that none of them can be exchanged afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from agent_gate.audit.statement import (
    ApprovalPredicate,
    EvidenceError,
    GenerationPredicate,
    Predicate,
    ResourceDescriptor,
    SealedFacts,
    SummaryPredicate,
    TestResultPredicate,
    TracedClause,
    TracedRow,
    Verifier,
    read_statement,
    statement_line,
)
from agent_gate.domain.approval import Approval
from agent_gate.domain.digest import sha256
from agent_gate.domain.gate import Finding, GateResult
from agent_gate.domain.policy import Policy
from agent_gate.domain.spec import Spec
from agent_gate.domain.traceability import ClauseResult
from agent_gate.errors import AwaitingDecision
from agent_gate.run.state import RunState

PASS_PROPERTY = "AGENT_GATE_PASS"  # noqa: S105 - a property's name, not a password


@dataclass(frozen=True)
class Bundle:
    """The lines of one run, read."""

    tree: str
    summary: SummaryPredicate
    gates: tuple[TestResultPredicate, ...]
    approvals: tuple[ApprovalPredicate, ...]
    generation: GenerationPredicate
    digest: str
    """The sha256 of the summary's exact line."""
    lines: tuple[str, ...]

    @property
    def facts(self) -> SealedFacts:
        """What the summary says."""
        return self.summary.agent_gate

    @property
    def results(self) -> tuple[GateResult, ...]:
        """What the gates said, in full."""
        return tuple(gate.agent_gate for gate in self.gates)


def build_evidence(
    state: RunState, approval_lines: Sequence[str], author_line: str, committer_line: str, time: datetime
) -> tuple[str, ...]:
    """The exact lines of the run's evidence, the summary last.

    `author_line` and `committer_line` are the headers of the commit that will be made. Raises
    AwaitingDecision where the run has nothing that could be sealed.
    """
    binding, verdict = state.binding, state.verdict
    if binding is None or verdict is None:
        raise AwaitingDecision(
            f"run {state.run_id} has no candidate that passed and waits for approval",
            hint=f"agent-gate resume {state.run_id}",
        )
    proposals = tuple(attempt.proposal for attempt in state.attempts if attempt.proposal)
    lines = (
        *(statement_line(binding.tree, gate_predicate(result)) for result in state.results),
        *approval_lines,
        statement_line(binding.tree, GenerationPredicate(attempts=proposals)),
    )
    clauses = state.clauses
    summary = SummaryPredicate(
        verifier=verifier_of(state.started.version, state.policy),
        time_created=time,
        properties=properties_of(clauses),
        agent_gate=SealedFacts(
            run=state.run_id,
            base=binding.base,
            ref=binding.ref,
            pair=state.started.pair,
            spec=state.started.spec.canonical().decode(),
            spec_digest=binding.spec_digest,
            policy=state.policy.canonical().decode(),
            policy_digest=binding.policy_digest,
            policy_blob=state.policy_blob,
            verdict_digest=binding.verdict_digest,
            statements=tuple(sha256(line.encode()) for line in lines),
            author=author_line,
            committer=committer_line,
            message_digest=binding.message_digest,
            matrix=matrix_of(clauses),
            result=result_of(clauses, unsandboxed=verdict.unsandboxed),
            unsandboxed=verdict.unsandboxed,
        ),
    )
    return (*lines, statement_line(binding.tree, summary))


def approval_line(approval: Approval) -> str:
    """The line that states one decision, unsigned."""
    return statement_line(approval.binding.tree, ApprovalPredicate.of(approval))


def read_bundle(lines: Iterable[str], digest: str) -> Bundle:
    """The run's evidence out of all lines of a note; raises EvidenceError.

    Finds the summary by its digest and takes the lines that it lists; other lines belong to other runs
    of the same tree, or to nobody, and are not looked at.
    """
    by_digest = {sha256(line.encode()): line for line in lines}
    if digest not in by_digest:
        raise EvidenceError(
            f"the note of the tree has no line with the digest {digest}, which the commit names"
        )
    tree, summary, _ = read_statement(by_digest[digest])
    if not isinstance(summary, SummaryPredicate):
        raise EvidenceError("the line that the commit names is not a summary")
    listed = summary.agent_gate.statements
    if missing := [item for item in listed if item not in by_digest]:
        raise EvidenceError(f"the note of the tree lacks the line {missing[0]}, which the summary lists")
    predicates: list[Predicate] = []
    for item in listed:
        about, predicate, _ = read_statement(by_digest[item])
        if about != tree:
            raise EvidenceError(f"the line {item} speaks about the tree {about}, the summary about {tree}")
        predicates.append(predicate)
    generations = [p for p in predicates if isinstance(p, GenerationPredicate)]
    if len(generations) != 1 or any(isinstance(p, SummaryPredicate) for p in predicates):
        raise EvidenceError("the summary must list exactly one generation, and no other summary")
    return Bundle(
        tree=tree,
        summary=summary,
        gates=tuple(p for p in predicates if isinstance(p, TestResultPredicate)),
        approvals=tuple(p for p in predicates if isinstance(p, ApprovalPredicate)),
        generation=generations[0],
        digest=digest,
        lines=(*(by_digest[item] for item in listed), by_digest[digest]),
    )


def gate_predicate(result: GateResult) -> TestResultPredicate:
    """A gate's result as test-result/v0.1.

    A gate that did not look (skipped) or asks something is WARNED; one that could not look is FAILED.
    """
    introduced = [finding for finding in result.findings if finding.introduced]
    passed = [case.id for case in result.cases if case.outcome == "passed"]
    failed = [case.id for case in result.cases if case.outcome in {"failed", "errored"}]
    warned = [case.id for case in result.cases if case.outcome in {"skipped", "absent"}]
    failed += [_finding_name(finding) for finding in introduced if finding.level == "block"]
    warned += [_finding_name(finding) for finding in introduced if finding.level == "ask"]
    if result.status in {"failed", "errored"}:
        failed = failed or [result.gate]
        word = "FAILED"
    elif result.status == "skipped" or warned:
        warned = warned or [result.gate]
        word = "WARNED"
    else:
        passed = passed or [result.gate]
        word = "PASSED"
    return TestResultPredicate.model_validate(
        {
            "result": word,
            "configuration": (descriptor(result.gate, result.definition_digest),),
            "passed_tests": passed,
            "warned_tests": warned,
            "failed_tests": failed,
            "agent_gate": result,
        }
    )


def verifier_of(version: str, policy: Policy) -> Verifier:
    """agent-gate in this version, with this policy."""
    return Verifier(id=f"urn:agent-gate:verifier:{version}", policies=(descriptor("policy", policy.digest),))


def properties_of(clauses: Iterable[ClauseResult]) -> tuple[str, ...]:
    """What was verified, in the words of svr/v0.2: the pass, and each verified clause."""
    verified = (clause.clause for clause in clauses if clause.state == "verified")
    return (PASS_PROPERTY, *(f"AGENT_GATE_CLAUSE_VERIFIED_{name.replace('-', '_')}" for name in verified))


def result_of(clauses: Iterable[ClauseResult], *, unsandboxed: bool) -> str:
    """The value of the trailer Agent-Gate-Result."""
    waived = sum(clause.state == "waived" for clause in clauses)
    parts = ["pass", *([f"waived {waived}"] if waived else ()), *(["unsandboxed"] if unsandboxed else ())]
    return "; ".join(parts)


def matrix_of(clauses: Iterable[ClauseResult]) -> tuple[TracedClause, ...]:
    """The traceability matrix for readers without our code. The clauses' words stand in the spec beside it."""
    return tuple(
        TracedClause(
            clause=clause.clause,
            digest=clause.clause_digest,
            state=clause.state,
            rows=tuple(
                TracedRow(
                    verifier=row.verifier,
                    required=row.required,
                    measured=row.measured,
                    state=row.state,
                    model_written=row.model_written,
                )
                for row in clause.evidence
            ),
        )
        for clause in clauses
    )


def read_spec_text(facts: SealedFacts) -> Spec:
    """The spec in a summary; raises EvidenceError where it is not the one that its digest names."""
    if sha256(facts.spec.encode()) != facts.spec_digest:
        raise EvidenceError("the spec in the summary is not the one that its digest names")
    try:
        return Spec.model_validate_json(facts.spec)
    except ValidationError as error:
        raise EvidenceError(f"the spec in the summary cannot be read: {error.errors()[0]['msg']}") from None


def read_policy_text(facts: SealedFacts) -> Policy:
    """The policy in a summary; raises EvidenceError where it is not the one that its digest names."""
    if sha256(facts.policy.encode()) != facts.policy_digest:
        raise EvidenceError("the policy in the summary is not the one that its digest names")
    try:
        return Policy.model_validate_json(facts.policy)
    except ValidationError as error:
        raise EvidenceError(f"the policy in the summary cannot be read: {error.errors()[0]['msg']}") from None


def descriptor(name: str, digest: str) -> ResourceDescriptor:
    """Points at something by a digest of the form `sha256:<64 hex>`."""
    return ResourceDescriptor(name=name, digest={"sha256": digest.removeprefix("sha256:")})


def _finding_name(finding: Finding) -> str:
    return f"{finding.path}: {finding.rule}" if finding.path else finding.rule
