"""What each screen looks like. `make snapshots` renders them anew; look at them before committing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from repositories import write_files
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


COMPLETE = """\
schema: agent-gate/spec/v1
id: orders-seen
title: Show an order
goal: GET /orders/1 shows the order, also while the price list is away.
paths: {allow: ["shop/**", "tests/**"]}
failure_modes:
  - id: FAIL-1
    cause: the price list does not answer for 5 s
    response: the order is shown without prices within 1 s
    detection: the counter prices_unavailable rises
    recovery: the next request asks again
    verified_by: ["pytest:tests/test_outage.py::test_prices_away"]
acceptance:
  - {id: ACC-1, statement: a known order is shown, verified_by: ["pytest:tests/test_orders.py::test_shown"]}
approach:
  - {id: DEC-1, statement: the page stays one template, verified_by: ["manual: no second template appears"]}
not_applicable:
  load: a clerk looks at a few orders an hour
  latency: the clerk is on the phone meanwhile
  security: whoever may open the shop may see its orders
"""
SOURCES = {
    "shop/app.py": 'from fastapi import FastAPI\n\nfrom shop import db\n\napp = FastAPI()\n\n\n@app.post("/orders")\ndef create(order: dict):\n    return db.store(order)\n',
    "shop/db.py": 'import psycopg\nimport stripe\n\n\ndef store(order):\n    with psycopg.connect("dbname=shop") as db:\n        db.execute("insert into orders values (%s)", (order["sku"],))\n',
    "specs/orders-once.yaml": SPEC,
    "specs/complete.yaml": COMPLETE,
}


@pytest.fixture
def specs(shop: Repository) -> None:
    """Sources that say something, and two specs."""
    write_files(shop.root, SOURCES)


@pytest.fixture
def shown(until: Any, screen_text: Any) -> Callable[..., Any]:
    """`shown(text, *keys)`: presses the keys, then waits for a text to be on the screen.

    `first` is waited for before the keys are pressed; so is, at its place, a text of words among them.
    """

    def make(text: str, *keys: str, first: str = "") -> Any:
        async def before(pilot: Pilot[Any]) -> None:
            await until(pilot, lambda: first in screen_text(pilot))
            for key in keys:
                await until(pilot, lambda: _settled(pilot))
                if " " in key:
                    await until(pilot, lambda key=key: key in screen_text(pilot))
                else:
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
def test_spec_start(snap_compare: Any, open_app: Any, shown: Any, size: tuple[int, int]) -> None:
    assert snap_compare(
        open_app("spec"), terminal_size=size, run_before=shown("From a spec", first="No runs here yet")
    )


@both_sizes
def test_spec_slots(snap_compare: Any, open_app: Any, shown: Any, size: tuple[int, int]) -> None:
    app = open_app("spec")
    assert snap_compare(
        app,
        terminal_size=size,
        run_before=shown("in the singular", "CRUD endpoint", "enter", first="No runs here yet"),
    )


@both_sizes
def test_spec_trivial(snap_compare: Any, open_app: Any, shown: Any, size: tuple[int, int]) -> None:
    keys = ("end", "up", "up", "up", "enter", "needs no more", *"Mend", "tab", *"It.is", "tab", "tab")
    before = shown("! SP0", *keys, first="Trivial change")
    assert snap_compare(open_app("spec"), terminal_size=size, run_before=before)


@both_sizes
@pytest.mark.usefixtures("specs")
def test_spec_with_a_question(snap_compare: Any, open_app: Any, shown: Any, size: tuple[int, int]) -> None:
    app = open_app("spec", "specs/orders-once.yaml")
    before = shown("? FM03", *["pagedown"] * 4, "tab", "tab", first="Create an order")
    assert snap_compare(app, terminal_size=size, run_before=before)


@both_sizes
@pytest.mark.usefixtures("specs")
def test_spec_finds(snap_compare: Any, open_app: Any, shown: Any, size: tuple[int, int]) -> None:
    app = open_app("spec", "specs/orders-once.yaml")
    keys = (*["pagedown"] * 4, "found in this repository", "f3")
    before = shown("Enter takes it", *keys, first="Create an order")
    assert snap_compare(app, terminal_size=size, run_before=before)


@both_sizes
@pytest.mark.usefixtures("specs")
def test_spec_silence(snap_compare: Any, open_app: Any, shown: Any, size: tuple[int, int]) -> None:
    app = open_app("spec", "specs/orders-once.yaml")
    before = shown(
        "Silence a question", *["pagedown"] * 4, "tab", "tab", "? FM03", "f5", first="Create an order"
    )
    assert snap_compare(app, terminal_size=size, run_before=before)


@both_sizes
@pytest.mark.usefixtures("specs")
def test_spec_complete(snap_compare: Any, open_app: Any, shown: Any, size: tuple[int, int]) -> None:
    app = open_app("spec", "specs/complete.yaml")
    before = shown("nothing is open", *["pagedown"] * 6, first="Create an order")
    assert snap_compare(app, terminal_size=size, run_before=before)


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
def test_run_with_nine_gates(
    snap_compare: Any, open_app: Any, story: Any, shown: Any, size: tuple[int, int]
) -> None:
    story.ask_with_all_gates()
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


def test_review_of_nine_gates(snap_compare: Any, open_app: Any, parked_by_all: Any, shown: Any) -> None:
    app = open_app("review", parked_by_all.journal.run_id)
    assert snap_compare(
        app, terminal_size=(120, 40), run_before=shown("faults noticed", "c", first="db.run(INSERT")
    )


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
