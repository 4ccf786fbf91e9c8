from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_gate.domain.spec import Spec
from agent_gate.survey.proposal import Proposal, proposals
from agent_gate.survey.work_tree import WorkTree

FILES = {
    "shop/__init__.py": "",
    "shop/app.py": """
from fastapi import FastAPI
from shop import orders

app = FastAPI()
app.include_router(orders.router)

@app.get("/healthz")
def healthz(): ...

@app.get("/about")
def about(): ...
""",
    "shop/orders.py": """
from fastapi import APIRouter
from shop.db import store

router = APIRouter(prefix="/orders")

@router.post("")
def create(email: str): ...
""",
    "shop/db.py": 'import psycopg\n\ndef store(db, a):\n    db.execute(f"INSERT INTO t VALUES ({a})")\n',
    "shop/mail.py": "import smtplib\n",
    "tests/test_orders.py": "from shop.orders import create\n\ndef test_an_order_is_stored(): ...\n",
}
CONTEXT = ("shop/orders.py", "shop/db.py")


@pytest.fixture
def tree(tmp_path: Path) -> WorkTree:
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    return WorkTree(tmp_path)


def of(section: str, found: tuple[Proposal, ...]) -> list[Mapping[str, Any]]:
    return [each.fields for each in found if each.section == section]


def test_a_service_with_its_start(tree: WorkTree) -> None:
    entry = {"start": "uvicorn shop.app:app --port {port}", "ready": "/healthz"}
    assert of("services", proposals(tree)) == [{"shop": entry}]


def test_failure_modes_of_what_the_context_imports_come_first(tree: WorkTree) -> None:
    found = [each for each in proposals(tree, CONTEXT) if each.section == "failure_modes"]
    assert [each.fields["cause"] for each in found] == [
        "PostgreSQL refuses connections",
        "PostgreSQL stops answering for 5 s",
        "the mail server refuses connections",
    ]
    assert found[0].why == "shop/db.py:1 imports psycopg"
    assert (found[0].path, found[0].line) == ("shop/db.py", 1)


def test_load_and_latency_of_routes_without_the_health_of_the_service(tree: WorkTree) -> None:
    found = proposals(tree, CONTEXT)
    load, about = of("load", found)
    assert load == {
        "stimulus": "POST /orders at the busiest hour",
        "request": {"service": "shop", "method": "POST", "path": "/orders"},
        "for": "20s",
        "verified_by": ["load"],
    }
    assert about["request"]["path"] == "/about"
    assert of("latency", found)[0] == {"stimulus": "POST /orders at the busiest hour"}


def test_threats_with_the_rule_that_would_find_them(tree: WorkTree) -> None:
    found = {each["cwe"][0]: each for each in of("security", proposals(tree, CONTEXT))}
    assert set(found) == {"CWE-862", "CWE-532", "CWE-89"}
    assert found["CWE-862"]["threat"] == "somebody who may not do it sends POST /orders"
    assert found["CWE-89"]["verified_by"] == ["bandit:B608"]


def test_tests_of_the_context_as_they_stand(tree: WorkTree) -> None:
    node = "pytest:tests/test_orders.py::test_an_order_is_stored"
    expected = [{"statement": "an order is stored", "verified_by": [node]}]
    assert of("acceptance", proposals(tree, CONTEXT)) == expected
    assert of("acceptance", proposals(tree)) == []


@pytest.mark.parametrize(
    ("covered", "section", "left"),
    [
        ("services:\n  shop: {}\n", "services", 0),
        ("cause: the database stops\n", "failure_modes", 1),
        ("cause: Postgres and the SMTP server\n", "failure_modes", 0),
        ("request: {method: POST, path: /orders}\n", "load", 1),
        ("request: {method: POST, path: /orders}\n", "latency", 1),
        ("request: {method: GET, path: /orders}\n", "load", 2),
        ("request: {method: POST, path: /orders/old}\n", "load", 2),
        ("cwe: [CWE-89, CWE-862]\n", "security", 1),
        ("cwe: [CWE-890]\n", "security", 3),
        ("tests/test_orders.py::test_an_order_is_stored_twice", "acceptance", 1),
        ("tests/test_orders.py::test_an_order_is_stored", "acceptance", 0),
    ],
)
def test_what_the_spec_speaks_of_is_not_proposed_again(
    tree: WorkTree, covered: str, section: str, left: int
) -> None:
    assert len(of(section, proposals(tree, CONTEXT, covered))) == left


def test_the_same_repository_gives_the_same_proposals(tree: WorkTree) -> None:
    assert proposals(tree, CONTEXT) == proposals(WorkTree(tree.root), CONTEXT)


def test_what_is_proposed_fits_the_format(tree: WorkTree) -> None:
    """With what only a person knows filled in, a spec of nothing but proposals is valid."""
    known: dict[str, dict[str, object]] = {
        "failure_modes": {"response": "503 within 1 s", "verified_by": ["fault"]},
        "load": {"expect": ["error_rate <= 1 %"]},
        "latency": {"expect": ["p95 <= 50 ms"], "verified_by": ["load:LOAD-1"]},
        "security": {"response": "it is refused", "verified_by": ["manual: the refusal"]},
        "acceptance": {},
    }
    data: dict[str, Any] = {
        "schema": "agent-gate/spec/v1", "id": "a", "title": "a", "goal": "a", "paths": {"allow": ["shop/**"]}, "services": {},
    }  # fmt: skip
    for number, each in enumerate(proposals(tree, CONTEXT)):
        if each.section == "services":
            data["services"] |= each.fields
        else:
            clause = {**known[each.section], "id": f"X-{number}", **each.fields}
            data.setdefault(each.section, []).append(clause)
    spec = Spec.model_validate(data)
    assert len(spec.clauses) == len(proposals(tree, CONTEXT)) - len(spec.services)


def test_context_that_is_not_there_is_passed_over(tree: WorkTree) -> None:
    assert proposals(tree, ["gone.py", "../up.py", "shop/**", ""]) == proposals(tree)


@given(
    st.lists(st.tuples(st.sampled_from(sorted(FILES)), st.binary(max_size=60)), max_size=6),
    st.text(max_size=40),
)
def test_no_repository_makes_it_raise(
    tmp_path_factory: pytest.TempPathFactory, broken: list[tuple[str, bytes]], covered: str
) -> None:
    root = tmp_path_factory.mktemp("tree")
    for path, content in [*((path, text.encode()) for path, text in FILES.items()), *broken]:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    for each in proposals(WorkTree(root), CONTEXT, covered):
        assert each.fields
        assert each.why
