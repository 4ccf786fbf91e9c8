from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.pilot import Pilot
from textual.widgets import OptionList

from agent_gate.run import events as ev
from agent_gate.tui.screens.home import HomeScreen
from agent_gate.tui.screens.review import ReviewScreen
from agent_gate.tui.screens.run import RunScreen
from agent_gate.tui.screens.spec_start import StartScreen


def screen_class(pilot: Pilot[Any]) -> type:
    return type(pilot.app.screen)


async def test_an_empty_repository_says_what_to_do(open_app: Any, until: Any, screen_text: Any) -> None:
    async with open_app().run_test() as pilot:
        await until(pilot, lambda: "No runs here yet" in screen_text(pilot))
        text = screen_text(pilot)
        assert "No runs here yet" in text
        assert "agent-gate demo" in text
        assert "shop ─ main@" in text
        await pilot.press("n")
        await until(pilot, lambda: screen_class(pilot) is StartScreen)


async def test_runs_that_wait_for_a_person_stand_first_and_each_says_its_next_step(
    open_app: Any, parked: Any, another_story: Callable[[str], Any], until: Any, screen_text: Any
) -> None:
    stopped = another_story("01JZZZZZZZZZZZZZZZZZZZZZZZ")
    stopped.begin()
    stopped.tell(ev.ProposalStarted(attempt=1))
    blocked = another_story("01JYYYYYYYYYYYYYYYYYYYYYYY")
    blocked.begin()
    blocked.send_back_first()
    blocked.tell(ev.RunAborted(message="enough"))
    async with open_app().run_test(size=(100, 24)) as pilot:
        runs = pilot.app.screen.query_one("#runs", OptionList)
        await until(pilot, lambda: runs.option_count == 3)
        ids = [option.id for option in runs.options]
        assert ids == [parked.journal.run_id, stopped.journal.run_id, blocked.journal.run_id]
        await until(pilot, lambda: "● orders-once" in screen_text(pilot))
        text = screen_text(pilot)
        assert "waits for you" in text
        assert "stopped; next: the model writes" in text
        await pilot.press("enter")
        await until(pilot, lambda: screen_class(pilot) is ReviewScreen)
        await pilot.press("escape")
        await until(pilot, lambda: screen_class(pilot) is HomeScreen)
        await until(pilot, lambda: runs.option_count == 3)
        await pilot.press("down", "enter")
        await until(pilot, lambda: screen_class(pilot) is RunScreen)
        await until(pilot, lambda: "g goes on" in screen_text(pilot))


async def test_a_damaged_journal_is_told_and_hides_no_other(
    open_app: Any, parked: Any, another_story: Callable[[str], Any], until: Any, screen_text: Any
) -> None:
    broken = another_story("01JXXXXXXXXXXXXXXXXXXXXXXX")
    broken.journal.path.write_text("no json\n")
    async with open_app().run_test(size=(160, 24)) as pilot:
        runs = pilot.app.screen.query_one("#runs", OptionList)
        await until(pilot, lambda: runs.option_count == 2)
        assert parked.journal.run_id == runs.options[0].id
        await pilot.press("end", "enter")
        await until(pilot, lambda: "error:" in screen_text(pilot))


async def test_help_lists_the_keys_of_the_screen(open_app: Any, screen_text: Any) -> None:
    async with open_app().run_test() as pilot:
        await pilot.pause()
        await pilot.press("question_mark")
        text = screen_text(pilot)
        assert "Write a new spec" in text
        assert "Quit" in text
        await pilot.press("escape")
        await pilot.press("q")
    assert pilot.app.return_value == 0


async def test_a_run_cannot_deceive_the_terminal_by_its_names(
    open_app: Any, story: Any, until: Any, screen_text: Any
) -> None:
    story.begin(model="evil\x1b[2J[red]model[/red]\u202e")
    async with open_app("home").run_test(size=(120, 24)) as pilot:
        await until(pilot, lambda: pilot.app.screen.query_one("#runs", OptionList).option_count == 1)
        await pilot.press("enter")
        await until(pilot, lambda: screen_class(pilot) is RunScreen)
        text = screen_text(pilot)
        assert "evil\\x1b[2J[red]model[/red]\\u202e" in text
        assert "\x1b" not in text
