"""A check in Markdown: what stands in it, that nothing of others is markup, and that it fits."""

from __future__ import annotations

import re

from check_reports import blocked_report, report_of, reports
from hypothesis import given, settings
from markdown_it import MarkdownIt
from values import finding, gate, spec

from agent_gate.domain.visible import has_hidden
from agent_gate.report.check_report import CheckReport
from agent_gate.report.markdown import MOST_BYTES, as_markdown

READER = MarkdownIt("gfm-like")


def test_in_full() -> None:
    assert as_markdown(blocked_report()) == (
        "## ✗ Create an order once: blocked\n"
        "\n"
        "`orders-once`, tree `777777777777` on `bbbbbbbbbbbb`\n"
        "\n"
        "| clause | verifier | required | measured | state |\n"
        "| --- | --- | --- | --- | --- |\n"
        "| ✗ ACC-1 stored once | `pytest:tests/test_shop.py::test_once` (model-written) | passes, red on the base | failed: assert 1 == 2 | ✗ violated |\n"
        "|  | `manual` | look at the lock | waits for the approver's sentence | ● awaits a person |\n"
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
        "| ruff | ✗ failed (1 new finding) | 2 |\n"
        "| bandit | ! errored (no report) | 0 |\n"
        "| types | – skipped (not applicable) | 0 |\n"
        "| style | ✗ failed | 1 |\n"
        "| tests | ✗ failed | 0 |\n"
        "\n"
        "- ✗ bandit: errored: no report\n"
        "- ✗ secrets: required, but it did not run\n"
        "- ✗ tests: failed\n"
        "\n"
        "| | gate | rule | place | message |\n"
        "| --- | --- | --- | --- | --- |\n"
        "| ✗ | ruff | `S608` | `shop/a.py:3` | string-built SQL |\n"
        "| ? | ruff | `S307` | `shop/b c.py` | eval |\n"
        "| ? | style | `C1` | `shop/a.py:3` | too long |"
    )


def test_a_check_that_passes() -> None:
    told = as_markdown(report_of(gate("ruff"))).splitlines()
    assert told[0] == "## ✓ agent-gate: passed"
    assert told[-1] == "| ruff | ✓ passed | 0 |"
    nothing = as_markdown(CheckReport("b" * 40, "7" * 40)).splitlines()
    assert nothing[0] == "## ✓ agent-gate: nothing changed: nothing to judge"
    assert len(nothing) == 3


def test_the_twenty_first_finding_is_folded_away() -> None:
    many = [finding(line=number) for number in range(1, 24)]
    told = as_markdown(report_of(gate("bandit", "failed", findings=many)))
    before, _, folded = told.partition("<details><summary>3 findings more</summary>")
    assert before.count("shop/a.py") == 20
    assert folded.count("shop/a.py") == 3
    assert folded.endswith("\n\n</details>")
    page = READER.render(told)
    assert page.count("<tr>") == 20 + 1 + 3 + 1 + 2  # two heads of findings, the table of gates


def test_what_does_not_fit_is_left_out_from_the_end_and_counted() -> None:
    many = [finding(line=number, message="ä" * 200) for number in range(1, 2001)]
    told = as_markdown(report_of(gate("bandit", "failed", findings=many)))
    assert len(told.encode()) <= MOST_BYTES
    kept = told.count("shop/a.py")
    assert kept > 100
    assert told.splitlines()[-1] == f"… and {2000 - kept} lines more: `--format json` has everything"
    assert told.splitlines()[-3] == "</details>"


def test_the_first_findings_have_room_before_a_large_matrix() -> None:
    clauses = [
        {"id": f"ACC-{number}", "statement": "x" * 300, "verified_by": ["manual: look"]}
        for number in range(1, 400)
    ]
    bad = gate("bandit", "failed", findings=[finding()])
    told = as_markdown(report_of(bad, asked=spec(acceptance=clauses)))
    assert len(told.encode()) <= MOST_BYTES
    assert "string-built SQL" in told
    assert "ACC-399 " not in told


def test_nobody_is_told_and_nothing_is_linked() -> None:
    bad = finding(message="@ana see #12, GH-3, https://x.example and www.x.example")
    told = as_markdown(report_of(gate("bandit", findings=[bad])))
    assert (
        "@&#8203;ana see #&#8203;12, GH&#8203;-3, https:&#8203;//x.example and www&#8203;.x.example" in told
    )


@settings(max_examples=60, deadline=None)
@given(reports())
def test_nothing_of_others_is_markup(report: CheckReport) -> None:
    told = as_markdown(report)
    assert not has_hidden(told)
    assert len(told.encode()) <= MOST_BYTES
    page = READER.render(told)
    # Folding is the one thing that is written as HTML, and here is nothing to fold.
    assert set(re.findall(r"<(/?\w+)", page)) <= {
        f"{end}{tag}"
        for end in ("", "/")
        for tag in ("h2", "p", "code", "table", "thead", "tbody", "tr", "th", "td", "ul", "li")
    }
    shown = sum(len(gate.at("block", "ask")) for gate in report.gates)
    assert sum(row.startswith(("| ✗ |", "| ? |")) for row in told.splitlines()) == shown
