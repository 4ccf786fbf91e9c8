"""How one verifier of a clause stands: what it asks for, against what the gates saw."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from agent_gate.domain.clause import Clause
from agent_gate.domain.gate import NOT_APPLICABLE, GateResult, Measurement, TestCase
from agent_gate.domain.measure import Expectation
from agent_gate.domain.value import Value
from agent_gate.domain.verifier import MEASURING, Verifier

ClauseState = Literal["verified", "violated", "unverified", "waived"]
_MUTATION = "mutation"
"""The gate that tries whether tests notice faults."""


class VerifierResult(Value):
    """A row of the matrix: what one verifier asks for, what was seen, and what follows from that.

    `required` and `measured` go into the evidence, which is recomputed years later. So their wordings
    are promises: `tests/domain/test_verification.py` holds each of them.
    """

    verifier: str
    state: ClauseState
    basis: str
    """What the state rests on, in a sentence: the evidence, or what is missing."""
    model_written: bool = False
    awaits_person: bool = False
    required: str = ""
    """`p95 <= 50 ms`, `passes`, `no B608`, or what a person must see."""
    measured: str = ""
    """`31 ms`, `passed`, `2 found`, or a person's sentence; empty where nothing was seen."""


class _Seen(NamedTuple):
    """What one gate shows of one requirement."""

    state: ClauseState
    basis: str
    measured: str = ""
    required: str = ""
    model_written: bool = False


def judge_verifier(
    verifier: Verifier, clause: Clause, by_gate: Mapping[str, GateResult], *, critical: bool
) -> tuple[VerifierResult, ...]:
    """The rows of one verifier: one for each expectation where it measures, else a single one.

    In a critical spec nothing that the change itself writes verifies.
    """
    if verifier.kind == "manual":
        waits = _Seen("unverified", "waits for the approver's sentence", required=verifier.target)
        return (_row(verifier, waits, awaits_person=True),)
    if verifier.kind not in MEASURING:
        seen = [
            _seen(verifier, result, by_gate, critical=critical) for result in _answering(verifier, by_gate)
        ]
        return (_row(verifier, _strongest(seen, _required(verifier))),)
    expectations = dict.fromkeys(clause.expectations)
    if not expectations:
        nothing = _Seen("unverified", "the clause expects nothing that could be measured")
        return (_row(verifier, nothing),)
    source = verifier.target or clause.id
    return tuple(
        _row(
            verifier,
            _strongest(
                (
                    _by_measurements(expectation, source, result, critical=critical)
                    for result in _answering(verifier, by_gate)
                ),
                str(expectation),
            ),
        )
        for expectation in expectations
    )


def place(path: str, line: int) -> str:
    """A place before a message: `path:line: `, as far as it is known."""
    if not path:
        return ""
    return f"{path}:{line}: " if line else f"{path}: "


def _answering(verifier: Verifier, by_gate: Mapping[str, GateResult]) -> list[GateResult]:
    if verifier.kind == "gate":
        return [by_gate[verifier.target]] if verifier.target in by_gate else []
    return [result for result in by_gate.values() if verifier.kind in result.verifies]


def _required(verifier: Verifier) -> str:
    match verifier.kind:
        case "pytest" | "gate":
            return "passes"
        case "ruff" | "bandit" | "semgrep":
            return f"no {verifier.target}"
        case _:
            return "nothing found"


def _strongest(seen: Iterable[_Seen], required: str) -> _Seen:
    """One violation is enough; without one, one gate that shows it is."""
    order: tuple[ClauseState, ...] = ("violated", "verified", "unverified")
    nothing = _Seen("unverified", "no gate that could show it has run")
    found = min(seen, key=lambda item: order.index(item.state), default=nothing)
    return found if found.required else found._replace(required=required)


def _row(verifier: Verifier, seen: _Seen, *, awaits_person: bool = False) -> VerifierResult:
    return VerifierResult(verifier=str(verifier), awaits_person=awaits_person, **seen._asdict())


def _seen(
    verifier: Verifier, result: GateResult, by_gate: Mapping[str, GateResult], *, critical: bool
) -> _Seen:
    if verifier.kind == "gate":
        return _by_gate(result)
    if idle := _could_not_look(result):
        return idle
    if verifier.kind == "pytest":
        return _by_tests(verifier.target, result, by_gate, critical=critical)
    return _by_rule(verifier.target, result)


def _could_not_look(result: GateResult) -> _Seen | None:
    if result.status not in {"errored", "skipped"}:
        return None
    return _Seen("unverified", f"{result.gate} {result.status}: {result.reason}")


def _by_gate(result: GateResult) -> _Seen:
    states: Mapping[str, ClauseState] = {"passed": "verified", "failed": "violated"}
    state = "violated" if result.at("block") else states.get(result.status, "unverified")
    return _Seen(state, f"{result.gate} {result.status} {result.reason}".strip(), result.status)


def _by_rule(rule: str, result: GateResult) -> _Seen:
    hits = [finding for finding in result.findings if finding.rule == rule and finding.introduced]
    if hits:
        basis = f"{place(hits[0].path, hits[0].line)}{hits[0].message}"
        return _Seen("violated", basis, f"{len(hits)} found")
    if rule not in result.known_rules:
        return _Seen("unverified", f"{result.gate} knows no rule {rule}")
    return _Seen("verified", f"{result.gate} {result.tool_version} found none", "none found")


def _by_tests(target: str, result: GateResult, by_gate: Mapping[str, GateResult], *, critical: bool) -> _Seen:
    # A node id selects itself, its parameters, and what it contains (a class or a file).
    within = (f"{target}[", f"{target}::")
    cases = [case for case in result.cases if case.id == target or case.id.startswith(within)]
    changed = [case for case in cases if case.changed]
    bad = next((case for case in cases if case.outcome in {"failed", "errored"}), None)
    idle = next((case for case in cases if case.outcome != "passed"), None)
    state: ClauseState = "unverified"
    measured = ""
    if not cases:
        basis = "the test was not run: no such test id"
    elif bad:
        state, measured = "violated", bad.outcome
        basis = ": ".join(filter(None, (f"{_which(bad, target)}{bad.outcome}", bad.message)))
    elif idle:
        measured = idle.outcome
        basis = f"{_which(idle, target) or 'it '}was {idle.outcome}"
    elif changed and critical:
        measured = _passed(cases)
        basis = "the change adds or edits this test; in a critical spec it must stand on the base already"
    elif changed and not any(_is_red(case) for case in changed):
        measured = f"{_count(cases)}, not red"
        basis = "the change adds or edits this test, and it is not red on the base: it shows nothing"
    elif changed and (doubt := _unnoticed(changed, by_gate)):
        measured = _passed(cases)
        basis = f"the change adds or edits this test, and {doubt}"
    else:
        state, measured, basis = "verified", _passed(cases), _passed(cases, " on the base")
        basis += _noticed(changed, by_gate) if changed else ""
    required = "passes, red on the base" if changed else "passes"
    return _Seen(state, basis, measured, required, model_written=bool(changed))


def _unnoticed(cases: list[TestCase], by_gate: Mapping[str, GateResult]) -> str:
    """Why these tests are not shown to notice a fault in what the change writes; empty where they are.

    Where no changed line can be mutated there is nothing to notice: red on the base is then all there is.
    """
    tried, killed = _mutants(cases, by_gate)
    if killed:
        return ""
    if tried:
        return f"none of the faults put into the changed lines ({tried} tried) makes it fail by itself: it asserts nothing much"
    mutation = by_gate.get(_MUTATION)
    if mutation is None:
        return "the gate that tries whether it notices a fault did not run"
    if (mutation.status, mutation.reason) == ("skipped", NOT_APPLICABLE):
        return ""
    if mutation.status in {"errored", "skipped"}:
        return (
            f"whether it notices a fault is not known: {mutation.gate} {mutation.status}: {mutation.reason}"
        )
    return "no fault in the changed lines was tried on it"


def _noticed(cases: list[TestCase], by_gate: Mapping[str, GateResult]) -> str:
    _, killed = _mutants(cases, by_gate)
    return ", and by a fault in the changed lines" if killed else "; no changed line can be mutated"


def _mutants(cases: list[TestCase], by_gate: Mapping[str, GateResult]) -> tuple[int, int]:
    """How many mutants these tests were tried on, and how many they noticed, as the gates that finished say."""
    ids = {case.id for case in cases}
    finished = [result for result in by_gate.values() if result.status in {"passed", "failed"}]
    looked = [case for result in finished for case in result.cases if case.id in ids]
    return sum(case.mutants_tried for case in looked), sum(case.mutants_killed for case in looked)


def _by_measurements(expectation: Expectation, source: str, result: GateResult, *, critical: bool) -> _Seen:
    """A gate that did not pass may show a violation, and nothing else."""
    if idle := _could_not_look(result):
        return idle
    asked = (source, expectation.metric, expectation.field)
    found = [m for m in result.measurements if (m.source, m.metric, m.field) == asked]
    seen = [_by_measurement(expectation, measurement) for measurement in found]
    written = any(measurement.changed for measurement in found)
    if violation := next((item for item in seen if item.state == "violated"), None):
        return violation._replace(model_written=written)
    if doubt := _doubt(expectation, found, result, critical=critical):
        measured = seen[0].measured if len(seen) == 1 else ""
        return _Seen("unverified", doubt, measured, model_written=written)
    return seen[0]._replace(model_written=written)


def _doubt(expectation: Expectation, found: list[Measurement], result: GateResult, *, critical: bool) -> str:
    """Why a number shows nothing, whatever it is; empty where it counts."""
    if result.status != "passed" or result.at("block"):
        reason = result.reason or f"with {len(result.at('block'))} findings that block"
        return f"{result.gate} {result.status}: {reason}"
    if not found:
        return f"{expectation.name} was not measured"
    if len(found) > 1:
        return f"{expectation.name} was measured {len(found)} times: nobody can say which one holds"
    if critical and found[0].changed:
        return "the change writes how it is measured; in a critical spec that must stand on the base already"
    return ""


def _by_measurement(expectation: Expectation, measurement: Measurement) -> _Seen:
    base = measurement.base_quantity if expectation.limit is None else None
    measured = f"{measurement.quantity} (base {base})" if base else str(measurement.quantity)
    if not measurement.samples:
        return _Seen("unverified", f"{expectation.name} was measured on no sample", measured)
    try:
        holds = expectation.holds(measurement.quantity, measurement.base_quantity)
    except ValueError as error:
        return _Seen("unverified", str(error), measured)
    samples = "1 sample" if measurement.samples == 1 else f"{measurement.samples} samples"
    basis = f"{expectation.name} was {measured} in {samples}"
    if holds:
        return _Seen("verified", basis, measured)
    wanted = str(expectation).removeprefix(f"{expectation.name} ")
    return _Seen("violated", f"{basis}, not {wanted}", measured)


def _which(case: TestCase, target: str) -> str:
    """The case's id, where the target stands for more than that one."""
    return "" if case.id == target else f"{case.id} "


def _is_red(case: TestCase) -> bool:
    """It failed on the base in one of the ways that count; a pass there outweighs what else is said."""
    return bool(case.red) and case.on_base not in {"passed", "skipped"}


def _passed(cases: list[TestCase], where: str = "") -> str:
    reds = ", ".join(sorted({case.red for case in cases if case.red}))
    if reds:
        return f"{_count(cases)}, red{where} ({reds})"
    return f"{_count(cases)}, as{where}" if where else _count(cases)


def _count(cases: list[TestCase]) -> str:
    return "passed" if len(cases) == 1 else f"{len(cases)} cases passed"
