from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_gate.drafting.check import check
from agent_gate.drafting.draft import Problem, SpecDraft
from agent_gate.drafting.interview import Ask, State, answered, next_ask, not_applicable, reopened, with_more
from agent_gate.drafting.line_answer import as_typed, text_of_line
from agent_gate.drafting.preset import PRESETS, preset
from agent_gate.drafting.question import BY_NAME, SECTIONS, Field
from agent_gate.drafting.senior import explanation, question_for


def lint(state: State) -> tuple[Problem, ...]:
    return check(state.draft, "x")[1]


def asked(state: State) -> Ask:
    ask = next_ask(state, lint(state), ())
    assert ask is not None
    return ask


def go(state: State, *lines: str) -> State:
    for line in lines:
        ask = asked(state)
        state = answered(state, ask, line)
        state = reopened(state, ask, lint(state)) if line else state
    return state


def place(ask: Ask) -> str:
    return f"{ask.clause_id or ask.section.name} {ask.field.name if ask.field else ask.slot}"


def test_risk_comes_first_and_trivial_asks_three_things_more() -> None:
    state = State(SpecDraft())
    assert place(asked(state)) == "goal risk"
    state = go(state, "trivial", "Fix the spelling", "It says recieved.", "shop/**")
    assert next_ask(state, lint(state), ()) is None
    assert check(state.draft, "x")[0] is not None


def test_an_empty_first_answer_goes_on_to_the_next_section() -> None:
    state = go(State(SpecDraft()), "", "Store it", "It is stored.", "shop/**", "", "")
    assert place(asked(state)) == "LOAD-1 stimulus"
    state = go(state, "")
    assert place(asked(state)) == "LAT-1 stimulus"


def test_a_clause_is_asked_for_what_it_lacks_and_for_what_the_lint_asks() -> None:
    state = go(State(SpecDraft()), "", "Store it", "It is stored.", "shop/**", "", "", "50 orders a second")
    places = []
    for line in ("50/s", "20s", "error_rate <= 0.1 %", "load"):
        places.append(place(asked(state)))
        state = go(state, line)
    assert places == ["LOAD-1 rate", "LOAD-1 for", "LOAD-1 expect", "LOAD-1 verified_by"]
    assert place(asked(state)) == "LOAD-2 stimulus"
    assert asked(state).opens


def test_an_error_is_asked_again_and_an_empty_answer_keeps_it() -> None:
    state = go(
        State(SpecDraft()),
        "",
        "Store it",
        "It is stored.",
        "shop/**",
        "",
        "",
        "50 at once",
        "50/s",
        "20s",
        "fast",
    )
    assert place(asked(state)) == "LOAD-1 expect"
    assert asked(state).standing == "fast"
    state = go(state, "")
    assert place(asked(state)) == "LOAD-1 verified_by"


def test_a_reason_answers_a_section_or_a_question_and_nothing_else() -> None:
    state = go(State(SpecDraft()), "", "Store it", "It is stored.", "shop/**", "", "")
    waved = not_applicable(state, asked(state), "a nightly job", lint(state))
    assert waved is not None
    assert waved.draft.not_applicable == {"load": "a nightly job"}
    assert place(asked(waved)) == "LAT-1 stimulus"
    state = go(waved, "", "the database is down", "503")
    assert place(asked(state)) == "FAIL-1 detection"
    silenced = not_applicable(state, asked(state), "the caller sees it", lint(state))
    assert silenced is not None
    assert silenced.draft.not_applicable["FM03:FAIL-1"] == "the caller sees it"
    assert (
        not_applicable(
            silenced,
            Ask((), BY_NAME["acceptance"], "?", BY_NAME["acceptance"].clause[0]),
            "why",
            lint(silenced),
        )
        is None
    )


def test_more_asks_every_field_of_the_clause() -> None:
    state = go(State(SpecDraft()), "", "Store it", "It is stored.", "shop/**", "", "", "50 at once")
    state = with_more(state, asked(state)._replace(clause_id="LOAD-1"))
    places = []
    while not (ask := asked(state)).opens:
        places.append(ask.field.name if ask.field else "")
        state = go(state, "")
    assert set(places) >= {field.name for field in BY_NAME["load"].clause} - {"stimulus"}
    assert "services" in places


@pytest.mark.parametrize(
    ("name", "line", "text"),
    [
        ("verified_by", "pytest:a.py::t[x,y], manual: look; and see, load:LOAD-1", "pytest:a.py::t[x,y]\nmanual: look; and see\nload:LOAD-1"),
        ("expect", "p95 <= 50 ms, error_rate <= 0.1 %; max <= 1 s", "p95 <= 50 ms\nerror_rate <= 0.1 %\nmax <= 1 s"),
        ("allow", " shop/**, tests/** a.py ", "shop/**\ntests/**\na.py"),
    ],
)  # fmt: skip
def test_several_items_fit_on_one_line(name: str, line: str, text: str) -> None:
    field = Field(name, "list")
    assert text_of_line(field, line) == text
    assert text_of_line(field, as_typed(field, text)) == text


def test_every_field_has_a_question_and_an_explanation() -> None:
    for section in SECTIONS:
        for field in (*section.fields, *section.clause):
            assert question_for(section, field=field.name).endswith(("?", ".")), field.name
            assert explanation(section.name, field.name), field.name


def test_the_question_changes_with_the_clause_and_the_field() -> None:
    section = BY_NAME["failure_modes"]
    assert question_for(section, {"cause": "the worker is killed"}) != question_for(
        section, {"cause": "the disk is full"}
    )
    assert (
        question_for(section, {"cause": "the disk is full"}, "detection")
        == "How would you know at 3 in the morning?"
    )
    by_person = {"statement": "x", "verified_by": "manual: look"}
    assert "machine" in question_for(BY_NAME["acceptance"], by_person, "verified_by")


_LINES = st.one_of(
    st.sampled_from(
        ["", "y", "n", "trivial", "critical", "50/s", "{a", "load", "pytest:a::b", "p95 <= 1 ms", "<a b>"]
    ),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12),
)


@settings(max_examples=25, deadline=None)
@given(begin=st.sampled_from([each.name for each in PRESETS]), lines=st.lists(_LINES, max_size=25))
def test_whatever_is_answered_it_goes_on_and_ends(begin: str, lines: list[str]) -> None:
    state = State(preset(begin))
    for line in lines:
        ask = next_ask(state, lint(state), ())
        if ask is None:
            break
        state = answered(state, ask, line)
    for _ in range(300):
        ask = next_ask(state, lint(state), ())
        if ask is None:
            return
        state = answered(state, ask, "")
    pytest.fail("three hundred times Enter, and still a question")
