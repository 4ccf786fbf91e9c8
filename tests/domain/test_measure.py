from __future__ import annotations

import pytest

from agent_gate.domain.measure import measure_problem

TIMES = ["p50", "p90", "p95", "p99", "max", "recovery"]
GOOD = [
    *(
        f"{metric} {op} 50 {unit}"
        for metric in TIMES
        for op in ("<", "<=", "==", "!=", ">=", ">")
        for unit in ("us", "ms", "s")
    ),
    "error_rate <= 0.1 %",
    "error_rate == 0",
    "throughput >= 50 /s",
    "throughput>=50/s",
    "attempts <= 3",
    "findings == 0",
    "count >= 1",
    "status == 503",
    "succeeded >= 49",
    "succeeded >= 99 %",
    "failed == 0",
    "lost == 0",
    "distinct(order_id) == 1",
    "memory <= 200 MB",
    "p95 <= base + 10 %",
    "p95 <= base - 5%",
    "memory <= base",
    "  p95 <= 50 ms  ",
]
BAD = [
    "",
    "fast",
    "p95 50 ms",
    "p95 =< 50 ms",
    "p95 <= fast",
    "p95 <= 50",
    "p95 <= 50 MB",
    "p95 <= 50 minutes",
    "p95 <= 5,0 ms",
    "p97 <= 50 ms",
    "P95 <= 50 ms",
    "error_rate <= 0.1",
    "memory <= 200",
    "throughput >= 50",
    "status == 503 ms",
    "distinct == 1",
    "distinct() == 1",
    "p95(x) <= 1 ms",
    "p95 <= base * 2",
    "p95 <= base + 10",
    "p95 <= -1 ms",
    "p95 <= 50 ms and more",
]


@pytest.mark.parametrize("text", GOOD)
def test_every_metric_is_accepted_with_its_units(text: str) -> None:
    assert measure_problem(text) == ""


@pytest.mark.parametrize("text", BAD)
def test_a_text_that_measures_nothing_is_refused(text: str) -> None:
    assert measure_problem(text)


def test_a_missing_unit_is_named() -> None:
    assert measure_problem("p95 <= 50") == "p95 is measured in us or ms or s"
