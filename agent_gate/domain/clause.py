"""What shows that a clause holds: each verifier against what the gates said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from agent_gate.domain.gate import GateResult, TestCase
from agent_gate.domain.spec import Clause, Verifier
from agent_gate.domain.value import Value

ClauseState = Literal["verified", "violated", "unverified", "waived"]


class VerifierResult(Value):
    """What became of one verifier of a clause."""

    verifier: str
    state: ClauseState
    basis: str
    """What the state rests on, in a sentence: the evidence, or what is missing."""
    model_written: bool = False
    awaits_person: bool = False


class ClauseResult(Value):
    """A clause, its state, and what the state rests on. All its verifiers must hold."""

    clause: str
    sentence: str
    state: ClauseState
    evidence: tuple[VerifierResult, ...]

    @property
    def awaits_person(self) -> bool:
        """Only a person's word is missing."""
        missing = [item for item in self.evidence if item.state != "verified"]
        return bool(missing) and all(item.awaits_person for item in missing)

    @property
    def model_written(self) -> bool:
        """Rests on a test that the change itself adds or edits."""
        return any(item.model_written for item in self.evidence)


def judge_clause(clause: Clause, by_gate: Mapping[str, GateResult], *, critical: bool) -> ClauseResult:
    """Judges one clause. In a critical spec a test that the change itself writes verifies nothing."""
    evidence = tuple(_judge_verifier(verifier, by_gate, critical=critical) for verifier in clause.verified_by)
    states = {item.state for item in evidence}
    state: ClauseState = (
        "violated" if "violated" in states else "verified" if states == {"verified"} else "unverified"
    )
    return ClauseResult(clause=clause.id, sentence=clause.sentence, state=state, evidence=evidence)


def _judge_verifier(
    verifier: Verifier, by_gate: Mapping[str, GateResult], *, critical: bool
) -> VerifierResult:
    name = str(verifier)
    if verifier.kind == "manual":
        return VerifierResult(
            verifier=name, state="unverified", basis="waits for the approver's sentence", awaits_person=True
        )
    if verifier.kind == "gate":
        result = by_gate.get(verifier.target)
        spoken = [_by_gate(name, result)] if result else []
    else:
        answering = (result for result in by_gate.values() if verifier.kind in result.verifies)
        spoken = [_by_result(verifier, result, critical=critical) for result in answering]
    # One violation is enough; without one, one gate that shows it is.
    order: tuple[ClauseState, ...] = ("violated", "verified", "unverified")
    nothing = VerifierResult(verifier=name, state="unverified", basis="no gate that could show it has run")
    return min(spoken, key=lambda item: order.index(item.state), default=nothing)


def _by_result(verifier: Verifier, result: GateResult, *, critical: bool) -> VerifierResult:
    name = str(verifier)
    if result.status in {"errored", "skipped"}:
        basis = f"{result.gate} {result.status}: {result.reason}"
        return VerifierResult(verifier=name, state="unverified", basis=basis)
    if verifier.kind == "pytest":
        return _by_tests(name, verifier.target, result, critical=critical)
    return _by_rule(name, verifier.target, result)


def _by_gate(name: str, result: GateResult) -> VerifierResult:
    states: Mapping[str, ClauseState] = {"passed": "verified", "failed": "violated"}
    state = "violated" if result.at("block") else states.get(result.status, "unverified")
    basis = f"{result.gate} {result.status} {result.reason}".strip()
    return VerifierResult(verifier=name, state=state, basis=basis)


def _by_rule(name: str, rule: str, result: GateResult) -> VerifierResult:
    hit = next((f for f in result.findings if f.rule == rule and f.introduced), None)
    if hit:
        basis = f"{place(hit.path, hit.line)}{hit.message}"
        return VerifierResult(verifier=name, state="violated", basis=basis)
    if rule not in result.known_rules:
        return VerifierResult(verifier=name, state="unverified", basis=f"{result.gate} knows no rule {rule}")
    basis = f"{result.gate} {result.tool_version} found none"
    return VerifierResult(verifier=name, state="verified", basis=basis)


def _by_tests(name: str, target: str, result: GateResult, *, critical: bool) -> VerifierResult:
    cases = [case for case in result.cases if _selects(target, case.id)]
    changed = [case for case in cases if case.changed]
    bad = next((case for case in cases if case.outcome in {"failed", "errored"}), None)
    idle = next((case for case in cases if case.outcome != "passed"), None)
    state: ClauseState = "unverified"
    if not cases:
        basis = "the test was not run: no such test id"
    elif bad:
        state = "violated"
        basis = f"{bad.id} {bad.outcome}: {bad.message}" if bad.message else f"{bad.id} {bad.outcome}"
    elif idle:
        basis = f"{idle.id} was {idle.outcome}"
    elif changed and critical:
        basis = "the change adds or edits this test; in a critical spec it must stand on the base already"
    elif changed and not any(_is_red(case) for case in changed):
        basis = "the change adds or edits this test, and it is not red on the base: it shows nothing"
    else:
        state, basis = "verified", _passed_sentence(cases)
    return VerifierResult(verifier=name, state=state, basis=basis, model_written=bool(changed))


def _is_red(case: TestCase) -> bool:
    """It failed on the base in one of the ways that count; a pass there outweighs what else is said."""
    return bool(case.red) and case.on_base not in {"passed", "skipped"}


def place(path: str, line: int) -> str:
    """A place before a message: `path:line: `, as far as it is known."""
    if not path:
        return ""
    return f"{path}:{line}: " if line else f"{path}: "


def _passed_sentence(cases: list[TestCase]) -> str:
    count = "passed" if len(cases) == 1 else f"{len(cases)} cases passed"
    reds = sorted({case.red for case in cases if case.red})
    return f"{count}, red on the base ({', '.join(reds)})" if reds else f"{count}, as on the base"


def _selects(target: str, case_id: str) -> bool:
    """A node id selects itself, its parameters, and what it contains (a class or a file)."""
    return case_id == target or case_id.startswith((f"{target}[", f"{target}::"))
