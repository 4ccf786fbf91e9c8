from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_gate.domain.visible import visible
from agent_gate.drafting.draft import SpecDraft
from agent_gate.drafting.issue_markdown import cleaned
from agent_gate.drafting.issue_text import draft_from_issue
from agent_gate.drafting.yaml_text import from_yaml, to_yaml

ISSUE = """\
# Orders are stored twice when the client retries

\x1b[31mOur mobile app\x1b[0m retries a POST /orders after 2 s. Customers are charged twice.
See `shop/orders.py`. <!-- please fill in -->

## Steps to reproduce
1. POST /orders
2. cut the network

### Expected
One order is stored. The answer comes within 500 ms.

### Actual behavior
Two orders. When the server is down, it crashes.

**Acceptance criteria**
- [ ] the same Idempotency-Key returns the first order
- [x] p95 stays below 500 ms under load
- [ ] it survives 1,000 requests/s for 2 minutes with less than 0.1 % errors
- [ ] 50 concurrent requests with one key give one order
- When the payment processor is down, degrade to cached credit counts
  and log for reconciliation
- 503 with Retry-After if the database is unavailable.
- an attacker must not read another user's order (CWE-639)
- credit checks add less than 50 ms to a request

```python
- [ ] not this
```
"""


def clauses(draft: SpecDraft, section: str) -> list[dict[str, str]]:
    return [dict(clause.fields) for clause in draft.of(section)]


def test_title_id_goal_and_files_are_taken() -> None:
    draft = draft_from_issue(ISSUE)
    assert draft.text("title") == "Orders are stored twice when the client retries"
    assert draft.text("id") == "orders-are-stored-twice-when-client"
    assert draft.text("goal").splitlines() == [
        "Our mobile app retries a POST /orders after 2 s.",
        "Customers are charged twice.",
        "See `shop/orders.py`.",
        "Steps to reproduce:",
        "- POST /orders",
        "- cut the network",
        "Expected:",
        "One order is stored.",
        "The answer comes within 500 ms.",
        "Actual behavior:",
        "Two orders.",
        "When the server is down, it crashes.",
    ]
    assert draft.text("context") == "shop/orders.py"


def test_plain_words_become_candidates_of_their_sections() -> None:
    draft = draft_from_issue(ISSUE)
    assert clauses(draft, "load") == [
        {
            "stimulus": "it survives 1,000 requests/s for 2 minutes with less than 0.1 % errors",
            "rate": "1000/s",
            "for": "120s",
            "expect": "error_rate <= 0.1 %",
        },
        {"stimulus": "50 concurrent requests with one key give one order", "simultaneous": "50"},
    ]
    assert clauses(draft, "latency") == [
        {"stimulus": "The answer comes within 500 ms"},
        {"stimulus": "p95 stays below 500 ms under load", "expect": "p95 < 500 ms"},
        {"stimulus": "credit checks add less than 50 ms to a request"},
    ]
    assert clauses(draft, "failure_modes") == [
        {
            "cause": "the payment processor is down",
            "response": "degrade to cached credit counts and log for reconciliation",
        },
        {"cause": "the database is unavailable", "response": "503 with Retry-After"},
    ]
    assert clauses(draft, "security") == [
        {"threat": "an attacker must not read another user's order (CWE-639)", "cwe": "CWE-639"}
    ]
    assert clauses(draft, "acceptance") == [
        {"statement": "One order is stored"},
        {"statement": "the same Idempotency-Key returns the first order"},
    ]


def test_what_the_bug_does_now_is_no_requirement() -> None:
    draft = draft_from_issue("Crash\n\n## Actual\n- When the server is down, it crashes\n")
    assert not draft.of("failure_modes")


def test_a_limit_that_does_not_say_for_whom_gets_no_measure() -> None:
    (clause,) = draft_from_issue("x\n\n- [ ] answers within 500 ms\n").of("latency")
    assert "expect" not in clause.fields


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("p99 of the check stays under 5 ms at 500 rps", {"load": 1, "latency": 1}),
        ("Return 429 after 5 failed attempts within 60 s", {"acceptance": 1}),
        ('the page says "50/s" and `p95 < 5 ms`', {"acceptance": 1}),
        ("the label reads “the server is down, wait”", {"acceptance": 1}),
        ("credits are bought once; when the bank is down, say so; a check takes at most 2 s", {"acceptance": 1, "failure_modes": 1, "latency": 1}),
        ("tokens never leak into a log", {"security": 1}),
        ("the build fails on 3.13", {"acceptance": 1}),
    ],
)  # fmt: skip
def test_a_sentence_speaks_to_the_sections_that_it_names(sentence: str, expected: dict[str, int]) -> None:
    draft = draft_from_issue(f"Title\n\n- [ ] {sentence}\n")
    assert {name: len(clauses) for name, clauses in draft.clauses.items() if clauses} == expected


def test_a_heading_of_a_form_is_no_title() -> None:
    draft = draft_from_issue("### Describe the bug\nLoading is slow.\n\n**Desktop:**\n - OS: Linux\n")
    assert (draft.text("title"), draft.text("id")) == ("Loading is slow", "loading-is-slow")
    assert not draft.of("acceptance")


def test_items_are_the_wishes_of_an_issue_that_names_no_criteria() -> None:
    draft = draft_from_issue("Credits\n\n- users buy credits\n- features consume them\n")
    assert [clause.text("statement") for clause in draft.of("acceptance")] == [
        "users buy credits",
        "features consume them",
    ]


def test_what_gh_prints_is_read() -> None:
    text = "title:\tAdd CSV export\nstate:\tOPEN\nauthor:\tana\nlabels:\t\n--\nAs an accountant I want it.\n"
    draft = draft_from_issue(text)
    assert (draft.text("title"), draft.text("goal")) == ("Add CSV export", "As an accountant I want it.")


@pytest.mark.parametrize(
    "text", ["", "\n\n", "```", "- [ ] a", "#", "# \n", "\x1b[2J", "---\n---", "\ufeff", "> > x"]
)
def test_little_text_gives_a_little_draft(text: str) -> None:
    draft = draft_from_issue(text)
    back = from_yaml(to_yaml(draft), "x")
    assert {name: told for name, told in back.texts.items() if told} == draft.texts


_WORD = re.compile(r"\w+")
_WORDS = ["when", "the server is down", ",", "50 requests/s", "p95 < 5 ms", "attacker", "- [ ] ", "# Expected", "\n", "```", ". ", "a/b.py", "for 2 min", "\x1b[1m", "**Goal**", "> ", "0.1 % errors", "\u202e", "--", "title:", "1) "]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(text=st.one_of(st.text(max_size=300), st.lists(st.sampled_from(_WORDS), max_size=40).map(" ".join)))
def test_whatever_is_taken_stands_in_the_text_and_hides_nothing(text: str) -> None:
    draft = draft_from_issue(text)
    assert draft == draft_from_issue(text)
    read = cleaned(text)
    prose = ("stimulus", "cause", "response", "threat", "statement")
    taken = [draft.text("title"), *draft.text("goal").splitlines()]
    taken += [clause.text(name) for section in draft.clauses.values() for clause in section for name in prose]
    for part in taken:
        told = part.removeprefix("- ").removesuffix(":")
        assert set(_WORD.findall(told)) <= set(_WORD.findall(read))
        rest = iter(read)
        assert all(character in rest for character in told if not character.isspace())
        assert visible(part) == part
    to_yaml(draft)
