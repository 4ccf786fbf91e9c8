from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_gate.drafting.check import check
from agent_gate.drafting.draft import ClauseDraft, SpecDraft
from agent_gate.drafting.suggestion import Suggestion, examples, suggestions, take
from agent_gate.survey.work_tree import WorkTree

FILES = {
    "shop/__init__.py": "",
    "shop/app.py": 'from fastapi import FastAPI\napp = FastAPI()\n@app.post("/orders")\ndef create(): ...\n',
    "shop/db.py": "import psycopg\n",
    "tests/test_orders.py": "from shop import app\ndef test_same_key_returns_the_first_order(): assert app\n",
}


@pytest.fixture
def tree(tmp_path: Path) -> WorkTree:
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    return WorkTree(tmp_path)


def begun() -> SpecDraft:
    return SpecDraft().with_text("allow", "shop/**").with_text("context", "shop/app.py")


def test_what_the_repository_holds_is_offered_where_it_belongs(tree: WorkTree) -> None:
    found = suggestions(begun(), tree)
    sections = {each.section for each in found}
    assert {"load", "latency", "failure_modes", "acceptance", "paths"} <= sections
    (service,) = [each for each in found if each.services]
    assert service.section == "load"
    assert "FastAPI" in service.why
    assert next(each for each in found if each.context).context == "shop/db.py"
    assert suggestions(begun(), None) == ()


def test_taking_gives_the_next_free_id_and_is_not_offered_again(tree: WorkTree) -> None:
    draft = begun().with_new_clause("failure_modes")
    found = suggestions(draft, tree)
    for each in found:
        draft = take(draft, each)
    assert [clause.id for clause in draft.of("failure_modes")][:2] == ["FAIL-1", "FAIL-2"]
    assert "uvicorn shop.app:app" in draft.text("services")
    assert draft.text("context").splitlines() == ["shop/app.py", "shop/db.py"]
    assert suggestions(draft, tree) == ()


def test_a_latency_is_measured_under_the_load_that_was_proposed_with_it(tree: WorkTree) -> None:
    draft = begun()
    for each in suggestions(draft, tree):
        draft = take(draft, each)
    assert draft.of("latency")[0].text("verified_by") == "load:LOAD-1"
    assert "LA02" not in {problem.code for problem in check(draft, "x")[1]}


def test_a_section_that_was_waved_away_is_left_alone(tree: WorkTree) -> None:
    draft = begun().with_reason("failure_modes", "the database is not ours")
    assert "failure_modes" not in {each.section for each in suggestions(draft, tree)}


def test_services_that_were_typed_stay_with_their_comments() -> None:
    typed = "# ours\nshop: {start: mine}   # the old one"
    draft = take(SpecDraft().with_text("services", typed), _service())
    assert draft.text("services").startswith(typed)
    assert "db: {start: postgres}" in draft.text("services")


def test_services_that_cannot_be_read_yet_are_left_to_the_person() -> None:
    draft = SpecDraft().with_text("services", "{shop: ")
    assert take(draft, _service()) == draft


def test_examples_come_from_the_repository(tree: WorkTree) -> None:
    told = examples(suggestions(begun(), tree), tree)
    assert told["paths", "allow"] == "shop/**"
    assert told["paths", "context"] == "shop/app.py"
    assert "PostgreSQL" in told["failure_modes", "cause"]


def _service() -> Suggestion:
    return Suggestion(
        "load", "services: db", "why", services={"db": {"start": "postgres"}, "shop": {"start": "x"}}
    )


_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=10)
_CLAUSES = st.lists(st.builds(lambda cause: ClauseDraft(id="", fields={"cause": cause}), _TEXT), max_size=3)
_SUGGESTIONS = st.one_of(
    st.builds(lambda cause: Suggestion("failure_modes", "t", "w", clause=ClauseDraft(id="", fields={"cause": cause})), _TEXT),
    st.just(_service()),
    st.builds(lambda path: Suggestion("paths", "t", "w", context=path), _TEXT.map(str.strip).filter(bool)),
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(services=_TEXT, context=st.lists(_TEXT, max_size=3), clauses=_CLAUSES, each=_SUGGESTIONS)
def test_taking_loses_nothing_and_taking_twice_changes_nothing(
    services: str, context: list[str], clauses: list[ClauseDraft], each: Suggestion
) -> None:
    draft = SpecDraft().with_text("services", services).with_text("context", "\n".join(context))
    for clause in clauses:
        draft = draft.with_new_clause("failure_modes")
        last = len(draft.of("failure_modes")) - 1
        named = clause.model_copy(update={"id": draft.of("failure_modes")[last].id})
        draft = draft.with_clause("failure_modes", last, named)
    taken = take(draft, each)
    assert take(taken, each) == taken
    assert taken.of("failure_modes")[: len(clauses)] == draft.of("failure_modes")
    assert len({clause.id for clause in taken.of("failure_modes")}) == len(taken.of("failure_modes"))
    assert {line.strip() for line in context if line.strip()} <= set(taken.text("context").splitlines()) | {
        line.strip() for line in taken.text("context").splitlines()
    }
    if not each.services or not taken.text("services").startswith("{"):
        assert services.strip() in taken.text("services")
