from __future__ import annotations

from datetime import date

from gate_results import EXPECTATIONS, GATES, VERIFIERS
from hypothesis import given
from values import ANA, TEST_ID, case, finding, from_load, from_tests, gate, measured, spec

from agent_gate.cli.output import MARKS
from agent_gate.domain.gate import GateResult
from agent_gate.domain.matrix import AWAITS_PERSON, SIGNS, MatrixClause, matrix
from agent_gate.domain.spec import Spec
from agent_gate.domain.traceability import Attestation, trace
from agent_gate.tui.signs import sign

BANDIT = gate("bandit", tool_version="1.9.4", verifies=("bandit",), known_rules=("B608",))


def shown(asked: Spec, *results: GateResult, word: str = "", until: date | None = None) -> MatrixClause:
    """The one clause of a spec, with Ana's word on it."""
    digest = asked.clauses[0].digest
    said = Attestation(clause="ACC-1", clause_digest=digest, sentence=word, by=ANA, waived_until=until)
    (clause,) = matrix(trace(asked, results, [said]))
    return clause


def test_required_stands_against_measured() -> None:
    asked = spec("load:LOAD-1", "bandit:B608", expect=("p95 <= 50 ms", "p95 <= base + 10 %"))
    clause = shown(asked, BANDIT, from_load(measured("54.5", base="50")))
    assert (clause.clause, clause.sentence, clause.state, clause.sign) == (
        "ACC-1", "stored once", "violated", "✗",
    )  # fmt: skip
    assert [(row.sign, row.verifier, row.line) for row in clause.rows] == [
        ("✗", "load:LOAD-1", "p95 <= 50 ms: 54.5 ms"),
        ("✓", "load:LOAD-1", "p95 <= base + 10 %: 54.5 ms (base 50 ms)"),
        ("✓", "bandit:B608", "no B608: none found"),
    ]
    assert clause.telling == clause.rows[0]


def test_where_nothing_is_decided_the_reason_stands_instead() -> None:
    (row,) = shown(spec("load", expect=("lost == 0",))).rows
    assert (row.sign, row.line) == ("○", "lost == 0: no gate that could show it has run")
    (row,) = shown(spec(f"pytest:{TEST_ID}"), from_tests(case(outcome="failed", message="2 != 1"))).rows
    assert (row.sign, row.line, row.model_written) == ("✗", "passes, red on the base: failed: 2 != 1", True)
    hit = BANDIT.model_copy(update={"findings": (finding(),)})
    (row,) = shown(spec("bandit:B608"), hit).rows
    assert row.line == "no B608: shop/a.py:3: string-built SQL"
    slow = from_load(measured(), status="failed", reason="3 lost")
    (row,) = shown(spec("load:LOAD-1", expect=("p95 <= 50 ms",)), slow).rows
    assert row.line == "p95 <= 50 ms: load failed: 3 lost"


def test_what_waits_for_a_person_says_what_is_to_be_seen_and_then_what_was() -> None:
    asked = spec("manual: the lock is taken first", "bandit:B608")
    clause = shown(asked, BANDIT)
    assert (clause.state, clause.sign) == (AWAITS_PERSON, "●")
    assert clause.telling.line == "the lock is taken first: waits for the approver's sentence"
    assert clause.telling.verifier == "manual"
    clause = shown(asked, BANDIT, word="line 4")
    assert (clause.state, clause.sign) == ("verified", "✓")
    assert clause.rows[0].line == ("the lock is taken first: line 4 (the word of Ana Ito <ana@example.org>)")


def test_a_waiver_is_told_beside_what_it_sets_aside() -> None:
    clause = shown(spec("bandit:B608"), word="no time", until=date(2027, 1, 31))
    assert (clause.state, clause.sign) == ("waived", "~")
    assert [row.sign for row in clause.rows] == ["○", "~"]
    assert clause.telling.line == "until 2027-01-31: no time (the word of Ana Ito <ana@example.org>)"


def test_every_face_has_the_same_signs() -> None:
    assert {state: MARKS[state] for state in SIGNS} == SIGNS
    assert {state: sign(state).plain for state in SIGNS} == SIGNS


@given(by=VERIFIERS, expect=EXPECTATIONS, results=GATES)
def test_every_row_is_shown_with_something_to_say(
    by: list[str], expect: tuple[str, ...], results: list[GateResult]
) -> None:
    found = trace(spec(*by, expect=expect), results)
    (clause,) = matrix(found)
    assert len(clause.rows) == len(found[0].evidence)
    assert all(row.measured and row.sign == SIGNS[row.state] for row in clause.rows)
    assert clause.telling in clause.rows
    if clause.state in {"violated", "verified", AWAITS_PERSON}:
        assert clause.telling.state == clause.state
