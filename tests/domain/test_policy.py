from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from agent_gate.domain.gate import at_least
from agent_gate.domain.policy import Policy

ZONED = Policy.model_validate(
    {
        "gates": {"required": ["ruff"]},
        "zones": [
            {"name": "payments", "paths": ["pay/**"], "gates": ["mutation"], "approvals": 2},
            {"name": "keys", "paths": ["*.pem"], "gates": ["secrets"], "approvals": 3},
        ],
    }
)


def test_a_repository_without_a_policy_has_the_contracts_defaults() -> None:
    policy = Policy()
    assert policy.gates.required == ("scope", "integrity", "secrets", "ruff", "bandit", "tests")
    assert policy.gates.advisory == ("dependencies", "coverage")
    assert policy.approval.required == 1
    assert policy.sandbox.require
    assert policy.model.budget_usd == Decimal("1.00")
    assert "CODEOWNERS" in policy.paths.protected


@pytest.mark.parametrize(
    ("paths", "gates", "approvals"),
    [
        (["shop/a.py"], {"ruff"}, 1),
        ([], {"ruff"}, 1),
        (["shop/a.py", "pay/card.py"], {"ruff", "mutation"}, 2),
        (["pay/card.pem"], {"ruff", "mutation", "secrets"}, 3),
        (None, {"ruff", "mutation", "secrets"}, 3),
    ],
)
def test_zones_only_ever_ask_for_more(paths: list[str] | None, gates: set[str], approvals: int) -> None:
    assert ZONED.required_gates(paths) == gates
    assert ZONED.required_approvals(paths) == approvals


def test_a_zone_does_not_lower_what_the_whole_repository_asks_for() -> None:
    strict = ZONED.model_copy(update={"approval": ZONED.approval.model_copy(update={"required": 4})})
    assert strict.required_approvals(["pay/card.py"]) == 4


@pytest.mark.parametrize("amount", ["1", 1, 1.0, "1.000", Decimal("1.00")])
def test_one_amount_has_one_digest(amount: Any) -> None:
    assert Policy.model_validate({"model": {"budget_usd": amount}}).digest == Policy().digest


def test_a_policy_keeps_its_digest_through_json() -> None:
    assert Policy.model_validate_json(ZONED.model_dump_json()).digest == ZONED.digest


@pytest.mark.parametrize(
    "data",
    [
        {"approval": {"required": 0}},
        {"model": {"attempts": 0}},
        {"model": {"budget_usd": -1}},
        {"model": {"budget_usd": "NaN"}},
        {"gates": {"options": {"coverage": {"changed_lines": 101}}}},
        {"paths": {"protected": ["/etc"]}},
        {"zones": [{"name": "", "paths": ["a"]}]},
        {"zones": [{"name": "a", "paths": []}]},
        {"zones": [{"name": "a", "paths": ["../a"]}]},
        {"zones": [{"name": "a", "paths": ["a"], "approvals": 0}]},
        {"services": {"db": {"port": float("inf")}}},
        {"surprise": {}},
    ],
)
def test_a_policy_that_cannot_be_meant_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Policy.model_validate(data)


def test_severities_are_ordered() -> None:
    assert at_least("high", "medium")
    assert at_least("medium", "medium")
    assert not at_least("low", "medium")
