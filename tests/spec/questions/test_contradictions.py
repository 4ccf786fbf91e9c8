from __future__ import annotations

from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from outlines import asked, latency, statements

from agent_gate.domain.measure import Expectation, Quantity

OPERATORS = ("<", "<=", "==", ">=", ">")
MEASURES = st.builds(
    "{} {} {} ms".format,
    st.sampled_from(["p50", "p95", "p99"]),
    st.sampled_from(OPERATORS),
    st.integers(1, 4),
)


def could_hold(texts: list[str]) -> bool:
    """Whether some p50 <= p95 <= p99 satisfies them all: half steps are enough for whole limits."""
    expectations = [Expectation.parse(text) for text in texts]
    steps = [Decimal(n) / 2 for n in range(12)]
    return any(
        all(e.holds(Quantity(dict(zip(("p50", "p95", "p99"), values, strict=True))[e.metric], "ms")) for e in expectations)
        for values in product(steps, repeat=3)
        if values[0] <= values[1] <= values[2]
    )  # fmt: skip


@given(st.lists(MEASURES, min_size=1, max_size=5))
def test_measures_are_questioned_exactly_when_no_values_satisfy_them(texts: list[str]) -> None:
    data = latency(*({"expect": [text], "verified_by": ["load:LOAD-1"]} for text in texts))
    assert ("ME03" in asked(data)) == (not could_hold(texts))


@pytest.mark.parametrize(
    "clauses",
    [
        ({"expect": ["p95 <= 50 ms"], "verified_by": ["load:LOAD-1"]}, {"expect": ["p95 >= 80 ms"], "verified_by": ["load:LOAD-2"]}),
        ({"expect": ["p95 <= 50 ms"]}, {"expect": ["p95 <= 0.04 s"]}),
        ({"expect": ["p95 <= 50 ms", "p95 <= base + 10 %"]},),
        ({"expect": ["p95 <= 50 ms", "max <= 1 s", "p50 <= 20 ms"]},),
    ],
)  # fmt: skip
def test_what_can_hold_together_is_not_questioned(clauses: tuple[dict[str, Any], ...]) -> None:
    assert "ME03" not in asked(latency(*clauses))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a deleted order is shown", "a deleted order is never shown"),
        ("the client may retry", "the client may not retry"),
        ("a search gives at most 20 orders", "a search gives at most 50 orders"),
        ("the answer comes within 1.5 s", "The answer comes within 2 s."),
    ],
)
def test_a_sentence_that_denies_another_is_questioned(one: str, other: str) -> None:
    assert "ME03" in asked(statements(one, other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a search gives at most 20 orders", "a page gives at most 50 orders"),
        ("an order of 9 pieces costs 891", "an order of 10 pieces costs 891"),
        ("orders are stored once", "orders are stored once"),
        ("a deleted order is never shown", "a deleted customer is shown"),
        ("never", "always"),
    ],
)
def test_sentences_that_only_look_alike_are_not(one: str, other: str) -> None:
    assert "ME03" not in asked(statements(one, other))


def test_one_cause_has_one_answer() -> None:
    def modes(*responses: str) -> dict[str, Any]:
        causes = ("the database is down", "database is down")
        return {"failure_modes": [{"id": f"FAIL-{n}", "cause": causes[n], "response": r} for n, r in enumerate(responses)]}  # fmt: skip

    assert "ME03" in asked(modes("503 within 1 s", "200 from the cache"))
    assert "ME03" not in asked(modes("503 within 1 s", "503, and the order is kept"))
    assert "ME03" not in asked(modes("503 within 1 s", "the order is kept"))
