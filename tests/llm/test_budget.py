from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_gate.domain.proposal import Usage
from agent_gate.errors import BudgetError
from agent_gate.llm.budget import Budget, Quote, add, dollars, is_local, is_loopback, microusd, prompt_bound

MONEY = st.integers(min_value=0, max_value=10**12)


@given(limit=MONEY, spent=MONEY, price=MONEY)
def test_what_is_reserved_is_never_more_than_what_is_left(limit: int, spent: int, price: int) -> None:
    budget = Budget(limit_microusd=limit, spent_microusd=spent)
    if spent + price <= limit or price == 0:
        assert budget.reserve(Quote(prompt_tokens=1, microusd=price)) == price
    else:
        with pytest.raises(BudgetError, match="nothing was asked"):
            budget.reserve(Quote(prompt_tokens=1, microusd=price))


def test_a_budget_of_nothing_asks_nothing_that_costs() -> None:
    with pytest.raises(BudgetError, match=r"could cost \$0\.0001 and \$0\.0000 of \$0\.0000 is left"):
        Budget(limit_microusd=0).reserve(Quote(prompt_tokens=1, microusd=100))


def test_an_unknown_price_is_refused_unless_the_policy_allows_it() -> None:
    unknown = Quote(prompt_tokens=1)
    with pytest.raises(BudgetError, match="price of this model is not known") as caught:
        Budget(limit_microusd=10**9).reserve(unknown)
    assert 'unknown_price = "allow"' in caught.value.hint
    assert Budget(limit_microusd=0, unknown_price="allow").reserve(unknown) == 0


def test_a_model_on_this_machine_is_free() -> None:
    assert Budget(limit_microusd=0).reserve(Quote(prompt_tokens=1, local=True)) == 0


def test_real_usage_is_charged_and_a_missing_price_costs_the_reservation() -> None:
    budget = Budget(limit_microusd=1000)
    assert budget.charge(Usage(cost_microusd=7), 900).spent_microusd == 7
    assert budget.charge(Usage(cost_microusd=0), 900).spent_microusd == 0
    assert budget.charge(Usage(cost_microusd=None), 900).left_microusd == 100
    assert budget.charge(Usage(cost_microusd=2000)).left_microusd == 0


def test_usages_add_up_and_one_unknown_price_makes_the_sum_unknown() -> None:
    known = Usage(prompt_tokens=1, completion_tokens=2, cost_microusd=3)
    assert add(known, known) == Usage(prompt_tokens=2, completion_tokens=4, cost_microusd=6)
    assert add(known, Usage(prompt_tokens=1)).cost_microusd is None


def test_money_is_rounded_to_our_disadvantage() -> None:
    assert microusd(Decimal("1.00")) == 1_000_000
    assert microusd(Decimal("0.0000019")) == 1
    assert dollars(123_456) == "$0.1235"


@given(st.integers(min_value=0, max_value=10**7))
def test_the_bound_on_the_prompt_is_a_third_above_what_we_count(tokens: int) -> None:
    assert prompt_bound(tokens) * 3 >= tokens * 4
    assert prompt_bound(tokens) * 3 < tokens * 4 + 3


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8000/v1",
        "http://127.0.0.1",
        "https://127.8.9.10:1/",
        "http://[::1]:11434",
        "http://LOCALHOST/",
    ],
)
def test_loopback_by_name(url: str) -> None:
    assert is_loopback(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:8000",
        "http://localhost.example.org/v1",
        "http://127.0.0.1@api.example.org/v1",
        "http://127.0.0.1.example.org",
        "http://0.0.0.0:8000",
        "http://10.0.0.1",
        "http://[::1",
        "https://api.openai.com/v1?x=http://127.0.0.1",
    ],
)
def test_not_loopback(url: str) -> None:
    assert not is_loopback(url)


@pytest.mark.parametrize("name", ["OPENAI_API_BASE", "OPENAI_BASE_URL"])
def test_local_by_either_variable_of_the_provider(name: str) -> None:
    assert is_local("openai", {name: "http://127.0.0.1:1/v1"})


def test_one_address_elsewhere_is_enough_not_to_be_local() -> None:
    both = {"OPENAI_API_BASE": "http://127.0.0.1:1/v1", "OPENAI_BASE_URL": "https://api.openai.com/v1"}
    assert not is_local("openai", both)


def test_another_provider_s_local_address_makes_nothing_free() -> None:
    assert not is_local("anthropic", {"OPENAI_API_BASE": "http://127.0.0.1:1/v1"})


def test_local_by_default_until_the_environment_says_otherwise() -> None:
    assert is_local("ollama_chat", {}, "http://localhost:11434")
    assert not is_local(
        "ollama_chat", {"OLLAMA_API_BASE": "http://gpu.example.org"}, "http://localhost:11434"
    )
