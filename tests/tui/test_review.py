from __future__ import annotations

from typing import Any

from repositories import commit_all, write_files
from textual.widgets import OptionList

from agent_gate.engine.context import Context
from agent_gate.run import events as ev
from agent_gate.tui.screens.dialogs import AskScreen
from agent_gate.tui.screens.run import RunScreen
from agent_gate.tui.widgets.diff_view import DiffView
from agent_gate.vcs.repo import Repository


async def test_findings_stand_under_their_lines(
    open_app: Any, parked: Any, until: Any, screen_text: Any
) -> None:
    async with open_app("review", parked.journal.run_id).run_test(size=(100, 40)) as pilot:
        await until(pilot, lambda: "db.run(INSERT" in screen_text(pilot))
        lines = screen_text(pilot).splitlines()
        at = next(n for n, line in enumerate(lines) if "db.run(INSERT" in line)
        assert "   5 +" in lines[at]
        assert "┆ ? ruff new-suppression" in lines[at + 1]
        assert any("M shop/orders.py ?1" in line for line in lines)
        assert any("DEC-1" in line and "●" in line for line in lines)


async def test_n_and_p_go_from_stop_to_stop_and_the_files_follow(
    open_app: Any, parked: Any, until: Any
) -> None:
    async with open_app("review", parked.journal.run_id).run_test() as pilot:
        diff = pilot.app.screen.query_one(DiffView)
        files = pilot.app.screen.query_one("#files", OptionList)
        panel = pilot.app.screen.query_one("#diff-panel")
        await until(pilot, lambda: str(panel.border_subtitle) == "1/3")
        await pilot.press("n")
        await until(pilot, lambda: str(panel.border_subtitle) == "2/3")
        assert files.highlighted == 0
        await pilot.press("n", "n", "n")
        await until(pilot, lambda: str(panel.border_subtitle) == "3/3")
        await until(pilot, lambda: files.highlighted == 1)
        assert str(panel.border_title) == "tests/test_orders.py"
        await pilot.press("p", "p", "p")
        await until(pilot, lambda: str(panel.border_subtitle) == "1/3")
        assert diff.scroll_y == 0


async def test_the_clauses_take_the_diffs_place_where_there_is_little_room(
    open_app: Any, parked: Any, until: Any, screen_text: Any
) -> None:
    async with open_app("review", parked.journal.run_id).run_test() as pilot:
        await until(pilot, lambda: "db.run(INSERT" in screen_text(pilot))
        assert "red on the base" not in screen_text(pilot)
        await pilot.press("c")
        await until(pilot, lambda: "red on the base" in screen_text(pilot))
        assert "model-written" in screen_text(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: "db.run(INSERT" in screen_text(pilot))


async def test_everything_that_is_signed_is_shown_first(
    open_app: Any, parked: Any, until: Any, type_text: Any, screen_text: Any
) -> None:
    async with open_app("review", parked.journal.run_id).run_test(size=(120, 60)) as pilot:
        await pilot.press("a")
        await type_text(pilot, "the lock is in line 4")
        await pilot.press("enter")
        await until(pilot, lambda: "Approve exactly this" in screen_text(pilot))
        text = screen_text(pilot)
        state = parked.journal.state()
        for digest in (
            state.binding.tree,
            state.binding.base,
            *(d[7:] for d in (state.binding.spec_digest, state.binding.verdict_digest)),
        ):
            assert digest in text
        assert "the lock is in line 4" in text
        assert "pytest:tests/test_orders.py::test_same_key" in text  # written by the model: to be confirmed
        assert "a reason is missing for the lock" in text  # a question: to be accepted
        await pilot.press("escape")
        await pilot.pause()
    assert parked.journal.state().phase == "awaiting_approval"


async def test_a_rejection_needs_a_reason_and_ends_the_run(
    open_app: Any, parked: Any, until: Any, type_text: Any, screen_text: Any
) -> None:
    async with open_app("review", parked.journal.run_id).run_test() as pilot:
        await pilot.press("r", "enter")
        assert isinstance(pilot.app.screen, AskScreen)
        await type_text(pilot, "the lock comes too late")
        await pilot.press("enter")
        await until(pilot, lambda: "rejected: the lock comes too late" in screen_text(pilot))
        await pilot.press("a")  # nothing is left to approve
        assert len(pilot.app.screen_stack) == 2
        await pilot.press("escape")
    state = parked.journal.state()
    assert (state.phase, state.end_message) == ("rejected", "the lock comes too late")
    assert pilot.app.return_value == 0


async def test_a_base_that_moved_lands_nothing_and_offers_to_gate_again(
    open_app: Any, parked: Any, shop: Repository, until: Any, type_text: Any, screen_text: Any
) -> None:
    write_files(shop.root, {"README.md": "# moved\n"})
    tip = commit_all(shop.root)
    async with open_app("review", parked.journal.run_id).run_test() as pilot:
        await pilot.press("a")
        await type_text(pilot, "seen")
        await pilot.press("enter")
        await until(pilot, lambda: "Approve exactly this" in screen_text(pilot))
        await pilot.press("y")
        await until(pilot, lambda: "nothing landed" in screen_text(pilot))
        assert f"agent-gate resume {parked.journal.run_id}" in " ".join(screen_text(pilot).split())
        await pilot.press("enter")
        await until(pilot, lambda: "gate again" in screen_text(pilot))
        await pilot.press("g")
        await until(pilot, lambda: parked.journal.state().phase == "proposed")
        assert any(isinstance(screen, RunScreen) for screen in pilot.app.screen_stack)
    assert shop.resolve("refs/heads/main") == tip


async def test_a_blocked_run_says_why_and_offers_no_approval(
    open_app: Any, story: Any, until: Any, screen_text: Any
) -> None:
    story.begin()
    for _ in range(3):
        story.send_back_first()
    story.tell(ev.RunBlocked(message="all 3 attempts used, and none passed the gates"))
    async with open_app("review", story.journal.run_id).run_test(size=(160, 40)) as pilot:
        await until(pilot, lambda: "✗ bandit B608" in screen_text(pilot))
        text = screen_text(pilot)
        assert "none passed the gates" in text
        assert "a approve" not in text.lower()


def _visible_rows(diff: DiffView) -> str:
    return "\n".join(diff.render_line(y).text for y in range(48))


async def test_five_thousand_lines_scroll_page_by_page(open_app: Any, story: Any, until: Any) -> None:
    story.begin()
    story.propose()
    lines = "".join(f"value_{n} = {n}  # {'x' * (n % 90)}\n" for n in range(5000))
    candidate = story.prepare({"shop/orders.py": lines})
    from agent_gate.domain.gate import GateResult

    names = ("scope", "ruff", "bandit", "tests")
    story.check(candidate, *(GateResult(gate=name, definition_digest="d", status="failed") for name in names))
    story.tell(ev.RunAborted(message="enough"))
    async with open_app("review", story.journal.run_id).run_test(size=(160, 48)) as pilot:
        diff = pilot.app.screen.query_one(DiffView)
        # Before its scrollbar stands, nothing can scroll yet.
        await until(pilot, lambda: diff.virtual_size.height > 5000 and diff.allow_vertical_scroll)
        for page in range(20):
            diff.scroll_to(y=page * 200, animate=False, immediate=True)
            await until(pilot, lambda row=page * 200: f"value_{row}" in _visible_rows(diff))
        await pilot.press("end")
        await until(pilot, lambda: diff.scroll_y > 4900)


async def test_a_run_that_is_not_there_is_refused_before_the_screen_opens(shop: Repository) -> None:
    import pytest

    from agent_gate.errors import UsageError
    from agent_gate.tui.desk import Desk
    from agent_gate.tui.screens.review import ReviewScreen

    with pytest.raises(UsageError):
        ReviewScreen(Desk(Context.open(shop.root)), "01NOSUCHRUN")
