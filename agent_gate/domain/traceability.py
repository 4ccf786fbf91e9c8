"""The traceability matrix: each clause, what verifies it, what was required and measured, and its state.

A pure function of spec, gate results and people's words. Everything that shows clauses (the terminal UI,
`show`, the reports, the evidence) shows what `trace` says.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated

from pydantic import StringConstraints

from agent_gate.domain.approval import Approval, Person
from agent_gate.domain.clause import Clause
from agent_gate.domain.gate import GateResult, one_each
from agent_gate.domain.value import Value
from agent_gate.domain.verification import ClauseState, VerifierResult, judge_verifier

if TYPE_CHECKING:
    from agent_gate.domain.spec import Spec

WAIVER = "waiver"
"""The verifier's name in the row that a waiver adds."""


class ClauseResult(Value):
    """A clause, its state, and what the state rests on. All its verifiers must hold."""

    clause: str
    sentence: str
    state: ClauseState
    evidence: tuple[VerifierResult, ...]
    clause_digest: str = ""
    """Of the clause as it was worded when this was judged."""

    @property
    def awaits_person(self) -> bool:
        """Only a person's word is missing."""
        missing = [item for item in self.evidence if item.state != "verified"]
        return bool(missing) and all(item.awaits_person for item in missing)

    @property
    def model_written(self) -> bool:
        """Rests on a test that the change itself adds or edits."""
        return any(item.model_written for item in self.evidence)


class Attestation(Value):
    """A person's word on one clause, as the clause was worded when it was said."""

    clause: str
    clause_digest: Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
    sentence: str
    """What the person saw; of a waiver, the reason. Without one it counts for nothing."""
    by: Person
    waived_until: date | None = None
    """The last day of a waiver. None makes it an answer to what only a person can verify."""


def trace(
    spec: Spec | None, results: Iterable[GateResult], attestations: Iterable[Attestation] = ()
) -> tuple[ClauseResult, ...]:
    """The matrix: every clause of the spec, in its order, with what the gates and people say of it.

    The order of the results means nothing. A clause is verified only where each of its verifiers is
    shown, by a gate's result or a person's word; whatever is missing or contradicts itself shows nothing.
    """
    if spec is None:
        return ()
    by_gate = dict(sorted(one_each(results).items()))
    critical = spec.risk == "critical"

    def by_machine(clause: Clause) -> ClauseResult:
        rows = tuple(
            row
            for verifier in clause.verified_by
            for row in judge_verifier(verifier, clause, by_gate, critical=critical)
        )
        return ClauseResult(
            clause=clause.id,
            sentence=clause.sentence,
            state=_state_of(rows),
            evidence=rows,
            clause_digest=clause.digest,
        )

    return attest(map(by_machine, spec.clauses), attestations)


def attest(clauses: Iterable[ClauseResult], attestations: Iterable[Attestation]) -> tuple[ClauseResult, ...]:
    """The second half of `trace`: what is known of the clauses, after people spoke.

    An answer verifies a clause that waits for nothing else; a machine's finding is never outweighed by
    it. A waiver sets an unverified or violated clause aside. Of several words the first that counts is
    taken. One that was said of another wording of the clause counts for nothing, and that is told.
    """
    said = [item for item in attestations if item.sentence.strip()]
    return tuple(_attested(c, [item for item in said if item.clause == c.clause]) for c in clauses)


def attestations_of(spec: Spec, approvals: Iterable[Approval]) -> tuple[Attestation, ...]:
    """The sentences in these approvals, as far as the approvals are of this spec."""
    digest = spec.digest
    wordings = {clause.id: clause.digest for clause in spec.clauses}
    return tuple(
        Attestation(clause=name, clause_digest=wordings[name], sentence=sentence, by=approval.approver)
        for approval in approvals
        if approval.decision == "approve" and approval.binding.spec_digest == digest
        for name, sentence in approval.answers.items()
        if name in wordings
    )


def carried_over(spec: Spec, earlier: Iterable[ClauseResult]) -> tuple[ClauseResult, ...]:
    """The matrix of a spec as it is worded now, from what was found out earlier.

    Evidence for another wording of a clause is outdated: it shows nothing of the clause as it is now.
    """
    known = {result.clause: result for result in earlier}

    def carried(clause: ClauseResult) -> ClauseResult:
        before = known.get(clause.clause)
        if before and before.clause_digest == clause.clause_digest:
            return before
        told = "outdated: its evidence is of an earlier wording" if before else "no evidence yet"
        rows = tuple(row.model_copy(update={"basis": told}) for row in clause.evidence)
        return clause.model_copy(update={"evidence": rows})

    return tuple(carried(clause) for clause in trace(spec, ()))


def _state_of(rows: Sequence[VerifierResult]) -> ClauseState:
    states = {row.state for row in rows}
    if "violated" in states:
        return "violated"
    return "verified" if states == {"verified"} else "unverified"


def _attested(clause: ClauseResult, said: Sequence[Attestation]) -> ClauseResult:
    present = [item for item in said if item.clause_digest == clause.clause_digest]
    answer = next((item for item in present if item.waived_until is None), None)
    waiver = next((item for item in present if item.waived_until is not None), None)
    if answer and clause.awaits_person:
        clause = _answered(clause, answer)
    if waiver and clause.state in {"unverified", "violated"}:
        return _waived(clause, waiver)
    earlier = next((item for item in said if item.clause_digest != clause.clause_digest), None)
    return _told_of_earlier(clause, earlier) if earlier else clause


def _answered(clause: ClauseResult, answer: Attestation) -> ClauseResult:
    shown = {
        "state": "verified",
        "measured": answer.sentence.strip(),
        "basis": f"the word of {answer.by}",
        "awaits_person": False,
    }
    rows = tuple(row.model_copy(update=shown) if row.awaits_person else row for row in clause.evidence)
    return clause.model_copy(update={"state": "verified", "evidence": rows})


def _waived(clause: ClauseResult, waiver: Attestation) -> ClauseResult:
    """The rows stay as they are, so that it is seen what was set aside."""
    row = VerifierResult(
        verifier=WAIVER,
        state="waived",
        required=f"until {waiver.waived_until}",
        measured=waiver.sentence.strip(),
        basis=f"the word of {waiver.by}",
    )
    return clause.model_copy(update={"state": "waived", "evidence": (*clause.evidence, row)})


def _told_of_earlier(clause: ClauseResult, earlier: Attestation) -> ClauseResult:
    told = f"what {earlier.by} said was of an earlier wording of the clause"
    rows = tuple(
        row.model_copy(update={"basis": f"{row.basis}; {told}"})
        if row.awaits_person or (earlier.waived_until and row.state != "verified")
        else row
        for row in clause.evidence
    )
    return clause.model_copy(update={"evidence": rows})
