"""What the grammar says, and the schema that it reads. Which files it refuses is told in tests/adversarial and in test_equivalence.py.

After a change of the model that is meant: `UPDATE_GOLDEN=1 python -m pytest tests/spec`.
"""

from __future__ import annotations

import json
import os

import pytest
from spec_files import CLAUSE, GOOD

from agent_gate.domain.spec_schema import spec_schema
from agent_gate.spec.document import Document
from agent_gate.spec.grammar import SCHEMA_FILE, format_problems
from agent_gate.spec.remark import Remark


def problems(text: str) -> list[Remark]:
    return format_problems(Document.read(text.encode(), "s.yaml"))


def only(text: str) -> Remark:
    (remark,) = problems(text)
    return remark


def test_a_spec_has_no_problem() -> None:
    assert problems(GOOD) == problems(CLAUSE) == []


def test_everything_is_said_at_once_in_the_order_of_the_file() -> None:
    text = CLAUSE.replace("LOAD-1", "load-1").replace("[load]", "[hope, 5]").replace("A change", "''")
    found = [(remark.code, remark.place.line, remark.field) for remark in problems(f"{text}colour: red\n")]
    assert found == [
        ("SP04", 3, "title"),
        ("SP03", 9, "load[0].id"),
        ("VE02", 11, "load[0].verified_by[0]"),
        ("SP03", 11, "load[0].verified_by[1]"),
        ("SP01", 13, "colour"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "meant"),
    [
        ("goal:", "gaol:", "goal"),
        ("goal:", "goals:", "goal"),
        ("risk:", "Risk:", "risk"),
        ("risk:", "rіsk:", "risk"),
        ("stimulus:", "stimulous:", "stimulus"),
        ("verified_by:", "verified-by:", "verified_by"),
        ("expect:", "expects:", "expect"),
        ("  allow:", "  alow:", "allow"),
    ],
)
def test_a_near_miss_is_one_mistake_and_is_understood(old: str, new: str, meant: str) -> None:
    remark = only(CLAUSE.replace(old, new))
    assert (remark.code, remark.hint) == ("SP01", f"did you mean {meant}?")


def test_a_misspelt_section_is_not_also_unanswered() -> None:
    waved = "not_applicable: {latency: x, failure_modes: x, security: x}\n"
    text = CLAUSE.replace("trivial", "standard") + waved
    assert problems(text) == []
    assert only(text.replace("load:\n", "loads:\n")).hint == "did you mean load?"


def test_a_name_that_is_like_no_other_is_answered_with_those_that_there_are() -> None:
    assert only(f"{GOOD}colour: red\n").hint.startswith("its fields are schema, id, title,")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (GOOD.replace("A change", "2024"), 'write it in quotes: "2024"'),
        (GOOD.replace("Do it.", "true"), 'write it in quotes: "true"'),
        (CLAUSE.replace("[load]", "[manual: look]"), 'write it in quotes: "manual: look"'),
        (f"{CLAUSE}    rate: 50\n", "for instance 50/s"),
        (f"{CLAUSE}    for: 20\n", "for instance 20s"),
        (GOOD.replace("trivial", "high"), "write trivial or standard or critical"),
        (GOOD.replace("id: a-change\n", ""), "for instance id: orders-once"),
        (CLAUSE.replace("    verified_by: [load]\n", ""), 'for instance verified_by: ["pytest:tests/test_orders.py::test_same_key"]'),
        (CLAUSE.replace("LOAD-1", "load-1"), "for instance LOAD-1"),
        (GOOD.replace("paths:\n  allow: [shop]", "paths: shop"), "write its fields below it, indented: allow, deny"),
        (f"{GOOD}services: [db]\n", "write its fields below it, indented: name"),
        (f"{GOOD}context: shop\n", "write each item on a line of its own after '- ', or all of them in [ ]"),
    ],
)  # fmt: skip
def test_the_hint_says_what_to_write(text: str, hint: str) -> None:
    assert only(text).hint == hint


def test_an_optional_value_may_be_left_empty() -> None:
    assert problems(f"{CLAUSE}    rate:\n    request: ~\n    data: null\n") == []


def test_a_text_of_others_is_shown_and_cut() -> None:
    said = [remark.message for remark in problems(GOOD.replace("a-change", f'"a\\u202e{"b" * 5_000}"'))]
    assert any("\\u202e" in message for message in said)
    assert all(message.isprintable() and len(message) < 300 for message in said)


def test_the_shipped_schema_is_made_of_the_model() -> None:
    made = json.dumps(spec_schema(), indent=2) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        SCHEMA_FILE.write_text(made, encoding="utf-8")
    assert SCHEMA_FILE.read_text(encoding="utf-8") == made
