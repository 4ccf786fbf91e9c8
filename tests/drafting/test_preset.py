from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_gate.drafting.check import check
from agent_gate.drafting.draft import SpecDraft
from agent_gate.drafting.preset import FIRST_CHANGE, PRESETS, fill, id_from, preset, slots
from agent_gate.drafting.question import BY_NAME
from agent_gate.drafting.senior import question_for
from agent_gate.drafting.yaml_text import to_yaml
from agent_gate.errors import UsageError
from agent_gate.spec.lint import review_spec
from agent_gate.spec.reader import parse_spec
from agent_gate.spec.surroundings import Surroundings

WHOLE = [FIRST_CHANGE, *(each.name for each in PRESETS if each.name != "blank")]


def filled(name: str) -> SpecDraft:
    draft = preset(name)
    for slot in slots(draft):
        draft = fill(draft, slot.name, slot.example)
    return draft.with_text("id", id_from(draft.text("title")))


@pytest.mark.parametrize("name", WHOLE)
def test_a_preset_with_its_slots_filled_is_a_spec_without_questions(name: str) -> None:
    data = to_yaml(filled(name)).encode()
    review = review_spec(data, name, Surroundings(None))
    assert [(remark.code, remark.field, remark.message) for remark in review.remarks] == []
    assert parse_spec(data, name).clauses or name == "trivial"


@pytest.mark.parametrize("name", WHOLE)
def test_each_slot_is_asked_with_an_example_and_each_question_has_a_slot(name: str) -> None:
    found = slots(preset(name))
    assert found
    for slot in found:
        assert slot.question.endswith((".", "?", slot.example)), slot
        assert slot.example
    assert slots(filled(name)) == ()


@pytest.mark.parametrize("name", WHOLE)
def test_a_slot_that_is_left_is_asked_about(name: str) -> None:
    _, problems = check(preset(name), name)
    assert "TE01" in {problem.code for problem in problems}


@pytest.mark.parametrize("name", WHOLE[1:])
def test_a_preset_rests_on_machines_where_it_can(name: str) -> None:
    rests = preset(name).rests_on
    assert rests.machine >= rests.clauses - 2
    assert preset(name).unverified == ()


def test_a_preset_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(UsageError, match="frobnicate") as told:
        preset("frobnicate")
    assert "crud-endpoint" in told.value.hint


def test_blank_is_nothing_but_the_questions() -> None:
    draft = preset("blank")
    assert slots(draft) == ()
    assert not any(draft.of(section) for section in BY_NAME)


def test_presets_have_questions_of_their_own() -> None:
    section = BY_NAME["failure_modes"]
    asked = {question_for(section, preset=name) for name in WHOLE}
    assert len(asked) >= 5


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Create an order once", "create-order-once"),
        ("POST /orders!", "post-orders"),
        ("The", "the"),
        ("Ошибка", ""),
        ("word " * 30, "-".join(["word"] * 8)),
    ],
)
def test_an_id_is_made_of_the_title(title: str, expected: str) -> None:
    assert id_from(title) == expected


@settings(max_examples=50, deadline=None)
@given(title=st.text(max_size=80))
def test_every_id_that_is_made_is_one(title: str) -> None:
    made = id_from(title)
    if made:
        draft = filled("trivial").with_text("id", made)
        assert not [p for p in check(draft, "x")[1] if p.field == "id"]
