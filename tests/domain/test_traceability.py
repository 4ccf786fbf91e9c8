from __future__ import annotations

from datetime import date
from itertools import permutations
from typing import Any

import pytest
from gate_results import EXPECTATIONS, EXPECTED, GATES, RESULTS, VERIFIERS, is_shown, one_each
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from values import (
    ANA,
    BEN,
    TEST_ID,
    case,
    critical_spec,
    decision,
    finding,
    from_load,
    from_tests,
    gate,
    measured,
    parked,
    spec,
    verdict_of,
)

from agent_gate.domain.gate import GateResult
from agent_gate.domain.spec import Spec
from agent_gate.domain.traceability import (
    WAIVER,
    Attestation,
    ClauseResult,
    attest,
    attestations_of,
    carried_over,
    trace,
)
from agent_gate.run.state import fold

BANDIT = gate("bandit", verifies=("bandit",), known_rules=("B608",))
OTHER_WORDING = f"sha256:{'0' * 64}"
UNTIL = date(2027, 1, 31)


def said(asked: Spec, sentence: str = "seen", **fields: Any) -> Attestation:
    """Ana's word on ACC-1 as it is worded now."""
    return Attestation.model_validate(
        {
            "clause": "ACC-1",
            "clause_digest": asked.clauses[0].digest,
            "sentence": sentence,
            "by": ANA,
            **fields,
        }
    )


def one(asked: Spec, *results: GateResult, word: tuple[Attestation, ...] = ()) -> ClauseResult:
    """The matrix of a spec with one clause."""
    (clause,) = trace(asked, results, word)
    return clause


class TestMatrix:
    def test_without_a_spec_there_is_nothing_to_trace(self) -> None:
        assert trace(None, [BANDIT]) == ()

    def test_every_clause_stands_in_it_with_its_wording(self) -> None:
        asked = critical_spec("bandit:B608", approach=("manual: look",))
        found = trace(asked, [])
        assert [(c.clause, c.sentence, c.clause_digest) for c in found] == [
            (c.id, c.sentence, c.digest) for c in asked.clauses
        ]

    def test_every_verifier_has_a_row_in_the_specs_order(self) -> None:
        asked = spec("manual: look", "load", "bandit:B608", expect=EXPECTED)
        rows = one(asked, BANDIT).evidence
        assert [row.verifier for row in rows] == ["manual: look", "load", "load", "load", "bandit:B608"]

    @pytest.mark.parametrize("other", ["bandit:B999", "ruff:S608", "load", "pytest:tests/test_other.py"])
    def test_each_of_a_clauses_verifiers_must_hold(self, other: str) -> None:
        for names in permutations(("bandit:B608", other)):
            assert one(spec(*names), BANDIT).state == "unverified"

    def test_each_of_its_expectations_must_hold(self) -> None:
        asked = spec("load:LOAD-1", expect=("p95 <= 50 ms", "lost == 0"))
        lost = measured("0", "", metric="lost")
        assert one(asked, from_load(measured())).state == "unverified"
        assert one(asked, from_load(measured(), lost)).state == "verified"
        assert one(asked, from_load(measured("61"), lost)).state == "violated"

    def test_one_row_that_is_violated_violates_the_clause(self) -> None:
        hit = BANDIT.model_copy(update={"findings": (finding(),)})
        for names in permutations(("bandit:B608", "load", "manual: look")):
            assert one(spec(*names), hit).state == "violated"

    def test_a_gate_that_speaks_twice_shows_nothing(self) -> None:
        for results in ([BANDIT, BANDIT], [BANDIT, BANDIT.model_copy(update={"known_rules": ()})]):
            assert one(spec("bandit:B608"), *results).state == "unverified"


class TestAnswers:
    ASKED = spec("manual: look")

    def test_an_answer_verifies_what_waits_for_one(self) -> None:
        assert one(self.ASKED).awaits_person
        clause = one(self.ASKED, word=(said(self.ASKED, " seen "),))
        (row,) = clause.evidence
        assert (clause.state, row.state, row.measured) == ("verified", "verified", "seen")
        assert row.basis == "the word of Ana Ito <ana@example.org>"
        assert not row.awaits_person
        assert not clause.awaits_person

    @pytest.mark.parametrize("fields", [{"sentence": " \n"}, {"clause": "OTHER"}])
    def test_a_blank_one_or_one_on_something_else_does_not(self, fields: dict[str, str]) -> None:
        assert one(self.ASKED, word=(said(self.ASKED, **fields),)) == one(self.ASKED)

    def test_the_first_one_that_counts_is_taken(self) -> None:
        words = (
            said(self.ASKED, ""),
            said(self.ASKED, "earlier", clause_digest=OTHER_WORDING),
            said(self.ASKED, "first", by=BEN),
            said(self.ASKED, "second"),
        )
        (row,) = one(self.ASKED, word=words).evidence
        assert (row.measured, row.basis) == ("first", "the word of Ben Ode <ben@example.org>")

    def test_one_of_an_earlier_wording_counts_for_nothing_and_is_told(self) -> None:
        earlier = said(self.ASKED, clause_digest=OTHER_WORDING)
        clause = one(self.ASKED, word=(earlier,))
        assert clause.awaits_person
        assert clause.evidence[0].basis == (
            "waits for the approver's sentence; "
            "what Ana Ito <ana@example.org> said was of an earlier wording of the clause"
        )

    @pytest.mark.parametrize("outcome", ["failed", "skipped"])
    def test_a_word_does_not_outweigh_a_machine(self, outcome: str) -> None:
        asked = spec("manual: look", f"pytest:{TEST_ID}")
        before = one(asked, from_tests(case(outcome=outcome)))
        assert not before.awaits_person
        assert one(asked, from_tests(case(outcome=outcome)), word=(said(asked, "it is fine"),)) == before

    def test_with_the_machines_part_verified_the_word_is_still_waited_for(self) -> None:
        asked = spec("manual: look", f"pytest:{TEST_ID}")
        clause = one(asked, from_tests(case()))
        assert (clause.state, clause.awaits_person) == ("unverified", True)
        assert one(asked, from_tests(case()), word=(said(asked),)).state == "verified"

    @pytest.mark.parametrize("digest", ["", "0" * 64, "sha256:0", None])
    def test_a_word_names_the_wording_that_it_is_of(self, digest: str | None) -> None:
        with pytest.raises(ValidationError):
            said(self.ASKED, clause_digest=digest)


class TestAttestationsOf:
    def test_they_are_the_answers_of_the_approvals_of_this_spec(self) -> None:
        asked = spec("manual: look")
        state = fold(parked(spec=asked))
        approval = decision(state, answers={"ACC-1": "seen", "GONE-1": "?"}).approval
        assert attestations_of(asked, [approval]) == (said(asked),)
        assert attestations_of(spec("manual: look again"), [approval]) == ()
        refusal = decision(state, decides="reject", answers={"ACC-1": "seen"}).approval
        assert attestations_of(asked, [refusal]) == ()


class TestWaivers:
    ASKED = spec("bandit:B608", "manual: look")

    @pytest.mark.parametrize(
        "results", [[], [BANDIT], [BANDIT.model_copy(update={"findings": (finding(),)})]]
    )
    def test_a_waiver_sets_a_clause_aside_and_shows_what_was(self, results: list[GateResult]) -> None:
        before = one(self.ASKED, *results)
        clause = one(self.ASKED, *results, word=(said(self.ASKED, "no time", waived_until=UNTIL),))
        assert (clause.state, clause.awaits_person) == ("waived", False)
        *rows, added = clause.evidence
        assert tuple(rows) == before.evidence
        assert (added.verifier, added.state, added.required) == (WAIVER, "waived", "until 2027-01-31")
        assert (added.measured, added.basis) == ("no time", "the word of Ana Ito <ana@example.org>")

    def test_one_without_a_reason_counts_for_nothing(self) -> None:
        assert one(self.ASKED, word=(said(self.ASKED, " ", waived_until=UNTIL),)) == one(self.ASKED)

    def test_a_clause_that_is_verified_needs_none(self) -> None:
        asked = spec("bandit:B608")
        assert one(asked, BANDIT, word=(said(asked, waived_until=UNTIL),)) == one(asked, BANDIT)

    def test_an_answer_counts_more(self) -> None:
        words = (said(self.ASKED, "no time", waived_until=UNTIL), said(self.ASKED, "seen"))
        assert one(self.ASKED, BANDIT, word=words).state == "verified"

    def test_a_second_one_adds_nothing(self) -> None:
        waiver = said(self.ASKED, "no time", waived_until=UNTIL)
        once = trace(self.ASKED, [], [waiver])
        assert attest(once, [waiver]) == once == trace(self.ASKED, [], [waiver, waiver])

    def test_one_of_an_earlier_wording_is_told_on_all_that_it_would_have_set_aside(self) -> None:
        earlier = said(self.ASKED, "no time", waived_until=UNTIL, clause_digest=OTHER_WORDING)
        hit = BANDIT.model_copy(update={"findings": (finding(),)})
        clause = one(self.ASKED, hit, word=(earlier,))
        assert clause.state == "violated"
        assert all("an earlier wording" in row.basis for row in clause.evidence)


class TestOutdated:
    def test_a_change_of_a_word_outdates_the_evidence_of_that_clause_alone(self) -> None:
        before = critical_spec("bandit:B608", approach=("manual: look", "manual: look here"))
        after = critical_spec("bandit:B608", approach=("manual: look", "manual: look there"))
        found = trace(before, [BANDIT])
        assert carried_over(before, found) == found
        *others, reworded = carried_over(after, found)
        assert tuple(others) == found[:-1]
        assert (reworded.clause, reworded.state, reworded.clause_digest) == (
            "DEC-2", "unverified", after.clauses[-1].digest,
        )  # fmt: skip
        assert [row.basis for row in reworded.evidence] == ["outdated: its evidence is of an earlier wording"]

    def test_a_clause_that_ended_is_gone_and_a_new_one_has_no_evidence(self) -> None:
        short = critical_spec("bandit:B608")
        long = critical_spec("bandit:B608", approach=("manual: look",))
        assert carried_over(short, trace(long, [BANDIT])) == trace(short, [BANDIT])
        fresh = carried_over(long, trace(short, [BANDIT]))[-1]
        assert (fresh.clause, fresh.state, fresh.evidence[0].basis) == (
            "DEC-1",
            "unverified",
            "no evidence yet",
        )


ASKED = st.builds(lambda by, expect: spec(*by, expect=expect), VERIFIERS, EXPECTATIONS)
MANY = settings(max_examples=300, deadline=None)
WORDS = st.lists(
    st.tuples(st.sampled_from(["seen", "", " "]), st.booleans(), st.sampled_from([None, UNTIL])), max_size=3
)


def words_on(asked: Spec, words: list[tuple[str, bool, date | None]]) -> list[Attestation]:
    """These words, said of this wording or of another one."""
    return [
        said(asked, text, waived_until=until, **({} if present else {"clause_digest": OTHER_WORDING}))
        for text, present, until in words
    ]


def critical(asked: Spec) -> Spec:
    """The same clause in a critical spec."""
    (clause,) = asked.clauses
    sections = critical_spec().model_dump(mode="json", by_alias=True)
    return Spec.model_construct(**{**dict(Spec.model_validate(sections)), "acceptance": (clause,)})


@settings(max_examples=800, deadline=None)
@given(asked=ASKED, results=GATES, words=WORDS, risky=st.booleans())
def test_nothing_verifies_a_clause_but_evidence_for_each_of_its_verifiers(
    asked: Spec, results: list[GateResult], words: list[tuple[str, bool, date | None]], risky: bool
) -> None:
    judged = critical(asked) if risky else asked
    after = trace(judged, results, words_on(asked, words))[-1]
    if after.state == "verified":
        answered = any(text.strip() and present and until is None for text, present, until in words)
        for verifier in asked.clauses[0].verified_by:
            if verifier.kind == "manual":
                assert answered
            else:
                assert is_shown(verifier, asked.clauses[0], results, critical=risky)


@MANY
@given(asked=ASKED, results=GATES)
def test_a_clause_that_is_not_verified_blocks_unless_it_waits_for_a_word(
    asked: Spec, results: list[GateResult]
) -> None:
    verdict = verdict_of(asked, *results)
    for clause in verdict.clauses:
        if clause.state != "verified" and not clause.awaits_person:
            assert verdict.outcome == "blocked"
            assert clause.clause in {reason.source for reason in verdict.blocking}
        if clause.awaits_person:
            assert clause in verdict.awaiting


@MANY
@given(asked=ASKED, results=GATES, more=RESULTS)
def test_more_evidence_makes_a_clause_worse_only_by_violating_it(
    asked: Spec, results: list[GateResult], more: GateResult
) -> None:
    others = [result for result in results if result.gate != "ruff"]
    more = more.model_copy(update={"gate": "ruff"})  # one that has not spoken yet
    before, after = one(asked, *others).state, one(asked, *others, more).state
    assert after in {before, "violated"} or (before, after) == ("unverified", "verified")


@MANY
@given(asked=ASKED, results=GATES, words=WORDS)
def test_no_word_makes_a_clause_worse_or_frees_the_gates(
    asked: Spec, results: list[GateResult], words: list[tuple[str, bool, date | None]]
) -> None:
    before = one(asked, *results)
    after = one(asked, *results, word=tuple(words_on(asked, words)))
    better = {"unverified": {"unverified", "verified", "waived"}, "violated": {"violated", "waived"}}
    assert after.state in better.get(before.state, {before.state})
    assert verdict_of(asked, *results).clauses == (before,)


@MANY
@given(asked=ASKED, results=GATES, words=WORDS)
def test_words_of_another_wording_change_no_state(
    asked: Spec, results: list[GateResult], words: list[tuple[str, bool, date | None]]
) -> None:
    stale = words_on(asked, [(text, False, until) for text, _, until in words])
    present = words_on(asked, [item for item in words if item[1]])
    for kept in ([], present):
        without, with_them = trace(asked, results, kept), trace(asked, results, [*kept, *stale])
        assert [facts(clause) for clause in with_them] == [facts(clause) for clause in without]


@MANY
@given(asked=ASKED, results=GATES, words=WORDS)
def test_a_waiver_never_verifies(
    asked: Spec, results: list[GateResult], words: list[tuple[str, bool, date | None]]
) -> None:
    waivers = words_on(asked, [(text, present, UNTIL) for text, present, _ in words])
    before, after = one(asked, *results), one(asked, *results, word=tuple(waivers))
    assert (after.state == "verified") == (before.state == "verified")
    counts = any(text.strip() and present for text, present, _ in words)
    assert (after.state == "waived") == (counts and before.state != "verified")


@MANY
@given(asked=ASKED, results=GATES, words=WORDS)
def test_the_matrix_of_words_is_the_matrix_of_machines_attested(
    asked: Spec, results: list[GateResult], words: list[tuple[str, bool, date | None]]
) -> None:
    spoken = words_on(asked, words)
    assert attest(trace(asked, results), spoken) == trace(asked, results, spoken)


@MANY
@given(asked=ASKED, results=GATES)
def test_the_order_of_the_results_means_nothing(asked: Spec, results: list[GateResult]) -> None:
    if one_each(results):
        assert trace(asked, results) == trace(asked, results[::-1])


def facts(clause: ClauseResult) -> tuple[object, ...]:
    """Everything of a clause but the words about why."""
    return clause.state, [row.model_copy(update={"basis": ""}) for row in clause.evidence]
