from __future__ import annotations

from typing import Any

from textual.widgets import Input

from agent_gate.engine.context import Context
from agent_gate.tui.app import make_app
from agent_gate.tui.screens.dialogs import AskScreen
from agent_gate.tui.screens.home import HomeScreen
from agent_gate.tui.screens.review import ReviewScreen
from agent_gate.tui.screens.run import RunScreen
from agent_gate.vcs.repo import Repository


async def start(pilot: Any, until: Any, type_text: Any, model: str) -> RunScreen:
    """Opens the spec of the repository and runs it, all by keyboard."""
    await pilot.pause()
    await pilot.press("o", "down", "enter")
    await until(pilot, lambda: getattr(pilot.app.screen, "spec", None) is not None)
    await pilot.press("ctrl+r")
    await until(pilot, lambda: isinstance(pilot.app.screen, AskScreen))
    await type_text(pilot, model)
    await until(pilot, lambda: pilot.app.screen.query_one(Input).value == model)
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen))
    screen = pilot.app.screen
    assert isinstance(screen, RunScreen)
    return screen


async def test_a_run_goes_from_the_form_to_the_seal(
    gated_shop: Repository, recording: Any, replies: Any, until: Any, type_text: Any, screen_text: Any
) -> None:
    app = make_app(Context.open(gated_shop.root))
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await start(pilot, until, type_text, recording(replies["bad"], replies["good"]))
        await until(pilot, lambda: screen.view.waits_for_person)
        await until(pilot, lambda: "opens the review" in screen_text(pilot))
        text = screen_text(pilot)
        assert "I lock first." in text
        assert "Attempt 1 was sent back" in text
        assert "attempt 2 of 3" in text
        assert "scope ✓ ── you ●" in text
        await pilot.press("d")
        await until(pilot, lambda: "db.lock(key)" in screen_text(pilot))
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, AskScreen))
        assert "the lock is taken first" in screen_text(pilot)
        await pilot.press("enter")  # an empty sentence is none
        assert isinstance(app.screen, AskScreen)
        await type_text(pilot, "line 2 locks, line 3 reads")
        await pilot.press("enter")
        await until(pilot, lambda: "Approve exactly this" in screen_text(pilot))
        assert "line 2 locks, line 3 reads" in screen_text(pilot)
        await pilot.press("y")
        await until(pilot, lambda: "Agent-Gate-Result: pass" in screen_text(pilot))
        tip = gated_shop.resolve("refs/heads/main")
        assert f"agent-gate verify {tip[:12]}" in screen_text(pilot)
    state = Context.open(gated_shop.root).runs.find("@").state()
    assert state.phase == "sealed"
    assert state.candidate is not None
    assert gated_shop.tree_of(tip) == state.candidate.tree
    assert state.approvals[0].means == "terminal"
    assert dict(state.approvals[0].answers) == {"DEC-1": "line 2 locks, line 3 reads"}


async def test_a_run_can_be_left_and_found_again(
    gated_shop: Repository, recording: Any, replies: Any, until: Any, type_text: Any, screen_text: Any
) -> None:
    app = make_app(Context.open(gated_shop.root))
    async with app.run_test() as pilot:
        screen = await start(pilot, until, type_text, recording(replies["good"], delay_s=0.15))
        await until(pilot, lambda: "I lock" in screen.view.model_text)
        await pilot.press("escape")
        assert "agent-gate resume" in screen_text(pilot)
        await pilot.press("y")
        await pilot.pause()
        await pilot.press("escape")  # out of the form, if it is still there
        await until(pilot, lambda: isinstance(app.screen, HomeScreen))
        await until(pilot, lambda: "waits for you" in screen_text(pilot))
        await pilot.press("enter")
        assert isinstance(app.screen, ReviewScreen)


async def test_a_cancelled_run_stops_and_can_be_carried_on(
    gated_shop: Repository, recording: Any, replies: Any, until: Any, type_text: Any, screen_text: Any
) -> None:
    app = make_app(Context.open(gated_shop.root))
    model = recording(replies["good"], delay_s=1.0)
    async with app.run_test() as pilot:
        screen = await start(pilot, until, type_text, model)
        await until(pilot, lambda: screen.view.model_text)
        await pilot.press("ctrl+c")
        await until(pilot, lambda: "g goes on" in screen_text(pilot))
        assert screen.view.state.phase == "proposing"
        recording(replies["good"])
        await pilot.press("g")
        await until(pilot, lambda: screen.view.waits_for_person)


async def test_quitting_asks_while_a_run_is_on_its_way_and_leaves_nothing_behind(
    gated_shop: Repository, recording: Any, replies: Any, until: Any, type_text: Any, screen_text: Any
) -> None:
    app = make_app(Context.open(gated_shop.root))
    async with app.run_test() as pilot:
        screen = await start(pilot, until, type_text, recording(replies["good"], delay_s=2.0))
        await until(pilot, lambda: screen.view.model_text)
        await pilot.press("ctrl+q")
        assert "Stop and quit?" in screen_text(pilot)
        await pilot.press("y")
        await until(pilot, lambda: app.return_value == 0)
    assert not app.desk.under_way
    with Context.open(gated_shop.root).runs.find("@").writing():
        pass  # the run's lock is free


async def test_a_refusal_is_told_in_the_words_of_the_command_line(
    gated_shop: Repository, recording: Any, until: Any, type_text: Any, screen_text: Any
) -> None:
    recording("x")
    app = make_app(Context.open(gated_shop.root))
    async with app.run_test() as pilot:
        await pilot.pause()
        await pilot.press("o", "down", "enter")
        await until(pilot, lambda: getattr(app.screen, "spec", None) is not None)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: isinstance(app.screen, AskScreen))
        await type_text(pilot, "replay:/no/such/file")
        await pilot.press("enter")
        await until(pilot, lambda: "error:" in screen_text(pilot))
        assert "cannot read the recorded replies" in " ".join(screen_text(pilot).split())


async def test_the_screen_lives_while_the_engine_works(
    gated_shop: Repository, recording: Any, until: Any, type_text: Any, screen_text: Any
) -> None:
    app = make_app(Context.open(gated_shop.root))
    async with app.run_test() as pilot:
        chatter = recording("chatter " * 500, delay_s=0.3)
        screen = await start(pilot, until, type_text, chatter)
        await until(pilot, lambda: screen.view.model_text)
        for _ in range(3):
            heard = len(screen.view.model_text)
            await pilot.press("question_mark")
            assert "From one place to the next" in screen_text(pilot)
            await pilot.press("escape")
            await until(pilot, lambda heard=heard: len(screen.view.model_text) > heard)
        assert screen.view.state.phase == "proposing"
        await pilot.press("ctrl+c")
        await until(pilot, lambda: not app.desk.under_way)
