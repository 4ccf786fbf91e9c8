"""Plain data that knows its lines. Which files are no document is told in tests/adversarial."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spec_strategies import PLAIN, WORDS, as_yaml

from agent_gate.errors import SpecError
from agent_gate.spec.document import MAX_DEPTH, MAX_NAME, MAX_VALUES, Document
from agent_gate.spec.remark import Place, Where

TEXT = """\
# a comment
id: a-change
paths:
  allow: [shop, "web/é"]
  deny:
load:
  - id: LOAD-1
    expect:
    - lost == 0

  - {id: LOAD-2, data: {rows: 5}}
goal: |
  one
  two
"""


def read(text: str) -> Document:
    return Document.read(text.encode(), "s.yaml")


def refusal(text: str) -> SpecError:
    with pytest.raises(SpecError) as caught:
        read(text)
    return caught.value


@pytest.mark.parametrize(
    ("where", "key", "value"),
    [
        (("id",), (2, 1), (2, 5)),
        (("paths",), (3, 1), (4, 3)),
        (("paths", "allow"), (4, 3), (4, 10)),
        (("paths", "allow", 0), (4, 11), (4, 11)),
        (("paths", "allow", 1), (4, 17), (4, 17)),
        (("paths", "deny"), (5, 3), (5, 3)),
        (("load",), (6, 1), (7, 3)),
        (("load", 0), (7, 5), (7, 5)),
        (("load", 0, "expect"), (8, 5), (9, 5)),
        (("load", 0, "expect", 0), (9, 7), (9, 7)),
        (("load", 1, "id"), (11, 6), (11, 10)),
        (("load", 1, "data", "rows"), (11, 25), (11, 31)),
        (("goal",), (12, 1), (12, 7)),
    ],
)
def test_every_key_and_value_has_its_place(
    where: Where, key: tuple[int, int], value: tuple[int, int]
) -> None:
    document = read(TEXT)
    assert document.place(where, key=True) == Place(*key)
    assert document.place(where) == Place(*value)


@pytest.mark.parametrize(
    ("where", "place"),
    [
        (("title",), (2, 1)),
        (("paths", "none"), (4, 3)),
        (("load", 0, "rate"), (7, 5)),
        (("load", 7, "id"), (7, 3)),
    ],
)
def test_what_is_not_there_has_the_place_where_it_would_belong(where: Where, place: tuple[int, int]) -> None:
    assert read(TEXT).place(where) == Place(*place)


@pytest.mark.parametrize("start", ["\ufeff", "%YAML 1.2\n---\n", "---\n"])
def test_what_may_stand_before_it_changes_nothing(start: str) -> None:
    assert read(start + TEXT).value == read(TEXT).value


def test_foreign_line_ends_keep_the_places() -> None:
    assert read(TEXT.replace("\n", "\r\n")).place(("load", 1, "id")) == Place(11, 10)


@pytest.mark.parametrize(
    ("plain", "value"),
    [
        ("true", True), ("False", False), ("~", None), ("Null", None), ("", None), ("5", 5), ("-5", -5), ("+5", 5),
        ("007", 7), ("5.", 5.0), (".5", 0.5), ("1e3", 1000.0), ("1e999", "1e999"), ("9" * 19, "9" * 19), ("yes", "yes"),
        ("off", "off"), ("0x1F", "0x1F"), ("0o17", "0o17"), ("1_000", "1_000"), ("12:30:00", "12:30:00"), (".nan", ".nan"),
        ("2020-01-01", "2020-01-01"), ("1.2.3", "1.2.3"), ("tRUE", "tRUE"),
    ],
)  # fmt: skip
def test_plain_words_are_read_by_the_core_schema(plain: str, value: object) -> None:
    found = read(f"a: {plain}\n").value["a"]
    assert (found, type(found)) == (value, type(value))
    assert read(f"a: '{plain}'\n").value["a"] == plain


def test_the_limits_lie_beyond_every_spec_but_they_hold() -> None:
    assert read("a: " + "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1))
    assert refusal("a: " + "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)).code == "YA02"
    assert read(f"? {'x' * MAX_NAME}\n: 1\n")
    assert refusal(f"? {'x' * (MAX_NAME + 1)}\n: 1\n").code == "YA02"
    assert len(read("a:\n" + "- b\n" * (MAX_VALUES - 3)).value["a"]) == MAX_VALUES - 3
    assert refusal("a:\n" + "- b\n" * (MAX_VALUES - 2)).code == "YA02"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: *b\nc: [*.py]", "'*'"), ("a: &.b", "'&'"), ("a: @b", "'@'"), ("a: [b\nc: d", "close the bracket"),
        ("a: 'b\nc: d", "close the quote"), ("a: b: c", "': '"), ('a: "\\d"', "backslash"), ("a:\n\tb: c", "spaces"), ("a: 1\nb", "colon"),
        ("a: b\0", "UTF-8"), ("a: b\rc: d", "line feed"),
    ],
)  # fmt: skip
def test_what_to_write_is_said_for_the_usual_mistakes(text: str, words: str) -> None:
    assert words in refusal(text).hint or "value out" in refusal(text).hint


@pytest.mark.parametrize("hidden", ["\u2028", "\u2029", "\x85", "\ufeff", "\u202e", "\u2066", "\x1b", "\r"])
def test_a_comment_holds_nothing_that_an_editor_shows_otherwise(hidden: str) -> None:
    error = refusal(f"a: 1\nb: 2 # or{hidden}c: 3\n")
    assert (error.code, error.line, error.column) == ("YA02", 2, 10)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(WORDS, PLAIN, max_size=4))
def test_json_is_read_as_it_is_written(data: dict[str, Any]) -> None:
    assert Document.read(as_yaml(data), "s.yaml").value == _as_read(data)


def _as_read(node: Any) -> Any:
    """Whole numbers of more than 18 digits stay texts; nobody means to count that far."""
    if isinstance(node, dict):
        return {key: _as_read(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_as_read(item) for item in node]
    huge = isinstance(node, int) and not isinstance(node, bool) and abs(node) >= 10**18
    return str(node) if huge else node
