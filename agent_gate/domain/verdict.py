"""The verdict: a pure function from spec, policy and gate results to what blocks and what asks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Literal

from agent_gate.domain.clause import Clause
from agent_gate.domain.digest import canonical_json, sha256
from agent_gate.domain.gate import HELD_UP, NOT_APPLICABLE, Finding, GateResult, one_each
from agent_gate.domain.policy import Policy, Zone
from agent_gate.domain.traceability import ClauseResult, trace
from agent_gate.domain.value import Value
from agent_gate.domain.verification import place

if TYPE_CHECKING:
    from agent_gate.domain.spec import Spec

_RISKS = ("trivial", "standard", "critical")


class Reason(Value):
    """One thing that blocks, or one question to the approver."""

    source: str
    """A gate's id or a clause's id."""
    message: str
    fingerprint: str = ""


class Verdict(Value):
    """What the gates say about one tree. `passed` still needs a person's approval."""

    tree: str
    outcome: Literal["passed", "blocked"]
    blocking: tuple[Reason, ...]
    questions: tuple[Reason, ...]
    clauses: tuple[ClauseResult, ...]
    statuses: Mapping[str, str]
    fingerprints: tuple[str, ...]
    unsandboxed: bool = False

    @property
    def digest(self) -> str:
        """Covers statuses, finding fingerprints and clause states; never times, caches or outputs.

        What was measured is not in it either: a second run measures other milliseconds, and says the
        same. The wording of the clauses is bound beside it, by the spec's digest.
        """
        return sha256(
            canonical_json(
                {
                    "tree": self.tree,
                    "outcome": self.outcome,
                    "statuses": dict(self.statuses),
                    "fingerprints": sorted(self.fingerprints),
                    "clauses": {
                        c.clause: [c.state, [[e.verifier, e.state, e.model_written] for e in c.evidence]]
                        for c in self.clauses
                    },
                    "questions": sorted([q.source, q.fingerprint] for q in self.questions),
                    "unsandboxed": self.unsandboxed,
                }
            )
        )

    @property
    def awaiting(self) -> tuple[ClauseResult, ...]:
        """Clauses that wait for a person's sentence."""
        return tuple(clause for clause in self.clauses if clause.awaits_person)


def judge(
    spec: Spec | None,
    policy: Policy,
    tree: str,
    results: Iterable[GateResult],
    paths: Collection[str] | None = None,
) -> Verdict:
    """Judges one tree.

    Fails closed: a required gate without a result, or whose result is neither passed nor skipped as
    not applicable, blocks; so does each clause that is violated, or unverified for any other reason
    than that a person has not spoken yet. `paths` are the changed ones; where they are not told, every
    zone of the policy is taken to be entered.
    """
    results = tuple(results)
    by_gate = one_each(results)
    asked = spec.clauses if spec else ()
    clauses = trace(spec, results)
    required = policy.required_gates(paths)
    needed = {gate for clause in asked for gate in _needed_gates(clause, by_gate)}
    blocking: list[Reason] = []
    questions: list[Reason] = []
    for gate in sorted({*required, *needed, *by_gate}):
        advisory = gate in policy.gates.advisory and gate not in required and gate not in needed
        _judge_gate(gate, by_gate.get(gate), questions if advisory else blocking, questions)
    blocking.extend(_zones_above(spec, policy.zones_of(paths)))
    blocking.extend(
        _broken(clause) for clause in clauses if clause.state != "verified" and not clause.awaits_person
    )
    if blocking:  # why these did not run is told there; nobody can answer for them
        held_up = {gate for gate, result in by_gate.items() if result.reason in HELD_UP}
        questions = [question for question in questions if question.source not in held_up]
    return Verdict(
        tree=tree,
        outcome="blocked" if blocking else "passed",
        blocking=tuple(blocking),
        questions=tuple(questions),
        clauses=clauses,
        statuses={gate: result.status for gate, result in sorted(by_gate.items())},
        fingerprints=tuple(sorted(f.fingerprint for r in results for f in r.findings if f.introduced)),
        unsandboxed=any(result.sandbox == "none" for result in results),
    )


def _judge_gate(
    gate: str, result: GateResult | None, refusals: list[Reason], questions: list[Reason]
) -> None:
    if result is None:
        refusals.append(Reason(source=gate, message="required, but it did not run"))
        return
    found = result.at("block")
    if result.status == "errored":
        refusals.append(Reason(source=gate, message=f"errored: {result.reason}"))
    elif result.status == "skipped" and result.reason != NOT_APPLICABLE:
        refusals.append(Reason(source=gate, message=f"skipped: {result.reason}"))
    elif result.status == "failed" and not found:
        refusals.append(Reason(source=gate, message=result.reason or "failed"))
    refusals.extend(_finding_reason(gate, finding) for finding in found)
    questions.extend(_finding_reason(gate, finding) for finding in result.at("ask"))


def _finding_reason(gate: str, finding: Finding) -> Reason:
    message = f"{place(finding.path, finding.line)}{finding.rule}: {finding.message}"
    return Reason(source=gate, message=message, fingerprint=finding.fingerprint)


def _zones_above(spec: Spec | None, zones: Iterable[Zone]) -> Iterator[Reason]:
    """A zone may ask for more care than the spec took; a person raises the spec, never a gate."""
    for zone in zones:
        if spec and _RISKS.index(spec.risk) < _RISKS.index(zone.risk):
            message = f"the change enters a zone whose risk is {zone.risk}, and the spec says {spec.risk}"
            yield Reason(source=f"zone {zone.name}", message=message)


def _broken(clause: ClauseResult) -> Reason:
    broken = [e for e in clause.evidence if e.state != "verified" and not e.awaits_person]
    telling = next((e for e in broken if e.state == clause.state), None)
    basis = f"{telling.verifier}: {telling.basis}" if telling else "nothing is named that could verify it"
    return Reason(source=clause.clause, message=f"{clause.state}: {basis}")


def _needed_gates(clause: Clause, by_gate: Mapping[str, GateResult]) -> set[str]:
    named = {v.target for v in clause.verified_by if v.kind == "gate"}
    kinds = {v.kind for v in clause.verified_by}
    return named | {gate for gate, result in by_gate.items() if kinds & set(result.verifies)}
