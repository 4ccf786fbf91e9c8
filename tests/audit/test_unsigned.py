from __future__ import annotations

import pytest
from repositories import MakeRepository

from agent_gate.audit.unsigned import signatures_wanted
from agent_gate.domain.policy import ApprovalPolicy, Policy, Zone

PATHS = ("shop/orders.py", "README.md")


def reasons(
    make_repository: MakeRepository, files: dict[str, str], policy: Policy | None = None
) -> list[str]:
    repository = make_repository({"a.txt": "a", **files})
    return list(signatures_wanted(repository, "HEAD", policy or Policy(), PATHS))


def test_nobody_asks(make_repository: MakeRepository) -> None:
    assert reasons(make_repository, {}) == []


@pytest.mark.parametrize(
    ("approval", "told"),
    [
        (ApprovalPolicy(signatures="required"), "requires signatures"),
        (ApprovalPolicy(required=2), "requires 2 approvals"),
        (ApprovalPolicy(independent=True), "independent"),
    ],
)
def test_the_policy_asks(make_repository: MakeRepository, approval: ApprovalPolicy, told: str) -> None:
    (reason,) = reasons(make_repository, {}, Policy(approval=approval))
    assert told in reason


def test_a_zone_asks_where_it_is_entered(make_repository: MakeRepository) -> None:
    zone = Zone(name="shop", paths=("shop/**",), approvals=2)
    elsewhere = Zone(name="pay", paths=("payments/**",), approvals=3)
    (reason,) = reasons(make_repository, {}, Policy(zones=(zone, elsewhere)))
    assert "2 approvals" in reason


def test_the_base_names_signers(make_repository: MakeRepository) -> None:
    (reason,) = reasons(
        make_repository, {".agent-gate/allowed_signers": "ana@example.org ssh-ed25519 AAAA\n"}
    )
    assert "allowed_signers" in reason


@pytest.mark.parametrize("place", ["CODEOWNERS", ".github/CODEOWNERS", "docs/CODEOWNERS"])
@pytest.mark.parametrize(
    ("line", "owned"),
    [
        ("* @all", True),
        ("/shop/ @shop", True),
        ("shop/**/*.py @shop", True),
        ("*.py @python # a comment", True),
        ("/../odd @nobody-can-read-this", True),
        ("/payments/ @pay", False),
        ("/shop/", False),
        ("# * @all", False),
        ("[Section] @shop", False),
        ("[Section] @shop\n/shop/", True),
        ("[Section]\n/shop/", False),
    ],
)
def test_owners(make_repository: MakeRepository, place: str, line: str, *, owned: bool) -> None:
    assert bool(reasons(make_repository, {place: f"{line}\n"})) is owned
