from __future__ import annotations

from pathlib import Path

import pytest

from agent_gate.drafting.check import check
from agent_gate.drafting.draft import ClauseDraft, Problem, SpecDraft
from agent_gate.drafting.preset import fill, preset, slots
from agent_gate.drafting.question import BY_NAME
from agent_gate.spec.codes import CODES
from agent_gate.spec.surroundings import Surroundings
from agent_gate.survey.work_tree import WorkTree


def draft(**texts: str) -> SpecDraft:
    found = preset("crud-endpoint")
    for slot in slots(found):
        found = fill(found, slot.name, slot.example)
    return found.model_copy(update={"texts": {**found.texts, "id": "orders", **texts}})


def told(problems: tuple[Problem, ...]) -> list[tuple[str, int, str, str]]:
    return [(p.section, p.clause, p.field, p.code) for p in problems]


def changed(section: str, index: int, **fields: str) -> SpecDraft:
    whole = draft()
    clause = whole.of(section)[index]
    for name, text in fields.items():
        clause = clause.with_text(name, text)
    return whole.with_clause(section, index, clause)


def test_all_errors_and_questions_are_told_at_once_in_the_order_of_the_form() -> None:
    whole = changed("failure_modes", 1, detection="", recovery="", verified_by="pytest").with_text(
        "allow", ""
    )
    whole = whole.with_clause("load", 0, whole.of("load")[0].with_text("expect", "fast").with_text("for", ""))
    spec, problems = check(whole, "x")
    assert spec is None
    assert told(problems) == [
        ("paths", -1, "allow", "SP02"),
        ("load", 0, "for", "LO01"),
        ("load", 0, "expect", "ME02"),
        ("failure_modes", 1, "detection", "FM03"),
        ("failure_modes", 1, "recovery", "FM04"),
        ("failure_modes", 1, "verified_by", "VE02"),
    ]
    assert [p.level for p in problems] == ["error", "question", "error", "question", "question", "error"]
    assert all(problem.level == CODES[problem.code].level for problem in problems)


def test_a_spec_with_questions_is_a_spec() -> None:
    spec, problems = check(changed("failure_modes", 1, detection=""), "x")
    assert spec is not None
    assert [(p.code, p.key) for p in problems] == [("FM03", "FM03:FAIL-2")]


def test_the_key_of_a_question_silences_it() -> None:
    whole = changed("failure_modes", 1, detection="")
    (problem,) = check(whole, "x")[1]
    assert check(whole.with_reason(problem.key, "the caller sees it"), "x")[1] == ()


def test_a_silencing_that_is_not_used_is_told_at_its_clause() -> None:
    _, problems = check(draft().with_reason("FM03:FAIL-2", "the caller sees it"), "x")
    assert told(problems) == [("failure_modes", 1, "not_applicable", "NA02")]
    _, problems = check(draft().with_reason("RI01", "it is small"), "x")
    assert told(problems) == [("goal", -1, "not_applicable", "NA02")]


@pytest.mark.parametrize(
    ("text", "word"), [("{service: app", "expected"), ("{a: *b}", "alias"), ("!x {a: b}", "tags")]
)
def test_a_table_that_cannot_be_read_says_why_and_hides_no_other_problem(text: str, word: str) -> None:
    whole = changed("load", 0, request=text, expect="")
    _, problems = check(whole, "x")
    by_field = {problem.field: problem for problem in problems if problem.section == "load"}
    assert word in by_field["request"].message
    assert by_field["expect"].code == "ME01"


def test_a_question_that_another_section_answers_stands_there(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "db.py").write_text("import redis\n")
    whole = draft(context="shop/db.py").with_section("acceptance", ())
    _, problems = check(whole, "x", "", Surroundings(WorkTree(tmp_path)))
    assert ("failure_modes", -1, "", "FM01") in told(problems)
    assert ("acceptance", -1, "", "AC01") in told(problems)
    assert ("failure_modes", -1, "", "FM01") not in told(check(whole, "x")[1])


def test_each_problem_has_a_place_that_the_form_can_show() -> None:
    broken = SpecDraft(
        texts={"title": "a\nb", "id": "No Id", "risk": "huge", "allow": "/x\n../y", "services": "[1]", "context": "/"},
        clauses={
            name: (ClauseDraft(id="x"), ClauseDraft(id="x", fields={"expect": "p95", "verified_by": "pytest"}))
            for name in BY_NAME
            if BY_NAME[name].clause
        },
        not_applicable={"load": "no", "what": "why", "FM04:FAIL-9": "n/a"},
    )  # fmt: skip
    _, problems = check(broken, "x")
    assert len(problems) > 30
    for problem in problems:
        section = BY_NAME[problem.section]
        known = {"", "id", "not_applicable", *(f.name for f in (*section.fields, *section.clause))}
        assert problem.field in known
        assert problem.clause < len(broken.of(problem.section))


def test_a_field_of_the_file_that_the_form_does_not_have_is_named() -> None:
    before = "schema: agent-gate/spec/v1\ngaol: x\n"
    _, problems = check(draft(), "x", before)
    (problem,) = problems
    assert (problem.section, problem.field, problem.code) == ("goal", "", "SP01")
    assert "gaol" in problem.message


def test_the_bars_are_full_only_where_every_clause_is_counted() -> None:
    rests = draft().rests_on
    assert (rests.machine, rests.person, rests.clauses) == (13, 2, 15)
    assert rests.bars(10) == (8, 1)
    assert SpecDraft().rests_on.bars(10) == (0, 0)
    both = changed("load", 0, verified_by="load\nmanual: look at the graph").rests_on
    assert (both.machine, both.person) == (13, 3)
    neither = changed("load", 0, verified_by="pytest\nnonsense")
    assert neither.rests_on.machine == 12
    assert neither.unverified == ("LOAD-1",)
