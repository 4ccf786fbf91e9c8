"""Any results that gates may give, for tests of rules that hold whatever the gates say."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import product

from hypothesis import strategies as st
from values import TEST_ID, case, finding, gate, measured

from agent_gate.domain.clause import Clause
from agent_gate.domain.gate import NOT_APPLICABLE, GateResult, Measurement
from agent_gate.domain.measure import Expectation
from agent_gate.domain.verifier import Verifier

EXPECTED = ("p95 <= 50 ms", "p95 <= base + 10 %", "lost == 0")
OUTCOMES = st.sampled_from(["passed", "failed", "errored", "skipped", "absent"])
CASES = st.builds(
    case,
    id=st.sampled_from([TEST_ID, f"{TEST_ID}[a]", "tests/test_shop.py::test_other"]),
    outcome=OUTCOMES,
    on_base=OUTCOMES,
    changed=st.booleans(),
    red=st.sampled_from(["", "assertion"]),
    mutants_killed=st.sampled_from([0, 1]),
)
FINDINGS = st.builds(
    finding,
    rule=st.sampled_from(["B608", "B1"]),
    level=st.sampled_from(["block", "ask", "note"]),
    introduced=st.booleans(),
    excerpt=st.sampled_from(["a", "b"]),
)
MEASUREMENTS = st.builds(
    measured,
    st.sampled_from(["0", "31", "50.000000001", "54.9", "99"]),
    st.sampled_from(["ms", "s", "", "%"]),
    source=st.sampled_from(["ACC-1", "LOAD-1", "tests/bench.py"]),
    metric=st.sampled_from(["p95", "lost", "p99"]),
    field=st.sampled_from(["", "order_id"]),
    base=st.sampled_from(["", "0", "50"]),
    samples=st.sampled_from([0, 1, 1000]),
    changed=st.booleans(),
)
KINDS = ("pytest", "bandit", "load", "benchmark", "fault")
SOURCES = ("ACC-1", "LOAD-1", "tests/bench.py")
RESULTS = st.builds(
    gate,
    st.sampled_from(["tests", "bandit", "ruff", "own"]),
    st.sampled_from(["passed", "failed", "errored", "skipped"]),
    reason=st.sampled_from(["", NOT_APPLICABLE, "broken"]),
    findings=st.lists(FINDINGS, max_size=2),
    cases=st.lists(CASES, max_size=3),
    measurements=st.lists(MEASUREMENTS, max_size=3),
    known_rules=st.lists(st.sampled_from(["B608", "B1"]), max_size=2),
    verifies=st.lists(st.sampled_from(KINDS), max_size=3),
)
"""Any single result."""


WRONG_NUMBERS: list[dict[str, object]] = [
    {"samples": 0}, {"changed": True}, {"field": "order_id"}, {"source": "LOAD-2"}, {"metric": "p99"}, {"unit": "%"},
    {"unit": "s"}, {"value": "50.000000001"}, {"base": ""}, {"base": "0"},
]  # fmt: skip
WRONG_CASES: list[dict[str, object]] = [
    {"outcome": "failed"}, {"outcome": "skipped"}, {"red": ""}, {"on_base": "passed"}, {"changed": False}, {"mutants_killed": 0}, {"id": "tests/a.py::test_b"},
]  # fmt: skip
WRONG_RESULTS: list[dict[str, object]] = [
    {"status": "failed"}, {"status": "errored"}, {"status": "skipped"}, {"findings": (finding(),)}, {"known_rules": ()},
    {"findings": (finding(rule="B1"),)}, {"verifies": ()}, {"cases": ()}, {"measurements": ()},
]  # fmt: skip


@st.composite
def nearly_good(draw: st.DrawFn) -> list[GateResult]:
    """Results that show everything which can be asked here, but for one thing that is wrong with them.

    What nearly holds finds more than what never does.
    """
    wrong = draw(st.sampled_from(["result", "number", "case", "number twice", "result twice", "nothing"]))
    numbers, test = _good_numbers(), case()
    if wrong == "number":
        change = draw(st.sampled_from(WRONG_NUMBERS))
        numbers = [number.model_copy(update=change) for number in numbers]
    elif wrong == "number twice":
        numbers = [*numbers, *numbers]
    elif wrong == "case":
        test = test.model_copy(update=draw(st.sampled_from(WRONG_CASES)))
    results = [
        gate(
            name,
            tool_version=name,
            cases=[test],
            measurements=numbers,
            known_rules=["B608"],
            verifies=KINDS,
        )
        for name in ("bandit", "own", "tests")
    ]
    if wrong == "result":
        change = draw(st.sampled_from(WRONG_RESULTS))
        sound = draw(st.sampled_from([0, 0, 0, 1, 2]))
        results = [*results[:sound], *(result.model_copy(update=change) for result in results[sound:])]
    elif wrong == "result twice":
        results = [*results, *results]
    return results


def _good_numbers() -> list[Measurement]:
    return [
        measured("31" if unit else "0", unit, source=source, metric=metric, base="30" if unit else "")
        for source, (metric, unit) in product(SOURCES, (("p95", "ms"), ("lost", "")))
    ]


GATES = st.one_of(nearly_good(), st.lists(RESULTS, max_size=5))
"""What all the gates of one check give."""
VERIFIERS = st.lists(
    st.sampled_from([
        "manual: look", "load", f"pytest:{TEST_ID}", "bandit:B608", "gate:own", "load:LOAD-1", "benchmark:tests/bench.py", "fault",
    ]),
    min_size=1,
    max_size=2,
    unique=True,
)  # fmt: skip
EXPECTATIONS = st.lists(st.sampled_from(EXPECTED), max_size=2, unique=True).map(tuple)


def one_each(results: Sequence[GateResult]) -> bool:
    """No two results are of the same gate."""
    return len({result.gate for result in results}) == len(results)


def is_shown(verifier: Verifier, clause: Clause, results: Sequence[GateResult], *, critical: bool) -> bool:
    """Whether some result shows by itself that the verifier holds: the rule, said in another way."""
    speaking = [r for r in results if r.status in {"passed", "failed"}]
    if verifier.kind == "gate":
        return any(r.gate == verifier.target and r.status == "passed" for r in speaking)
    answering = [r for r in speaking if verifier.kind in r.verifies]
    if verifier.kind == "bandit":
        return any(verifier.target in r.known_rules for r in answering)
    if verifier.kind == "pytest":
        return any(_tests_show(verifier.target, r, speaking, critical=critical) for r in answering)
    source = verifier.target or clause.id
    return bool(clause.expectations) and all(
        any(_number_shows(asked, source, result, critical=critical) for result in answering)
        for asked in clause.expectations
    )


def _tests_show(target: str, result: GateResult, speaking: Sequence[GateResult], *, critical: bool) -> bool:
    cases = [c for c in result.cases if c.id.split("[")[0] == target]
    written = [c for c in cases if c.changed]
    red = not written or (not critical and any(c.red for c in written))
    ids = {c.id for c in written}
    noticed = not written or any(c.mutants_killed for r in speaking for c in r.cases if c.id in ids)
    return bool(cases) and red and noticed and all(c.outcome == "passed" for c in cases)


def _number_shows(asked: Expectation, source: str, result: GateResult, *, critical: bool) -> bool:
    found = [m for m in result.measurements if (m.source, m.metric, m.field) == (source, asked.metric, "")]
    if len(found) != 1 or result.status != "passed" or (critical and found[0].changed):
        return False
    return found[0].samples > 0 and _holds(asked, found[0])


def _holds(asked: Expectation, measurement: Measurement) -> bool:
    value, base, unit = Decimal(measurement.value), measurement.base, measurement.unit
    if asked.metric == "lost":
        return unit in {"", "%"} and value == 0
    if unit not in {"ms", "s"}:
        return False
    if asked.limit is not None:
        return value * (1000 if unit == "s" else 1) <= 50
    return bool(base) and value * 100 <= Decimal(base) * 110
