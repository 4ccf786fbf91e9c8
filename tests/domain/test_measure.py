from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_gate.domain.measure import METRICS, Duration, Expectation, Quantity, Rate, plain_number

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
    "p95 <= ٥ ms",
    "p95 <= 1e3 ms",
    "p95 <= 1_000 ms",
    "p95 <= 1234567890123 ms",
    "p95 ≤ 50 ms",
    "latency <= 50 ms",
]


@pytest.mark.parametrize("text", GOOD)
def test_every_metric_is_accepted_with_its_units(text: str) -> None:
    read = Expectation.parse(text)
    assert Expectation.parse(str(read)) == read
    assert str(read).replace(" ", "") == text.replace(" ", "")


def test_every_metric_is_tried_here() -> None:
    assert {Expectation.parse(text).metric for text in GOOD} == {
        metric.partition("(")[0] for metric in METRICS
    }


@pytest.mark.parametrize("text", BAD)
def test_a_text_that_measures_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"measure|metric"):
        Expectation.parse(text)


def test_a_missing_unit_is_named() -> None:
    with pytest.raises(ValueError, match="p95 is measured in us or ms or s"):
        Expectation.parse("p95 <= 50")


def test_a_long_text_does_not_fill_the_message() -> None:
    for parse in (Expectation.parse, Rate.parse, Duration.parse):
        with pytest.raises(ValueError, match="…") as caught:
            parse("x" * 1_000_000)
        assert len(str(caught.value)) < 300


@pytest.mark.parametrize("text", ["50/s", "50 / s", " 0.50 /s "])
def test_a_rate_is_so_many_a_second(text: str) -> None:
    read = Rate.parse(text)
    assert Rate.parse(str(read)) == read
    assert read.per_second == Decimal(text.partition("/")[0].strip())


@pytest.mark.parametrize("text", ["", "50", "50/min", "-5/s", ".inf", "5/s more", "1e3/s", "٥/s"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="50/s"):
        Rate.parse(text)


@pytest.mark.parametrize(
    ("text", "seconds"), [("20s", "20"), ("500 ms", "0.5"), ("20us", "0.00002"), ("1.50 s", "1.5")]
)
def test_a_duration_has_a_unit(text: str, seconds: str) -> None:
    read = Duration.parse(text)
    assert read.seconds == Decimal(seconds)
    assert Duration.parse(str(read)) == read


@pytest.mark.parametrize("text", ["", "20", "5m", "1h", "PT20S", "-5s", "12:30:00", "2020-01-01"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="20s"):
        Duration.parse(text)


def test_what_a_person_wrote_stays_but_the_same_time_compares_equal() -> None:
    one, other = Quantity(Decimal(1000), "ms"), Quantity(Decimal(1), "s")
    assert one != other
    assert one.scaled == other.scaled
    assert str(Expectation.parse("p95 <= 1000 ms")) == "p95 <= 1000 ms"


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("p95<=50ms", "p95 <= 50 ms"),
        ("error_rate<=0.10%", "error_rate <= 0.1 %"),
        ("p95 <= 050.0 ms", "p95 <= 50 ms"),
        ("memory<=base", "memory <= base + 0 %"),
        ("p95<=base+10%", "p95 <= base + 10.0 %"),
    ],
)
def test_two_ways_of_writing_are_one_measure(short: str, long: str) -> None:
    assert Expectation.parse(short) == Expectation.parse(long)
    assert str(Expectation.parse(short)) == str(Expectation.parse(long))


TIME_UNITS = {"us": Fraction(1, 1000), "ms": Fraction(1), "s": Fraction(1000)}
NUMBERS = st.decimals(0, 10**12 - 1, allow_nan=False, allow_infinity=False, places=9)
MEASURED = st.tuples(NUMBERS, st.sampled_from(sorted(TIME_UNITS)))
OPERATORS = st.sampled_from(["<", "<=", "==", "!=", ">=", ">"])


def exact(number: Decimal, unit: str) -> Fraction:
    """Milliseconds, without rounding."""
    return Fraction(number) * TIME_UNITS[unit]


def compared(one: Fraction, operator: str, other: Fraction) -> bool:
    """What the operator says of two fractions."""
    below, equal = one < other, one == other
    return {"<": below, "<=": below or equal, "==": equal, "!=": not equal, ">=": not below, ">": not (below or equal)}[operator]  # fmt: skip


@given(MEASURED, OPERATORS, MEASURED)
def test_a_limit_holds_as_exact_fractions_do(measured: tuple[Decimal, str], operator: str, limit: tuple[Decimal, str]) -> None:  # fmt: skip
    expectation = Expectation.parse(f"p95 {operator} {plain_number(limit[0])} {limit[1]}")
    assert expectation.holds(Quantity(*measured)) == compared(exact(*measured), operator, exact(*limit))


@given(MEASURED, OPERATORS, MEASURED, st.sampled_from("+-"), st.decimals(0, 100, places=9))
def test_a_base_holds_as_exact_fractions_do(
    measured: tuple[Decimal, str], operator: str, base: tuple[Decimal, str], sign: str, percent: Decimal
) -> None:
    expectation = Expectation.parse(f"max {operator} base {sign} {plain_number(percent)} %")
    limit = exact(*base) * (100 + Fraction(f"{sign}{plain_number(percent)}")) / 100
    assert expectation.holds(Quantity(*measured), Quantity(*base)) == compared(
        exact(*measured), operator, limit
    )


def test_units_that_do_not_fit_are_no_comparison() -> None:
    for text, measured in (
        ("succeeded >= 99 %", Quantity(Decimal(50))),
        ("succeeded >= 49", Quantity(Decimal(98), "%")),
    ):
        with pytest.raises(ValueError, match="cannot be compared"):
            Expectation.parse(text).holds(measured)
    with pytest.raises(ValueError, match="p95 cannot be 5 MB"):
        Expectation.parse("p95 <= 5 ms").holds(Quantity(Decimal(5), "MB"))
    with pytest.raises(ValueError, match="not measured on the base"):
        Expectation.parse("p95 <= base").holds(Quantity(Decimal(5), "ms"))


def test_zero_needs_no_unit() -> None:
    assert Expectation.parse("error_rate == 0").holds(Quantity(Decimal(0), "%"))
    assert not Expectation.parse("error_rate == 0").holds(Quantity(Decimal("0.1"), "%"))


@given(NUMBERS)
def test_a_plain_number_is_the_number(number: Decimal) -> None:
    told = plain_number(number)
    assert Decimal(told) == number
    assert not told.endswith((".", ".0"))
    assert "E" not in told


@given(st.sampled_from(GOOD), st.text(" \t", max_size=3))
def test_spaces_around_and_between_say_nothing(text: str, space: str) -> None:
    spaced = text.replace(" ", f" {space}")
    assert Expectation.parse(f"{space}{spaced}{space}") == Expectation.parse(text)


@given(st.text(max_size=30) | st.from_regex(r"p9[0-9] ?(<|<=|==) ?-?[0-9.]{1,5} ?(ms|s|%)?"))
def test_whatever_is_read_is_written_as_it_is_read(text: str) -> None:
    try:
        read = Expectation.parse(text)
    except ValueError:
        return
    assert Expectation.parse(str(read)) == read


def test_a_limit_against_the_base_is_never_rounded() -> None:
    expectation = Expectation.parse("max < base + 0.000000001 %")
    base, measured = Decimal("100000000000.000000001"), Decimal("100000000001.000000001")
    assert Fraction(measured) < Fraction(base) * (1 + Fraction("1e-11"))
    assert expectation.holds(Quantity(measured, "ms"), Quantity(base, "ms"))
