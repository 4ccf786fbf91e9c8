from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from values import (
    BASE,
    BEN,
    COMMIT,
    POLICY,
    TREE,
    candidate,
    case,
    checks,
    decision,
    from_tests,
    gate,
    parked,
    proposal,
    sealed,
    started,
    to_candidate,
    to_verdict,
)

from agent_gate.domain.proposal import Usage
from agent_gate.errors import ExitCode, JournalError
from agent_gate.run import events as ev
from agent_gate.run.state import TERMINAL, Step, apply, exit_code, fold, message_digest, next_step

WHOLE = sealed()
RED = from_tests(case(outcome="failed"), status="failed")


def after(history: Iterable[ev.JournalEvent], *events: ev.JournalEvent) -> str:
    """The phase after these events."""
    return fold((*history, *events)).phase


class TestFold:
    def test_every_beginning_of_a_run_has_a_state_and_a_next_step(self) -> None:
        for length in range(1, len(WHOLE)):
            state = fold(WHOLE[:length])
            assert state.phase not in TERMINAL
            assert next_step(state) is not Step.NOTHING
            assert exit_code(state) is not ExitCode.DONE
        end = fold(WHOLE)
        assert (end.phase, next_step(end), exit_code(end)) == ("sealed", Step.NOTHING, ExitCode.DONE)

    def test_the_state_does_not_depend_on_where_the_process_died(self) -> None:
        for length in range(1, len(WHOLE)):
            state = fold(WHOLE[:length])
            for event in WHOLE[length:]:
                state = apply(state, event)
            assert state == fold(WHOLE)

    def test_what_it_cost_includes_what_failed(self) -> None:
        assert fold(WHOLE).cost_microusd == 2 * 1000 + 500

    def test_the_number_of_the_last_event_is_kept(self) -> None:
        assert apply(fold(WHOLE[:1]), ev.ProposalStarted(seq=7, attempt=1)).last_seq == 7

    @pytest.mark.parametrize("events", [(), (ev.ProposalStarted(attempt=1),), WHOLE[1:]])
    def test_a_journal_begins_with_its_start(self, events: tuple[ev.JournalEvent, ...]) -> None:
        with pytest.raises(JournalError, match="does not begin with RunStarted"):
            fold(events)

    @given(st.lists(st.sampled_from(WHOLE), max_size=14))
    def test_no_order_of_events_lands_what_was_not_judged_approved_and_prepared(
        self, events: list[ev.JournalEvent]
    ) -> None:
        state = fold(WHOLE[:1])
        seen: list[str] = []
        for event in events:
            try:
                state = apply(state, event)
            except JournalError:
                continue
            seen.append(event.type)
        if state.phase in {"approved", "sealing", "sealed"}:
            assert state.verdict is not None
            assert state.verdict.outcome == "passed"
            assert state.missing == ()
        if state.phase == "sealed":
            order = [
                seen.index(name)
                for name in ("ChecksFinished", "Parked", "DecisionMade", "SealPrepared", "Sealed")
            ]
            assert order == sorted(order)


class TestRepair:
    def test_a_failed_check_goes_back_to_the_model_while_attempts_are_left(self) -> None:
        state = fold(to_verdict(RED))
        assert (state.phase, next_step(state)) == ("checked", Step.PROPOSE)

    def test_with_no_attempt_left_the_run_gives_up(self) -> None:
        history = to_verdict(RED, attempts=1)
        assert next_step(fold(history)) is Step.GIVE_UP
        state = fold((*history, ev.RunBlocked(message="none passed")))
        assert (state.phase, next_step(state), exit_code(state)) == (
            "blocked",
            Step.NOTHING,
            ExitCode.BLOCKED,
        )

    def test_a_run_whose_replies_were_never_gated_gave_no_change(self) -> None:
        history = (*WHOLE[:6], ev.RunBlocked(message="no reply could be applied"))
        assert exit_code(fold(history)) is ExitCode.NO_CHANGE

    def test_a_new_attempt_begins_without_the_old_ones_results(self) -> None:
        state = fold((*to_verdict(RED), ev.ProposalStarted(attempt=2)))
        assert (state.candidate, state.verdict, state.results) == (None, None, ())
        assert len(state.attempts) == 2

    def test_a_finished_reply_is_never_asked_for_again(self) -> None:
        history = WHOLE[:5]
        assert next_step(fold(history)) is Step.PREPARE
        for event in (ev.ProposalStarted(attempt=1), ev.ProposalFinished(proposal=proposal())):
            with pytest.raises(JournalError, match="does not fit"):
                fold((*history, event))

    @pytest.mark.parametrize("number", [0, 1, 3])
    def test_attempts_follow_one_another(self, number: int) -> None:
        with pytest.raises(JournalError, match="attempt 2 is next"):
            fold((*to_verdict(RED), ev.ProposalStarted(attempt=number)))

    def test_a_reply_belongs_to_the_attempt_under_way(self) -> None:
        with pytest.raises(JournalError, match="not under way"):
            fold((*WHOLE[:2], ev.ProposalFinished(proposal=proposal(2))))

    @pytest.mark.parametrize(
        "history", [WHOLE[:1], WHOLE[:2], to_verdict(RED)], ids=["before", "during", "repair"]
    )
    @pytest.mark.parametrize("budget", [True, False])
    def test_after_a_provider_error_the_same_attempt_is_asked_again(
        self, history: tuple[ev.JournalEvent, ...], budget: bool
    ) -> None:
        number = 2 if len(history) > 2 else 1
        failed = ev.ProposalFailed(attempt=number, message="no", budget=budget, usage=Usage(cost_microusd=7))
        state = fold((*history, failed))
        assert next_step(state) is Step.PROPOSE
        assert state.failures_microusd == 7
        gated = ExitCode.BLOCKED if number == 2 else ExitCode.NO_CHANGE
        assert exit_code(state) is (ExitCode.BUDGET if budget else gated)
        again = fold(
            (
                *history,
                failed,
                ev.ProposalStarted(attempt=number),
                ev.ProposalFinished(proposal=proposal(number)),
            )
        )
        assert again.failure is None
        assert len(again.attempts) == number

    def test_gates_that_begin_again_begin_afresh(self) -> None:
        half = (*to_candidate(), *checks(fold(to_candidate()), RED)[:3])
        assert fold(half).results == (RED,)
        assert fold((*half, ev.ChecksStarted(attempt=1, tree=TREE, gates=()))).results == ()


class TestBinding:
    def test_a_candidate_stands_on_the_runs_base(self) -> None:
        with pytest.raises(JournalError, match="stands on"):
            fold((*to_candidate()[:3], ev.CandidatePrepared(attempt=1, candidate=candidate(base="e" * 40))))

    def test_results_and_verdict_are_about_the_candidates_tree(self) -> None:
        history = to_candidate()
        for event in checks(fold(history), from_tests(case()), tree="9" * 40):
            if not isinstance(event, ev.GateStarted):
                with pytest.raises(JournalError, match="the candidate is"):
                    fold((*history, event))

    def test_a_verdict_is_the_one_that_its_digest_names(self) -> None:
        *before, finished = to_verdict()
        assert isinstance(finished, ev.ChecksFinished)
        with pytest.raises(JournalError, match="digest"):
            fold((*before, finished.model_copy(update={"verdict_digest": "sha256:0"})))

    def test_events_belong_to_the_attempt_under_way(self) -> None:
        with pytest.raises(JournalError, match="attempt 1 is the one under way"):
            fold((*to_candidate(), ev.ChecksStarted(attempt=2, tree=TREE, gates=())))

    def test_what_did_not_pass_is_not_parked(self) -> None:
        with pytest.raises(JournalError, match="did not pass"):
            fold((*to_verdict(RED), ev.Parked(subject="s", body="b")))

    def test_what_was_not_checked_is_not_parked(self) -> None:
        with pytest.raises(JournalError, match="does not fit"):
            fold((*to_candidate(), ev.Parked(subject="s", body="b")))

    def test_the_commit_is_the_one_that_was_prepared(self) -> None:
        with pytest.raises(JournalError, match="not the commit"):
            fold((*WHOLE[:-1], ev.Sealed(commit="e" * 40, ref="refs/heads/main")))

    def test_the_message_is_bound_without_its_outer_space(self) -> None:
        assert message_digest("a", "") == message_digest("a", "\n")
        assert message_digest("a", "b") != message_digest("a", "c")


class TestDecisions:
    def test_an_approval_lets_the_run_seal(self) -> None:
        state = fold(parked())
        assert (next_step(state), exit_code(state)) == (Step.DECIDE, ExitCode.AWAITING)
        assert next_step(apply(state, decision(state))) is Step.SEAL

    def test_a_rejection_ends_it(self) -> None:
        state = fold(parked())
        for before in (state, apply(state, decision(state))):
            end = apply(before, decision(state, BEN, decides="reject"))
            assert (end.phase, exit_code(end), end.end_message) == ("rejected", ExitCode.REJECTED, "read it")

    @pytest.mark.parametrize("length", [1, 2, 5, 6, 8, 9])
    def test_nobody_decides_before_something_is_parked(self, length: int) -> None:
        binding = fold(parked()).binding
        with pytest.raises(JournalError, match="does not fit"):
            fold((*WHOLE[:length], decision(fold(WHOLE[:length]), binding=binding)))

    @pytest.mark.parametrize("decides", ["approve", "reject"])
    @pytest.mark.parametrize("end", ["sealing", "sealed", "rejected", "blocked", "aborted"])
    def test_nobody_decides_after_the_end_or_once_the_commit_is_fixed(self, end: str, decides: str) -> None:
        history = parked()
        waiting = fold(history)
        ends: dict[str, tuple[ev.JournalEvent, ...]] = {
            "sealing": (decision(waiting), ev.SealPrepared(commit=COMMIT, commit_object="", evidence=())),
            "rejected": (decision(waiting, decides="reject"),),
            "blocked": (ev.RunBlocked(message="x"),),
            "aborted": (ev.RunAborted(message="x"),),
        }
        ends["sealed"] = (*ends["sealing"], ev.LandingStarted(ref="r"), ev.Sealed(commit=COMMIT, ref="r"))
        assert after(history, *ends[end]) == end
        with pytest.raises(JournalError, match="does not fit"):
            fold((*history, *ends[end], decision(waiting, decides=decides)))

    def test_a_second_seal_is_not_prepared(self) -> None:
        first = next(event for event in WHOLE if event.type == "SealPrepared")
        until = WHOLE[: WHOLE.index(first) + 1]
        with pytest.raises(JournalError, match="does not fit"):
            fold((*until, first))

    @pytest.mark.parametrize("event", [ev.RunAborted(message="x"), ev.RunBlocked(message="x")])
    def test_a_run_whose_commit_may_have_landed_is_neither_aborted_nor_blocked(
        self, event: ev.JournalEvent
    ) -> None:
        for length in (len(WHOLE) - 3, len(WHOLE) - 1, len(WHOLE)):
            with pytest.raises(JournalError, match="does not fit"):
                fold((*WHOLE[:length], event))


class TestMovedBase:
    MOVED = ev.BaseMoved(ref="refs/heads/main", gated=BASE, found="d" * 40)
    REBASED = ev.Rebased(base="d" * 40, policy=POLICY, policy_blob="x")

    def test_a_moved_base_waits_for_a_rebase(self) -> None:
        state = fold((*parked(), self.MOVED))
        assert (state.phase, next_step(state), exit_code(state)) == ("stale", Step.REBASE, ExitCode.AWAITING)

    def test_an_approval_of_what_is_stale_seals_nothing(self) -> None:
        state = fold((*parked(), self.MOVED))
        approved = apply(state, decision(state))
        assert next_step(approved) is Step.REBASE
        assert apply(approved, self.REBASED).valid_approvals == ()

    def test_a_base_that_moves_under_the_landing_takes_the_seal_with_it(self) -> None:
        prepared = fold(WHOLE[:-1])
        moved = apply(prepared, ev.BaseMoved(ref="refs/heads/main", gated="d" * 40, found="e" * 40))
        assert next_step(moved) is Step.REBASE
        again = apply(moved, ev.Rebased(base="e" * 40, policy=POLICY, policy_blob=""))
        assert (again.seal, again.landing, next_step(again)) == (None, False, Step.PREPARE)

    def test_a_rebase_voids_results_and_approvals_and_keeps_the_paid_reply(self) -> None:
        history = parked()
        state = fold((*history, decision(fold(history)), self.MOVED, self.REBASED))
        assert next_step(state) is Step.PREPARE
        assert state.current is not None
        assert state.current.proposal == proposal()
        assert (state.candidate, state.verdict, state.results, state.approvals, state.binding) == (
            None,
            None,
            (),
            (),
            None,
        )
        assert (state.base, state.policy_blob) == ("d" * 40, "x")
        assert state.gated

    def test_an_old_approval_does_not_count_on_the_new_base(self) -> None:
        history = (*parked(), self.MOVED, self.REBASED)
        old = decision(fold(parked()))
        history += (ev.CandidatePrepared(attempt=1, candidate=candidate(base="d" * 40)),)
        history += (
            *checks(fold(history), from_tests(case())),
            ev.Parked(subject="Create an order once", body="Why."),
        )
        state = apply(fold(history), old)
        assert (state.phase, state.valid_approvals) == ("awaiting_approval", ())

    def test_a_reply_that_no_longer_applies_goes_back_to_the_model(self) -> None:
        history = (*parked(), self.MOVED, self.REBASED, ev.ReplyRefused(attempt=1, problems=()))
        assert next_step(fold(history)) is Step.PROPOSE


def test_a_second_start_does_not_fit() -> None:
    with pytest.raises(JournalError, match="does not fit"):
        fold((started(), started()))


def test_a_gate_that_no_clause_needs_is_kept_with_its_result() -> None:
    other = gate("ruff", "failed")
    assert fold(to_verdict(from_tests(case()), other)).results[1] == other
