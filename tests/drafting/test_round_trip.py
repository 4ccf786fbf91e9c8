from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_gate.drafting.draft import ClauseDraft, SpecDraft
from agent_gate.drafting.preset import PRESETS, preset
from agent_gate.drafting.question import SECTIONS, Field
from agent_gate.drafting.yaml_text import TEXTS, from_yaml, to_yaml

FILE = """\
# the top
schema: agent-gate/spec/v1
id: orders-once                # the id
title: Create an order         # the title
# above risk
risk: standard
goal: |
  # a heading, no comment
  POST /orders stores it

# above paths
paths:
  # inside paths
  allow: ["shop/**", "tests/**"]  # beside allow
  deny:   # beside deny
    - a/**   # first denied
    - b/**   # second denied
# above load
load:
  # above the first load
  - id: LOAD-1   # first load
    stimulus: fifty
    # above request
    request: {service: shop, path: /orders}  # beside request
    expect: ["error_rate <= 0.1 %"]   # beside expect
    verified_by:
      - load    # measured
      - "manual: look"   # looked at
  # above the second load
  - id: LOAD-2   # second load
    stimulus: more
    expect: ["error_rate <= 0.1 %"]
    verified_by: [load]
# above security
security:
  - id: SEC-1
    threat: SQL   # beside threat
    response: only
    verified_by: ["bandit:B608"]
# above not applicable
not_applicable:
  latency: nobody waits   # beside latency
  # above failure modes
  failure_modes: it depends on nothing   # beside failure modes
# the end
"""
COMMENTS = [line for line in re.findall(r"# [a-z].*", FILE) if "no comment" not in line]


def lost(draft: SpecDraft) -> set[str]:
    written = to_yaml(draft, FILE)
    assert from_yaml(written, "x") == _normal(draft)
    return {comment for comment in COMMENTS if comment not in written}


def _normal(draft: SpecDraft) -> SpecDraft:
    """As a file gives it back: empty fields are not there."""
    fresh = from_yaml(to_yaml(draft), "x")
    return fresh.model_copy(update={"preset": ""})


def loaded() -> SpecDraft:
    return from_yaml(FILE, "x")


def load(**fields: str) -> SpecDraft:
    clause = loaded().of("load")[0]
    for name, text in fields.items():
        clause = clause.with_text(name, text)
    return loaded().with_clause("load", 0, clause)


def test_nothing_changes_where_nothing_was_changed() -> None:
    assert to_yaml(loaded(), FILE) == FILE


@pytest.mark.parametrize("name", [each.name for each in PRESETS])
def test_any_preset_comes_back_as_it_was(name: str) -> None:
    draft = preset(name)
    text = to_yaml(draft)
    back = from_yaml(text, "x")
    assert back.clauses == draft.clauses
    assert back.not_applicable == draft.not_applicable
    assert {n: t for n, t in back.texts.items() if t} == {n: t for n, t in draft.texts.items() if t}
    assert to_yaml(back, text) == text


@pytest.mark.parametrize(
    "draft",
    [
        load(stimulus="another"), load(request="{service: shop, path: /x}"), load(expect="p95 <= 1 s\nmax <= 2 s"),
        load(rate="50/s"), load(data="{rows: 3}"), load(id="LOAD-9"), load(**{"for": "20s"}),
        loaded().with_text("title", "x"), loaded().with_text("goal", "POST /orders stores it"),
        loaded().with_text("allow", "x/**"), loaded().with_text("context", "a.py"),
        loaded().with_text("services", "shop: {start: x}"), loaded().with_text("risk", "critical"),
        loaded().with_reason("failure_modes", "nothing is asked"), loaded().with_reason("FM04:FAIL-2", "it ends"),
        loaded().with_new_clause("load"), loaded().with_new_clause("acceptance"),
    ],
)  # fmt: skip
def test_an_edit_of_one_field_loses_no_comment(draft: SpecDraft) -> None:
    assert lost(draft) == set()


@pytest.mark.parametrize(
    ("draft", "gone"),
    [
        (load(verified_by="load"), {"# looked at"}),
        (load(verified_by="manual: look"), {"# measured"}),
        (loaded().with_text("deny", "b/**"), {"# first denied"}),
        (loaded().with_text("deny", ""), {"# beside deny", "# first denied", "# second denied"}),
        (loaded().without_clause("load", 1), {"# second load"}),
        (loaded().without_clause("security", 0), {"# beside threat"}),
    ],
)
def test_what_is_removed_takes_only_its_own_comments_along(draft: SpecDraft, gone: set[str]) -> None:
    assert lost(draft) == gone


def test_a_new_field_stands_where_a_reader_looks_for_it() -> None:
    plain = "schema: agent-gate/spec/v1\nid: a\ntitle: A\ngoal: x\npaths: {allow: [a]}\nacceptance: []\n"
    text = to_yaml(from_yaml(plain, "x").with_text("context", "a.py").with_new_clause("load"), plain)
    names = [line.partition(":")[0] for line in text.splitlines() if not line.startswith((" ", "-"))]
    assert names == ["schema", "id", "title", "risk", "goal", "paths", "context", "load", "acceptance"]


def test_a_line_of_the_goal_that_looks_like_a_comment_is_none() -> None:
    text = to_yaml(loaded().with_text("goal", "POST /orders stores it\nonce"), FILE)
    assert "no comment" not in text


def _words(field: Field) -> st.SearchStrategy[str]:
    line = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20).map(str.strip)
    word = line.filter(bool)
    return st.lists(word, min_size=1, max_size=3).map("\n".join) if field.kind == "list" else word


@st.composite
def edits(draw: st.DrawFn) -> SpecDraft:
    """Any preset, or the file, with one field changed to anything."""
    draft = draw(st.sampled_from([loaded(), *(preset(each.name) for each in PRESETS)]))
    places = [
        (section, index, field)
        for section in SECTIONS
        for index in range(len(draft.of(section.name)))
        for field in section.clause
    ]
    own = [field for field in TEXTS.values() if field.name != "risk"]
    chosen = draw(st.integers(0, len(own) + len(places) - 1))
    if chosen < len(own):
        return draft.with_text(own[chosen].name, draw(_words(own[chosen])))
    section, index, field = places[chosen - len(own)]
    clause = draft.of(section.name)[index].with_text(field.name, draw(_words(field)))
    return draft.with_clause(section.name, index, clause)


@settings(max_examples=60, deadline=None)
@given(draft=edits())
def test_whatever_is_typed_into_any_field_comes_back(draft: SpecDraft) -> None:
    for before in ("", FILE):
        back = from_yaml(to_yaml(draft, before), "x")
        assert _flat(back) == _flat(draft)


def _flat(draft: SpecDraft) -> list[str]:
    """All that was typed, up to spaces; a table is compared by its letters and digits."""
    found = [f"{name}={' '.join(text.split())}" for name, text in draft.texts.items() if text.strip()]
    for section, clauses in draft.clauses.items():
        for clause in clauses:
            found += [f"{section}.{clause.id}.{name}={_told(text)}" for name, text in clause.fields.items()]
    return sorted(found)


def _told(text: str) -> str:
    return " ".join(text.split())


def test_a_table_that_is_none_yet_is_kept_as_it_was_typed() -> None:
    for typed in (
        "{service: shop",
        "!!python/object:os {a: b}",
        "&a {b: *a}",
        "{a: 2001-99-99}",
        "\\x00 %",
    ):
        clause = ClauseDraft(id="LOAD-1", fields={"request": typed})
        draft = SpecDraft().with_section("load", (clause,))
        assert from_yaml(to_yaml(draft), "x").of("load")[0].text("request") == typed
