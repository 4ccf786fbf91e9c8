from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_gate.domain.spec import Spec
from agent_gate.drafting.check import check
from agent_gate.drafting.draft import ClauseDraft, Problem, SpecDraft
from agent_gate.drafting.question import SECTIONS
from agent_gate.drafting.yaml_text import from_yaml, to_yaml
from agent_gate.errors import SpecError
from agent_gate.spec.reader import parse_spec

FILE = """\
# written by hand
schema: agent-gate/spec/v1
id: orders-once                # kebab-case
title: Create an order once
risk: standard
goal: |
  POST /orders stores an order once,
  however often the client retries.
paths:
  allow: ["shop/**", "tests/**"]
services:
  db: {start: "…", port: 5432}
load:
  - id: LOAD-1
    stimulus: 50 orders a second
    request: {service: shop, method: POST, path: /orders, json: {sku: a1, quantity: 1}}
    simultaneous: 50
    expect: ["error_rate <= 0.1 %"]
    verified_by: [load]        # measured
security:
  - id: SEC-1
    threat: SQL injection
    stride: [T]
    response: only bound parameters
    verified_by: ["bandit:B608", "manual: look at it"]
not_applicable:
  latency: nobody waits
  failure_modes: it depends on nothing
"""


def valid() -> SpecDraft:
    return from_yaml(FILE, "orders.yaml")


def errors(draft: SpecDraft, before: str = FILE) -> tuple[Spec | None, list[Problem]]:
    spec, problems = check(draft, "orders.yaml", before)
    return spec, [problem for problem in problems if problem.level == "error"]


def test_an_unchanged_file_is_written_as_it_was() -> None:
    assert to_yaml(valid(), FILE) == FILE


def test_what_is_loaded_means_the_same_when_it_is_written_anew() -> None:
    assert parse_spec(to_yaml(valid()).encode(), "x") == parse_spec(FILE.encode(), "x")


def test_a_change_leaves_comments_and_everything_else_alone() -> None:
    clause = valid().of("security")[0].with_text("response", "no text reaches the database")
    changed = to_yaml(valid().with_clause("security", 0, clause), FILE)
    assert changed == FILE.replace("only bound parameters", "no text reaches the database")


def test_clauses_come_and_go() -> None:
    draft = valid().with_new_clause("load")
    assert [clause.id for clause in draft.of("load")] == ["LOAD-1", "LOAD-2"]
    assert draft.without_clause("load", 0).with_new_clause("load").of("load")[-1].id == "LOAD-1"
    assert "LOAD-1" not in to_yaml(draft.without_clause("load", 0), FILE)


def test_a_reason_can_be_given_and_taken_back() -> None:
    draft = valid().with_reason("latency", "")
    spec, problems = errors(draft)
    assert spec is None
    assert [(p.section, p.clause, p.field) for p in problems] == [("latency", -1, "")]
    assert check(draft.with_reason("latency", "a nightly job"), "orders.yaml", FILE)[0] is not None


def test_an_empty_form_says_what_is_open_section_by_section() -> None:
    spec, problems = check(SpecDraft(), "new.yaml")
    assert spec is None
    assert [(p.section, p.field) for p in problems] == [
        ("goal", "title"), ("goal", "id"), ("goal", "goal"), ("paths", "allow"),
        ("load", ""), ("latency", ""), ("failure_modes", ""), ("security", ""),
    ]  # fmt: skip


def test_problems_are_those_of_the_command_line_at_their_fields() -> None:
    draft = valid().with_clause("security", 0, valid().of("security")[0].with_text("verified_by", "pytest"))
    draft = draft.with_clause("load", 0, draft.of("load")[0].with_text("expect", "fast"))
    _, problems = errors(draft)
    assert [(p.section, p.clause, p.field) for p in problems] == [
        ("load", 0, "expect"),
        ("security", 0, "verified_by"),
    ]
    with pytest.raises(SpecError) as told:
        parse_spec(to_yaml(draft, FILE).encode(), "orders.yaml")
    assert problems[0].message in told.value.message


def test_a_table_that_is_no_yaml_is_a_problem_of_its_field() -> None:
    draft = valid().with_clause("load", 0, valid().of("load")[0].with_text("request", "{service: shop"))
    _, (problem,) = errors(draft)
    assert (problem.section, problem.clause, problem.field) == ("load", 0, "request")
    assert "YAML" in problem.message


def test_an_unknown_field_of_the_file_is_told_and_not_dropped() -> None:
    text = f"{FILE}gaol: x\n"
    draft = from_yaml(text, "orders.yaml")
    assert "gaol: x" in to_yaml(draft, text)
    _, (problem,) = errors(draft, text)
    assert "gaol" in problem.message


@pytest.mark.parametrize("text", ["- a\n- b\n", "a: [\n", "load: many\n", "load: [one, two]\n"])
def test_a_file_that_is_no_spec_is_refused_before_anything_could_be_lost(text: str) -> None:
    with pytest.raises(SpecError):
        from_yaml(text, "bad.yaml")


def test_the_bars_count_what_a_machine_shows_and_what_rests_on_a_person() -> None:
    assert valid().rests_on == (2, 1, 2)
    assert SpecDraft().rests_on == (0, 0, 0)


def test_every_example_of_the_form_is_right() -> None:
    draft = SpecDraft(
        texts={f.name: f.example for s in SECTIONS for f in s.fields if f.kind != "choice"} | {"risk": "critical"},
        clauses={
            s.name: (ClauseDraft(id=f"{s.prefix}-1", fields={f.name: f.example for f in s.clause if f.name != "simultaneous"}),)
            for s in SECTIONS
            if s.clause
        },
    )  # fmt: skip
    spec, problems = check(draft, "example.yaml")
    assert problems == ()
    assert spec is not None


_TEXT = (
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40)
    .map(str.strip)
    .filter(bool)
)


@settings(max_examples=30, deadline=None)
@given(title=_TEXT, goal=st.lists(_TEXT, min_size=1, max_size=3), target=_TEXT, threat=_TEXT)
def test_whatever_is_typed_comes_back_from_the_file(
    title: str, goal: list[str], target: str, threat: str
) -> None:
    clause = ClauseDraft(
        id="SEC-1", fields={"threat": threat, "response": target, "verified_by": f"manual: {target}"}
    )
    draft = (
        valid()
        .with_text("title", title)
        .with_text("goal", "\n".join(goal))
        .with_clause("security", 0, clause)
    )
    for before in ("", FILE):
        back = from_yaml(to_yaml(draft, before), "x")
        assert back.text("title") == title
        assert back.text("goal") == "\n".join(goal)
        assert back.of("security")[0].fields == clause.fields
