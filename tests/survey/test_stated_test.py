from __future__ import annotations

from pathlib import Path

import pytest

from agent_gate.survey.source_tree import SourceTree
from agent_gate.survey.stated_test import stated_tests, statement_of
from agent_gate.survey.work_tree import WorkTree


@pytest.mark.parametrize(
    ("name", "statement"),
    [
        ("test_same_key_returns_first_order", "same key returns first order"),
        ("TestOrders::test_empty_cart_is_refused", "empty cart is refused"),
        ("test_refund_never_exceeds_the_charge", "refund never exceeds the charge"),
    ],
)
def test_a_sentence_is_a_statement(name: str, statement: str) -> None:
    assert statement_of(name) == statement


@pytest.mark.parametrize(
    "name",
    [
        "test_orders",
        "test_create_order_twice",
        "test_is_valid_order",
        "test_returns_what_is_asked",
        "test_1",
        "test",
        "TestIs",
        "test__is__x",
        "",
    ],
)
def test_what_is_no_sentence(name: str) -> None:
    assert statement_of(name) == ""


def test_tests_that_import_the_context(tmp_path: Path) -> None:
    files = {
        "src/shop/__init__.py": "from .orders import create\n",
        "src/shop/orders.py": "def create(): ...\n",
        "tests/test_direct.py": "from shop.orders import create\n\ndef test_an_order_is_stored(): ...\n",
        "tests/test_through.py": "from shop import create  # orders\n\ndef test_an_order_is_kept(): ...\n",
        "tests/test_other.py": "import json  # orders\n\ndef test_an_order_is_told(): ...\n",
        "tests/helper.py": "from shop.orders import create\n\ndef test_an_order_is_helped(): ...\n",
    }
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    found = list(stated_tests(SourceTree(WorkTree(tmp_path)), ["src/shop/orders.py"]))
    assert [(each.node, each.about, each.line) for each in found] == [
        ("tests/test_direct.py::test_an_order_is_stored", "src/shop/orders.py", 3),
        ("tests/test_through.py::test_an_order_is_kept", "src/shop/orders.py", 3),
    ]
    assert list(stated_tests(SourceTree(WorkTree(tmp_path)), [])) == []
