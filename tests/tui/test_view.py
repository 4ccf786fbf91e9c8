from __future__ import annotations

import sys
from subprocess import run
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_gate.errors import JournalError
from agent_gate.run import events as ev
from agent_gate.run.state import fold
from agent_gate.tui.view import MODEL_TEXT_KEPT, RunView, dollars, see, view_of


def stages(view: RunView) -> dict[str, str]:
    return {stage.name: stage.state for stage in view.stages}


def test_it_needs_no_terminal() -> None:
    code = "import sys, agent_gate.tui.view; sys.exit('textual' in sys.modules)"
    assert run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_run_that_was_only_started_waits_for_the_model(story: Any) -> None:
    story.begin()
    view = view_of(story.journal.events())
    assert stages(view) == {
        "spec": "passed", "base": "waiting", "model": "waiting", "scope": "waiting", "ruff": "waiting",
        "bandit": "waiting", "tests": "waiting", "you": "waiting",
    }  # fmt: skip
    assert [clause.state for clause in view.clauses] == ["waiting"] * 3


def test_the_gates_tick_one_by_one(parked: Any) -> None:
    events = parked.journal.events()
    cut = next(n for n, event in enumerate(events) if event.type == "GateStarted" and event.gate == "bandit")
    view = view_of(events[: cut + 1], live=True)
    assert stages(view)["ruff"] == "passed"
    assert stages(view)["bandit"] == "running"
    assert stages(view)["tests"] == "waiting"
    assert "running" not in stages(view_of(events[: cut + 1])).values()
    after = see(view, events[cut + 1])
    assert stages(after)["bandit"] == "failed"
    assert {clause.id: clause.state for clause in after.clauses}["SEC-1"] == "waiting"


def test_gates_stand_in_the_order_of_the_policy_whatever_order_they_run_in(story: Any) -> None:
    story.begin()
    story.propose()
    candidate = story.prepare({"shop/orders.py": "x = 1\n"})
    story.tell(
        ev.ChecksStarted(attempt=1, tree=candidate.tree, gates=("tests", "bandit", "zeal", "scope", "ruff"))
    )
    names = [stage.name for stage in view_of(story.journal.events()).stages]
    assert names == ["spec", "base", "model", "scope", "ruff", "bandit", "tests", "zeal", "you"]


def test_a_parked_run_is_the_persons_turn(parked: Any) -> None:
    view = view_of(parked.journal.events())
    assert stages(view)["you"] == "person"
    assert view.waits_for_person
    assert {clause.id: (clause.state, clause.model_written) for clause in view.clauses} == {
        "SEC-1": ("verified", False),
        "ACC-1": ("verified", True),
        "DEC-1": ("person", False),
    }
    assert (view.attempt, view.cost, view.tokens) == (2, "$0.08 of $1.00", (2400, 600))
    assert view.command.startswith("agent-gate approve ")


def test_a_clause_tells_what_is_required_and_what_was_measured(parked: Any) -> None:
    view = view_of(parked.journal.events())
    assert {clause.id: clause.basis for clause in view.clauses} == {
        "SEC-1": "no B608: none found",
        "ACC-1": "passes, red on the base: passed, red (assertion)",
        "DEC-1": "the lock is taken before the balance is read: waits for the approver's sentence",
    }
    assert view.judged == parked.journal.state().clauses


def test_a_clause_that_nothing_shows_is_open_until_the_verdict_and_unverified_after_it(story: Any) -> None:
    story.begin()
    story.send_back_first()
    events = story.journal.events()
    for seen, state in ((events[:-1], "waiting"), (events, "unverified")):
        assert {clause.id: clause.state for clause in view_of(seen).clauses}["ACC-1"] == state


def test_an_advisory_gate_that_fails_is_a_question_before_and_after_the_verdict(parked_by_all: Any) -> None:
    events = parked_by_all.journal.events()
    judged = next(n for n, event in enumerate(events) if event.type == "ChecksFinished")
    for seen in (events[:judged], events):
        view = view_of(seen)
        asking = {name: state for name, state in stages(view).items() if state == "ask"}
        assert asking == {"coverage": "ask", "mutation": "ask"}
        effects = {finding.rule: effect for finding, effect in view.findings}
        assert effects == {"weakened-assertion": "ask", "not-run": "ask", "survived": "ask"}


def test_a_gate_that_has_to_pass_blocks_with_the_same_finding(parked: Any) -> None:
    events = parked.journal.events()
    judged = next(n for n, event in enumerate(events) if event.type == "ChecksFinished")
    view = view_of(events[:judged])
    assert stages(view)["bandit"] == "failed"
    assert [effect for _, effect in view.findings] == ["block"]


def test_what_was_sent_back_is_told_with_its_reasons(parked: Any) -> None:
    (back,) = view_of(parked.journal.events()).sent_back
    assert back.attempt == 1
    assert any("B608" in reason and "shop/orders.py:2" in reason for reason in back.reasons)


def test_model_text_streams_and_begins_anew_with_each_attempt(story: Any) -> None:
    story.begin()
    story.tell(ev.ProposalStarted(attempt=1))
    view = view_of(story.journal.events())
    for piece in ("one ", "two"):
        view = see(view, ev.ModelText(attempt=1, text=piece))
    assert view.model_text == "one two"
    failed = see(view, ev.ProposalFailed(attempt=1, message="cut off"))
    assert see(failed, ev.ProposalStarted(attempt=1)).model_text == ""
    flooded = see(view, ev.ModelText(attempt=1, text="x" * 2 * MODEL_TEXT_KEPT))
    assert len(flooded.model_text) == MODEL_TEXT_KEPT


def test_a_provider_error_is_told_and_forgotten_when_a_reply_comes(story: Any) -> None:
    story.begin()
    story.tell(ev.ProposalStarted(attempt=1))
    story.tell(ev.ProposalFailed(attempt=1, message="the provider is busy"))
    view = view_of(story.journal.events())
    assert stages(view)["model"] == "failed"
    assert "the provider is busy" in view.next
    story.propose()
    assert "busy" not in view_of(story.journal.events()).next


def test_a_journal_must_begin_with_its_start(parked: Any) -> None:
    with pytest.raises(JournalError):
        view_of(parked.journal.events()[1:])


def test_every_prefix_of_a_journal_can_be_shown_and_agrees_with_the_state(parked: Any) -> None:
    events = parked.journal.events()
    views = [view_of(events[: n + 1]) for n in range(len(events))]
    for n, view in enumerate(views):
        assert view.state == fold(events[: n + 1])
        assert view.stages
        assert len(view.clauses) == len(view.spec.clauses)
        assert view.next


@given(st.text(max_size=200))
def test_the_models_text_is_kept_as_it_came(text: str) -> None:
    seen = _bare(ev.ModelText(attempt=1, text=text))
    assert seen.model_text == text


@pytest.mark.parametrize(
    ("microusd", "shown"), [(0, "$0.00"), (1_000_000, "$1.00"), (80_000, "$0.08"), (1_234, "$0.0012")]
)
def test_money_is_told_in_cents_and_smaller_where_it_is_smaller(microusd: int, shown: str) -> None:
    assert dollars(microusd) == shown


def _bare(*live: ev.LiveEvent) -> RunView:
    from agent_gate.domain.approval import Person
    from agent_gate.domain.policy import Policy
    from agent_gate.engine.start import trivial_spec

    start = ev.RunStarted(
        run="R", spec=trivial_spec("mend it", ("a/**",)), base="b", ref="refs/heads/main", policy=Policy(), policy_blob="",
        model="m", attempts=1, operator=Person(name="A", email="a@example.org"), version="1",
    )  # fmt: skip
    return view_of((start, *live))
