from __future__ import annotations

from agent_gate.domain.gate import Finding
from agent_gate.domain.verdict import Reason
from agent_gate.prompting.findings_text import MAX_FINDINGS, render_findings


def finding(**fields: object) -> Finding:
    return Finding.model_validate(
        {"gate": "bandit", "rule": "B608", "path": "shop/a.py", "message": "SQL", **fields}
    )


def test_finding_has_gate_rule_place_effect_and_lines() -> None:
    text = render_findings([finding(line=7, excerpt="7: x = f'{y}'")])
    assert "1. [bandit B608] shop/a.py:7 (blocks): SQL\n   | 7: x = f'{y}'\n" in text


def test_what_blocks_comes_first_and_old_findings_not_at_all() -> None:
    text = render_findings(
        [finding(level="ask", rule="Q"), finding(rule="OLD", introduced=False), finding(rule="B")]
    )
    assert text.index("[bandit B]") < text.index("[bandit Q]")
    assert "(a question to the reviewer)" in text
    assert "OLD" not in text


def test_thirty_are_shown_and_the_rest_is_counted() -> None:
    text = render_findings([finding(rule=f"R{n}") for n in range(MAX_FINDINGS + 12)])
    assert "30. [bandit R29]" in text
    assert "R30" not in text
    assert "And 12 more like these." in text


def test_long_texts_keep_their_beginning_and_their_end() -> None:
    lines = "\n".join(f"line {n}" for n in range(50))
    text = render_findings([finding(message=lines, excerpt="x" * 5000)])
    shown = [line for line in text.splitlines() if "line " in line]
    assert [line.split("line ")[1] for line in shown] == ["0", "1", "48", "49"]
    assert max(len(line) for line in text.splitlines()) < 220


def test_terminal_sequences_and_secrets_are_taken_out() -> None:
    token = "ghp_" + "a1B2" * 9
    text = render_findings([finding(message=f"\x1b[31mred\x1b[0m \u202e{token}", path="a\nb")])
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert token not in text
    assert "a\\nb" in text


def test_reasons_that_are_no_finding_are_told_and_others_not_twice() -> None:
    one = finding()
    text = render_findings(
        [one],
        [
            Reason(source="bandit", message="told already", fingerprint=one.fingerprint),
            Reason(source="FAIL-1", message="unverified: pytest:x: the test was not run"),
            Reason(source="tests", message="errored: time limit"),
        ],
    )
    assert "told already" not in text
    assert "2. [FAIL-1] unverified: pytest:x: the test was not run" in text
    assert "3. [tests] errored: time limit" in text


def test_no_finding_is_said() -> None:
    assert "(none)" in render_findings([])
