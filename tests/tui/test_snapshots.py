"""What each screen looks like. `make snapshots` renders them anew; look at them before committing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from agent_gate.run import events as ev
from agent_gate.vcs.repo import Repository

SIZES = [(80, 24), (160, 48)]
both_sizes = pytest.mark.parametrize("size", SIZES, ids=["80x24", "160x48"])

SPEC = """\
schema: agent-gate/spec/v1
id: orders-once
title: Create an order once
goal: POST /orders stores an order once, however often the client retries.
paths: {allow: ["shop/**", "tests/**"], deny: ["shop/payments/**"]}
load:
  - {id: LOAD-1, stimulus: 50 orders a second for 20 s, expect: ["error_rate <= 0.1 %"], verified_by: [load]}
latency:
  - {id: LAT-1, stimulus: an order under LOAD-1, expect: ["p95 <= 50"], verified_by: ["load:LOAD-1"]}
failure_modes:
  - id: FAIL-1
    cause: the database stops answering for 5 s
    response: 503 with Retry-After within 1 s, no accepted order is lost
    recovery: normal answers within 2 s
    verified_by: ["pytest:tests/test_outage.py::test_database_down"]
approach:
  - {id: DEC-1, statement: a lock on the credit row, verified_by: ["manual: the lock is taken first"]}
"""


@pytest.fixture
def shown(until: Any, screen_text: Any) -> Callable[..., Any]:
    """`shown(text, *keys)`: presses the keys, then waits for a text to be on the screen.

    `first` is waited for before the keys are pressed.
    """

    def make(text: str, *keys: str, first: str = "") -> Any:
        async def before(pilot: Pilot[Any]) -> None:
            await until(pilot, lambda: first in screen_text(pilot))
            for key in keys:
                await until(pilot, lambda: _settled(pilot))
                await pilot.press(key)
            await until(pilot, lambda: text in screen_text(pilot) and _settled(pilot))
            await pilot.pause()

        return before

    return make


def _settled(pilot: Pilot[Any]) -> bool:
    """The focus is where it will be."""
    return pilot.app.focused is not None or not pilot.app.screen.focus_chain


@both_sizes
def test_home_empty(snap_compare: Any, open_app: Any, shown: Any, size: tuple[int, int]) -> None:
    assert snap_compare(open_app(), terminal_size=size, run_before=shown("No runs here yet"))


@both_sizes
@pytest.mark.usefixtures("parked")
def test_home(
    snap_compare: Any, open_app: Any, another_story: Any, shown: Any, size: tuple[int, int]
) -> None:
    stopped = another_story("01JZZZZZZZZZZZZZZZZZZZZZZZ")
    stopped.begin()
    stopped.tell(ev.ProposalStarted(attempt=1))
    blocked = another_story("01JYYYYYYYYYYYYYYYYYYYYYYY")
    blocked.begin()
    blocked.send_back_first()
    blocked.tell(ev.RunAborted(message="enough"))
    assert snap_compare(open_app(), terminal_size=size, run_before=shown("aborted"))


@both_sizes
def test_spec_new(snap_compare: Any, open_app: Any, shown: Any, size: tuple[int, int]) -> None:
    assert snap_compare(open_app("spec"), terminal_size=size, run_before=shown("becomes the subject"))


@both_sizes
def test_spec_with_a_problem(
    snap_compare: Any, open_app: Any, shop: Repository, shown: Any, size: tuple[int, int]
) -> None:
    target = shop.root / "specs" / "orders-once.yaml"
    target.parent.mkdir()
    target.write_text(SPEC)
    keys = ("o", "down", "enter", "pagedown", "pagedown", "pagedown", "pagedown", "tab", "tab")
    assert snap_compare(
        open_app(), terminal_size=size, run_before=shown("3 in the morning", *keys, first="No runs here yet")
    )


@both_sizes
def test_run(snap_compare: Any, open_app: Any, story: Any, shown: Any, size: tuple[int, int]) -> None:
    story.begin()
    story.send_back_first()
    story.propose()
    candidate = story.prepare({"shop/orders.py": "x = 1\n"})
    story.tell(ev.ChecksStarted(attempt=2, tree=candidate.tree, gates=("bandit", "ruff", "scope", "tests")))
    story.tell(ev.GateStarted(attempt=2, gate="tests"))
    assert snap_compare(
        open_app(), terminal_size=size, run_before=shown("goes on", "enter", first="stopped; next")
    )


@both_sizes
def test_review(snap_compare: Any, open_app: Any, parked: Any, shown: Any, size: tuple[int, int]) -> None:
    app = open_app("review", parked.journal.run_id)
    assert snap_compare(app, terminal_size=size, run_before=shown("db.run(INSERT"))


def test_review_clauses(snap_compare: Any, open_app: Any, parked: Any, shown: Any) -> None:
    app = open_app("review", parked.journal.run_id)
    assert snap_compare(app, run_before=shown("red on the base", "c", first="db.run(INSERT"))


def test_review_question(snap_compare: Any, open_app: Any, parked: Any, shown: Any) -> None:
    app = open_app("review", parked.journal.run_id)
    assert snap_compare(app, run_before=shown("Your word, 1 of 1", "a", first="db.run(INSERT"))


def test_review_signature(snap_compare: Any, open_app: Any, parked: Any, shown: Any) -> None:
    app = open_app("review", parked.journal.run_id)
    assert snap_compare(
        app, run_before=shown("Approve exactly", "a", *"seen", "enter", first="db.run(INSERT")
    )


def test_failure(snap_compare: Any, open_app: Any, shop: Repository, shown: Any) -> None:
    (shop.root / "broken.yaml").write_text("a: [\n")
    assert snap_compare(
        open_app(), run_before=shown("hint:", "o", *"broken.yaml", "enter", first="No runs here yet")
    )


def test_help(snap_compare: Any, open_app: Any, shown: Any) -> None:
    assert snap_compare(
        open_app(), run_before=shown("Write a new spec", "question_mark", first="No runs here yet")
    )
