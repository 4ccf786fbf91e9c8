from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_gate.errors import UsageError
from agent_gate.llm.patience import Patience, retry_after_s

SECONDS = st.floats(min_value=0, max_value=60)


def test_is_set_by_the_environment() -> None:
    patience = Patience.of(
        {"AGENT_GATE_RETRIES": "7", "AGENT_GATE_RETRY_BASE_S": "0.25", "AGENT_GATE_OTHER": "x"}
    )
    assert (patience.retries, patience.retry_base_s) == (7, 0.25)
    assert patience.stall_s == Patience().stall_s


@pytest.mark.parametrize("value", ["-1", "many", "inf", "nan", "0"])
def test_an_impossible_value_is_named(value: str) -> None:
    with pytest.raises(UsageError, match=f"AGENT_GATE_STALL_S={value}"):
        Patience.of({"AGENT_GATE_STALL_S": value})


@given(base=SECONDS, cap=SECONDS, retry=st.integers(min_value=1, max_value=20))
def test_the_pause_grows_twofold_up_to_its_cap(base: float, cap: float, retry: int) -> None:
    pause = Patience(retry_base_s=base, retry_cap_s=cap).pause_s(retry, None)
    assert pause is not None
    assert 0 <= pause <= min(cap, base * 2 ** (retry - 1))


def test_the_pause_is_spread_over_its_whole_range() -> None:
    pauses = [Patience(retry_base_s=1).pause_s(3, None) or 0 for _ in range(400)]
    assert min(pauses) < 1
    assert max(pauses) > 3


@given(asked=st.floats(min_value=0, max_value=1000), base=SECONDS)
def test_a_pause_that_is_asked_for_is_kept_in_full_or_not_waited_for(asked: float, base: float) -> None:
    pause = Patience(retry_base_s=base, retry_after_cap_s=120).pause_s(1, asked)
    assert (pause is None) == (asked > 120)
    assert pause is None or asked <= pause <= asked + base


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        ("Thu, 01 Jan 1970 00:01:40 GMT", 40.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("soon", None),
        ("-3", None),
        ("", None),
        ("٣", None),
    ],
)
def test_retry_after_is_a_number_of_seconds_or_a_date(value: str, seconds: float | None) -> None:
    assert retry_after_s({"retry-after": value}, now=60) == seconds
    assert retry_after_s({}) is None
