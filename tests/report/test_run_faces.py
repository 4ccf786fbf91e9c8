"""`show` in its formats: the same matrix in each, and nothing of others that is obeyed."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest
from check_reports import HOSTILE
from hypothesis import given, settings
from hypothesis import strategies as st
from values import (
    ANA,
    TEST_ID,
    case,
    checks,
    decision,
    finding,
    from_load,
    from_tests,
    gate,
    measured,
    only,
    parked,
    spec,
    spec_data,
    started,
    to_candidate,
)  # fmt: skip

from agent_gate.cli.lines import clause_lines
from agent_gate.domain.matrix import matrix
from agent_gate.domain.spec import Spec
from agent_gate.report.check_report import CheckReport
from agent_gate.report.html_page import html_report
from agent_gate.report.markdown import as_markdown
from agent_gate.run.state import RunState, apply, fold

DIFF = """\
diff --git a/shop/a.py b/shop/a.py
index 1..2 100644
--- a/shop/a.py
+++ b/shop/a.py
@@ -1,2 +1,2 @@
-    old = "<b>"
+    new = 1 & 2
     same
"""
NO_CONTENT = {"meta", "br", "wbr", "link", "img", "hr", "input"}


class Page(HTMLParser):
    """A page as a browser reads it: balanced elements, their attributes, and the text in each."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in NO_CONTENT:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return "".join(self.texts)


def markdown_of(state: RunState) -> str:
    return as_markdown(CheckReport.of_run(state))


def checked(asked: Spec, *results: Any) -> RunState:
    history = to_candidate(spec=asked)
    return fold((*history, *checks(fold(history), *results)))


@pytest.fixture
def state() -> RunState:
    """A blocked run: one number violates, one holds, a rule asks, a test passed, a person is awaited."""
    asked = Spec.model_validate(
        spec_data(
            latency=[
                {"id": "LAT-1", "stimulus": "an order under LOAD-1", "expect": ["p95 <= 50 ms", "p95 <= base + 10 %"],
                 "verified_by": ["load:LOAD-1"]},
            ],
            approach=[{"id": "DEC-1", "statement": "a lock", "verified_by": ["manual: the lock is taken first"]}],
            not_applicable=dict.fromkeys(("load", "failure_modes", "security"), "nothing of that kind"),
        )
    )  # fmt: skip
    question = finding(level="ask", message="a new suppression")
    bandit = gate("bandit", tool_version="1.9.4", findings=[question])
    return checked(
        asked, bandit, from_tests(case(), sandbox="bubblewrap"), from_load(measured("54.5", base="50"))
    )


def test_every_face_shows_the_same_rows(state: RunState) -> None:
    lines = "\n".join(line for clause in matrix(state.clauses) for line in clause_lines(clause))
    markdown = re.sub(r"\\(.)", r"\1", markdown_of(state)).replace("&lt;", "<").replace("&gt;", ">")
    page = Page(html_report(state, DIFF)).text
    for clause in matrix(state.clauses):
        for text in (clause.clause, clause.sentence):
            assert all(text in face for face in (lines, markdown, page))
        for row in clause.rows:
            assert f"{row.verifier}  {row.required}: {row.measured}" in re.sub(r"\x1b\[\d*m", "", lines)
            cells = f"{row.required} | {row.measured} | {row.sign} {row.state} |"
            assert re.search(rf"\| `{re.escape(row.verifier)}`[^|]*\| {re.escape(cells)}", markdown)
            note = " model-written" if row.model_written else ""
            assert f"{row.verifier}{note}{row.required}{row.measured}{row.sign} {row.state}" in page


def test_markdown_in_full() -> None:
    asked = spec("load:LOAD-1", "manual: a | b, `c` <d>", expect=("p95 <= 50 ms", "lost == 0"))
    assert markdown_of(checked(asked, from_load(measured()))) == (
        "## Create an order once\n"
        "\n"
        "`orders-once`, run `01JABCDEF0123456789ABCDEFG`, checked: blocked\n"
        "\n"
        "| clause | verifier | required | measured | state |\n"
        "| --- | --- | --- | --- | --- |\n"
        "| ○ ACC-1 stored once | `load:LOAD-1` | p95 &lt;= 50 ms | 31 ms | ✓ verified |\n"
        "|  | `load:LOAD-1` | lost == 0 | lost was not measured | ○ unverified |\n"
        "|  | `manual` | a \\| b, \\`c\\` &lt;d&gt; | waits for the approver's sentence | ● awaits a person |\n"
        "\n"
        "| not applicable | because |\n"
        "| --- | --- |\n"
        "| load | nothing of that kind is touched |\n"
        "| latency | nothing of that kind is touched |\n"
        "| failure modes | nothing of that kind is touched |\n"
        "| security | nothing of that kind is touched |\n"
        "\n"
        "| gate | status | findings |\n"
        "| --- | --- | --- |\n"
        "| load | ✓ passed | 0 |\n"
        "\n"
        "- ✗ tests: required, but it did not run"
    )


def test_the_name_of_a_verifier_stays_one_cell_of_code() -> None:
    asked = spec("pytest:tests/a.py::test_b[x|y]", "pytest:tests/a.py::test_b[`|]")
    table = [line.split(" | passes | ")[0] for line in markdown_of(checked(asked)).splitlines()]
    assert "| ○ ACC-1 stored once | `pytest:tests/a.py::test_b[x\\|y]`" in table
    assert "|  | pytest:tests/a.py::test\\_b\\[\\`\\|\\]" in table


def test_a_run_without_a_verdict_has_a_title_only() -> None:
    assert markdown_of(fold((started(),))).splitlines()[2] == (
        "`orders-once`, run `01JABCDEF0123456789ABCDEFG`, drafted"
    )


class TestPage:
    def test_it_says_what_blocks_what_asks_and_what_the_gates_saw(self, state: RunState) -> None:
        text = Page(html_report(state, DIFF)).text
        assert "LAT-1 violated: load:LOAD-1: p95 was 54.5 ms in 1000 samples, not <= 50 ms" in text
        assert "? bandit shop/a.py:3: B608: a new suppression" in text
        assert "✓ 1 verified ✗ 1 violated ● 1 awaits a person" in text
        assert "bandit✓ passed1.9.40.0 s" in text
        assert "tests✓ passedbubblewrap0.0 s" in text

    def test_a_finding_of_an_advisory_gate_asks(self) -> None:
        advised = to_candidate(policy=only("tests", advisory=("bandit",)))
        bandit = gate("bandit", "failed", findings=[finding()])
        judged = fold((*advised, *checks(fold(advised), bandit, from_tests(case()))))
        assert "? shop/a.py:3 B608: string-built SQL" in Page(html_report(judged, "")).text

    def test_a_clause_stands_with_its_scenario(self, state: RunState) -> None:
        text = Page(html_report(state, DIFF)).text
        assert "environmentunder LOAD-1responseit is answeredmeasurep95 <= 50 ms" in text
        assert "responsestored once" not in text  # it would only repeat the sentence

    def test_the_diff_is_told_line_by_line(self, state: RunState) -> None:
        page = html_report(state, DIFF)
        assert '<span class="removed">-    old = &quot;&lt;b&gt;&quot;</span>' in page
        assert '<span class="added">+    new = 1 &amp; 2</span>' in page
        assert "Diff" not in Page(html_report(state, "")).text

    def test_decisions_are_told_with_what_was_said_and_whether_they_count(self) -> None:
        asked = spec("manual: look")
        waiting = fold(parked(spec=asked))
        assert waiting.binding is not None
        other = waiting.binding.model_copy(update={"tree": "0" * 40})
        void = apply(waiting, decision(waiting, answers={"ACC-1": "seen"}, binding=other))
        text = Page(html_report(void, "")).text
        assert "counts for nothing" in text
        assert "waits for the approver's sentence" in text
        valid = apply(void, decision(void, answers={"ACC-1": "seen"}))
        text = Page(html_report(valid, "")).text
        assert f"look: seen (the word of {ANA})".replace(": ", "") in text
        assert (
            f"approvedby{ANA}when2026-01-02 03:04 UTCmeanscommandsigned bynobodyreasonread iton ACC-1seen"
            in text
        )
        assert valid.binding is not None
        assert valid.binding.verdict_digest in text

    def test_a_run_that_is_not_judged_yet_shows_its_clauses_as_open(self) -> None:
        text = Page(html_report(fold((started(),)), "")).text
        assert "Not applicable" in text
        assert "nothing of that kind is touched" in text
        assert "○ 1 unverified" in text
        assert "no gate that could show it has run" in text

    def test_nothing_is_fetched_and_nothing_runs(self, state: RunState) -> None:
        page = Page(html_report(state, DIFF))
        names = {tag for tag, _ in page.tags}
        assert not names & {"script", "link", "img", "iframe", "object", "form", "a", "base", "svg"}
        attributes = {name for _, found in page.tags for name in found}
        assert attributes <= {"lang", "charset", "name", "content", "http-equiv", "class", "colspan"}
        policy = next(a["content"] for _, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
        assert policy == "default-src 'none'; style-src 'unsafe-inline'"
        assert "url(" not in html_report(state, DIFF)


@settings(max_examples=100, deadline=None)
@given(texts=st.lists(HOSTILE, min_size=5, max_size=5))
def test_no_text_of_others_is_obeyed(texts: list[str]) -> None:
    statement, goal, message, reason, line = texts
    try:
        asked = spec(
            goal=goal,
            acceptance=[{"id": "ACC-1", "statement": statement, "verified_by": [f"pytest:{TEST_ID}", f"manual: {statement}"]}],
        )  # fmt: skip
        bandit = gate("bandit", "failed", reason=reason, findings=[finding(message=message, path=line)])
    except ValueError:
        return  # a spec that is refused is not shown
    state = checked(asked, bandit, from_tests(case(outcome="failed", message=message)))
    plain = spec("manual: look", f"pytest:{TEST_ID}")
    usual = Page(html_report(checked(plain, bandit, from_tests(case(outcome="failed"))), DIFF))
    page = Page(html_report(state, f"{DIFF}+{line}\n"))
    kinds = {tag for tag, _ in usual.tags}
    assert {tag for tag, _ in page.tags} <= kinds | {"wbr"}
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202e]", page.text)
    table = [text for text in markdown_of(state).splitlines() if text.startswith("|")]
    assert len(table) == len([text for text in markdown_of(state).splitlines() if "|" in text])
    for before, after in pairwise(table[2:4]):
        assert len(re.findall(r"(?<!\\)\|", before)) == len(re.findall(r"(?<!\\)\|", after)) == 6
