from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from values import ANA, BEN, CAT, TEST_ID, case, critical_spec, decision, from_tests, gate, only, parked, spec

from agent_gate.domain.approval import Binding, Person
from agent_gate.run.state import RunState, apply, fold

BANDIT = gate("bandit", verifies=("bandit",), known_rules=("B608",))


def waiting(**approval: Any) -> RunState:
    """A parked run under a policy with these rules for approvals."""
    return fold(parked(policy=only("tests", approval=approval)))


def approved(state: RunState, *approvers: Person, signed: bool = True) -> RunState:
    """The state after these people approved, one after the other."""
    for person in approvers:
        state = apply(state, decision(state, person, signer=person.email if signed else ""))
    return state


class TestHowMany:
    def test_one_unsigned_approval_suffices_where_one_person_does(self) -> None:
        assert approved(waiting(), ANA, signed=False).phase == "approved"

    def test_two_approvals_are_two_people(self) -> None:
        state = waiting(required=2)
        assert approved(state, ANA).missing == ("approvals still needed: 1",)
        assert approved(state, ANA, ANA, ANA).phase == "awaiting_approval"
        assert len(approved(state, ANA, ANA).valid_approvals) == 1
        assert approved(state, ANA, BEN).phase == "approved"

    def test_one_person_under_two_names_is_one_person(self) -> None:
        state = waiting(required=2)
        shouting = Person(name="A. Ito", email="ANA@example.org ")
        assert approved(state, ANA, shouting).phase == "awaiting_approval"
        under_a_name = decision(state, BEN, signer=ANA.email)
        assert apply(approved(state, ANA), under_a_name).phase == "awaiting_approval"

    def test_unsigned_approvals_do_not_add_up(self) -> None:
        assert approved(waiting(required=2), ANA, BEN, CAT, signed=False).valid_approvals == ()

    def test_a_zone_may_ask_for_more_people(self) -> None:
        zone = {"name": "shop", "paths": ["shop/**"], "approvals": 2}
        state = fold(parked(policy=only("tests", zones=[zone])))
        assert state.required_approvals == 2
        assert approved(state, ANA).phase == "awaiting_approval"
        assert approved(state, ANA, BEN).phase == "approved"
        elsewhere = fold(parked(policy=only("tests", zones=[{**zone, "paths": ["pay/**"]}])))
        assert elsewhere.required_approvals == 1


class TestWho:
    def test_where_signatures_are_required_a_name_alone_counts_for_nothing(self) -> None:
        state = waiting(signatures="required")
        assert approved(state, BEN, signed=False).phase == "awaiting_approval"
        assert approved(state, BEN).phase == "approved"

    def test_an_independent_approver_is_not_the_operator(self) -> None:
        state = waiting(independent=True)
        assert approved(state, ANA).phase == "awaiting_approval"
        assert apply(state, decision(state, BEN, signer=ANA.email)).phase == "awaiting_approval"
        assert apply(state, decision(state, ANA, signer=BEN.email)).phase == "awaiting_approval"
        assert approved(state, BEN, signed=False).phase == "awaiting_approval"
        assert approved(state, BEN).phase == "approved"

    def test_nor_who_paired_with_the_operator(self) -> None:
        state = fold(parked(policy=only("tests", approval={"independent": True}), pair=(BEN,)))
        assert approved(state, BEN).phase == "awaiting_approval"
        assert approved(state, BEN, CAT).phase == "approved"


class TestBinding:
    @pytest.mark.parametrize("field", Binding.model_fields)
    def test_an_approval_of_anything_else_counts_for_nothing(self, field: str) -> None:
        state = waiting()
        assert state.binding is not None
        other = state.binding.model_copy(update={field: "other"})
        after = apply(state, decision(state, binding=other))
        assert (after.phase, after.valid_approvals) == ("awaiting_approval", ())
        assert approved(after, ANA).phase == "approved"

    def test_the_newest_approval_of_a_person_stands_for_them(self) -> None:
        state = waiting()
        after = apply(approved(state, ANA), decision(state, confirmed=()))
        assert after.phase == "awaiting_approval"
        assert len(after.approvals) == len(after.approval_lines) == 2

    def test_before_the_verdict_there_is_nothing_to_approve(self) -> None:
        assert fold(parked()[:4]).missing == ("there is nothing to approve yet",)


class TestAnswers:
    ASKED = spec("manual: the lock comes first", f"pytest:{TEST_ID}")

    def test_every_waiting_clause_is_answered_before_the_seal(self) -> None:
        state = fold(parked(spec=self.ASKED))
        half = apply(state, decision(state))
        assert (half.phase, half.missing) == ("awaiting_approval", ("ACC-1 waits for an answer",))
        assert apply(half, decision(half, answers={"ACC-1": "  "})).phase == "awaiting_approval"
        assert apply(half, decision(half, answers={"ACC-1": "it does"})).phase == "approved"

    def test_one_of_several_approvers_may_answer(self) -> None:
        state = fold(parked(spec=self.ASKED, policy=only("tests", approval={"required": 2})))
        state = apply(state, decision(state, signer=ANA.email, answers={"ACC-1": "it does"}))
        assert approved(state, BEN).phase == "approved"

    def test_an_answer_of_one_who_does_not_count_does_not_count(self) -> None:
        state = fold(parked(spec=self.ASKED, policy=only("tests", approval={"independent": True})))
        state = apply(state, decision(state, signer=ANA.email, answers={"ACC-1": "it does"}))
        assert approved(state, BEN).missing == ("ACC-1 waits for an answer",)

    def test_a_test_that_the_model_wrote_is_confirmed_before_the_seal(self) -> None:
        state = waiting()
        after = apply(state, decision(state, confirmed=()))
        assert after.missing == ("ACC-1 rests on a test that the model wrote: not confirmed",)
        standing = fold(parked(from_tests(case(changed=False))))
        assert apply(standing, decision(standing, confirmed=())).phase == "approved"

    def test_in_a_critical_spec_a_word_alone_is_signed_by_another_than_the_operator(self) -> None:
        asked = critical_spec("bandit:B608", approach=("manual: look",))
        state = fold(parked(BANDIT, from_tests(), spec=asked))
        said = {"DEC-1": "seen"}
        unsigned = apply(state, decision(state, BEN, answers=said))
        assert unsigned.missing == ("DEC-1 waits for an answer",)
        assert apply(state, decision(state, ANA, signer=ANA.email, answers=said)).missing
        assert apply(state, decision(state, BEN, signer=BEN.email, answers=said)).phase == "approved"


@given(
    st.lists(
        st.tuples(
            st.sampled_from([ANA, BEN, CAT]), st.booleans(), st.booleans(), st.sampled_from(["", "seen"])
        ),
        max_size=6,
    ),
    st.integers(1, 3),
    st.booleans(),
)
def test_no_row_of_approvals_seals_without_enough_people_and_every_answer(
    given_: list[tuple[Person, bool, bool, str]], required: int, independent: bool
) -> None:
    policy = only("tests", approval={"required": required, "independent": independent})
    state = fold(parked(spec=TestAnswers.ASKED, policy=policy))
    for person, signed, confirms, answer in given_:
        said = decision(
            state,
            person,
            signer=person.email if signed else "",
            answers={"ACC-1": answer},
            confirmed=("ACC-1",) if confirms else (),
        )
        state = apply(state, said)
    if state.phase == "approved":
        people = {p for p, signed, _, _ in given_ if signed or (required == 1 and not independent)}
        assert len(people - {ANA} if independent else people) >= required
        assert any(answer for _, _, _, answer in given_)
        assert any(confirms for _, _, confirms, _ in given_)
