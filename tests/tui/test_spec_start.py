"""How a new spec begins, by keys alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from agent_gate.drafting.preset import PRESETS, preset, slots
from agent_gate.spec.lint import review_spec
from agent_gate.spec.reader import parse_spec, read_spec
from agent_gate.spec.surroundings import Surroundings
from agent_gate.tui.screens.preset_slots import SlotsScreen
from agent_gate.tui.screens.spec_start import StartScreen
from agent_gate.vcs.repo import Repository

WITH_SLOTS = [each for each in PRESETS if each.name not in {"trivial", "blank"}]
ISSUE = """\
# Searching orders takes too long

With 100,000 orders a search takes 8 s.

## Acceptance criteria

- [ ] a search finds the same orders as before
- [ ] p95 <= 500 ms with 20 requests/s
"""


@pytest.fixture
def root(shop: Repository) -> Path:
    return shop.root


def only_spec(root: Path) -> Path:
    (found,) = root.glob("specs/*.yaml")
    return found


@pytest.mark.parametrize("chosen", WITH_SLOTS, ids=lambda each: each.name)
async def test_each_preset_becomes_a_valid_spec_by_answers_alone(
    open_app: Any, save_new: Any, begin: Any, type_text: Any, until: Any, form: Any, root: Path, chosen: Any
) -> None:
    async with open_app("spec").run_test() as pilot:
        await begin(pilot, chosen.title)
        await until(pilot, lambda: isinstance(pilot.app.screen, SlotsScreen) and pilot.app.focused)
        for slot in slots(preset(chosen.name)):
            assert slot.example
            await type_text(pilot, slot.example)
            await pilot.press("enter")
        screen = await form(pilot)
        assert [p for p in screen.problems if p.level == "error"] == []
        assert slots(screen.manuscript.draft) == ()
        await save_new(pilot)
        await until(pilot, lambda: list(root.glob("specs/*.yaml")))
    target = only_spec(root)
    review = review_spec(target.read_bytes(), str(target), Surroundings.of(root))
    assert review.errors == ()
    spec = parse_spec(target.read_bytes(), str(target))
    assert spec.id == target.stem
    assert spec.failure_modes or "failure_modes" in spec.not_applicable


async def test_slots_that_stay_empty_are_selected_in_the_form_and_typed_over(
    open_app: Any, begin: Any, type_text: Any, form: Any, until: Any, screen_text: Any
) -> None:
    async with open_app("spec").run_test() as pilot:
        await begin(pilot, "CRUD endpoint")
        await type_text(pilot, "order")
        await pilot.press("ctrl+s")
        screen = await form(pilot)
        assert screen.manuscript.draft.text("title") == "POST <endpoint path> creates one order"
        assert screen.manuscript.draft.text("id") == ""
        await pilot.press(*"/orders")
        await until(pilot, lambda: screen.manuscript.draft.text("title") == "POST /orders creates one order")
        assert screen.manuscript.draft.text("id") == "post-orders-creates-one-order"
        assert "◇" in screen_text(pilot)


async def test_tab_goes_from_slot_to_slot_before_it_leaves_the_field(
    open_app: Any, begin: Any, form: Any, until: Any
) -> None:
    async with open_app("spec").run_test() as pilot:
        await begin(pilot, "CRUD endpoint")
        await pilot.press("ctrl+s")
        screen = await form(pilot)
        await pilot.press("a", "tab", "b")
        await until(pilot, lambda: screen.manuscript.draft.text("title") == "POST a creates one b")
        await pilot.press("tab", "c")
        await until(pilot, lambda: screen.manuscript.draft.text("id").startswith("c"))


async def test_escape_from_the_answers_leaves_nothing_behind(
    open_app: Any, begin: Any, type_text: Any, until: Any, root: Path
) -> None:
    drafts = root / ".git" / "agent-gate" / "drafts"
    async with open_app("spec").run_test() as pilot:
        await begin(pilot, "Background job")
        await type_text(pilot, "send receipts")
        await until(pilot, lambda: list(drafts.glob("*.json")))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, StartScreen))
        assert not list(drafts.glob("*.json"))


async def test_a_trivial_change_is_one_page_and_three_answers(
    open_app: Any,
    save_new: Any,
    begin: Any,
    type_text: Any,
    form: Any,
    until: Any,
    screen_text: Any,
    root: Path,
) -> None:
    async with open_app("spec").run_test() as pilot:
        await begin(pilot, "Trivial change")
        screen = await form(pilot)
        assert "Load" not in screen_text(pilot)
        for text in ("Correct the spelling", "The page says recieved.", "shop/pages.py"):
            await type_text(pilot, text)
            await pilot.press("tab")
        await until(pilot, lambda: screen.reading.spec is not None)
        await save_new(pilot)
        target = root / "specs" / "correct-spelling.yaml"
        await until(pilot, target.exists)
    spec = read_spec(target)
    assert (spec.risk, spec.paths.allow) == ("trivial", ("shop/pages.py",))


async def test_an_issue_is_pasted(open_app: Any, begin: Any, type_text: Any, form: Any, root: Path) -> None:
    async with open_app("spec").run_test() as pilot:
        await begin(pilot, "From an issue")
        await type_text(pilot, ISSUE)
        await pilot.press("ctrl+s")
        screen = await form(pilot)
        draft = screen.manuscript.draft
        assert draft.text("title") == "Searching orders takes too long"
        assert draft.text("id") == "searching-orders-takes-too-long"
        assert "the same orders as before" in draft.of("acceptance")[0].text("statement")
        assert list((root / ".git" / "agent-gate" / "drafts").glob("*.json"))  # what was pasted is kept


async def test_an_issue_lies_in_a_file(
    open_app: Any, begin: Any, type_text: Any, form: Any, until: Any, screen_text: Any, root: Path
) -> None:
    (root / "issue.md").write_text(ISSUE)
    async with open_app("spec").run_test() as pilot:
        await begin(pilot, "From an issue")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "there is nothing yet" in screen_text(pilot))
        await type_text(pilot, "issue.md")
        await pilot.press("ctrl+s")
        screen = await form(pilot)
        assert screen.manuscript.draft.text("title") == "Searching orders takes too long"


async def test_a_copy_of_a_spec_gets_a_name_of_its_own(
    open_app: Any, save_new: Any, begin: Any, form: Any, until: Any, type_text: Any, root: Path
) -> None:
    (root / "specs").mkdir()
    text = "schema: agent-gate/spec/v1\nid: small\ntitle: Small\nrisk: trivial\ngoal: mend it\npaths: {allow: [shop/**]}\n"
    (root / "specs" / "small.yaml").write_text(text)
    async with open_app("spec").run_test() as pilot:
        await begin(pilot, "From a spec")
        await until(pilot, lambda: isinstance(pilot.app.focused, Input))
        await pilot.press("down", "enter")
        screen = await form(pilot)
        assert screen.manuscript.draft.text("goal") == "mend it"
        await type_text(pilot, "Smaller")
        await save_new(pilot)
        await until(pilot, (root / "specs" / "smaller.yaml").exists)
    assert (root / "specs" / "small.yaml").read_text() == text


async def test_two_new_specs_at_a_time_do_not_overwrite_each_other(
    open_app: Any, begin: Any, type_text: Any, form: Any, until: Any, screen_text: Any
) -> None:
    async with open_app("spec").run_test() as one, open_app("spec").run_test() as other:
        for pilot, title in ((one, "The first"), (other, "The other")):
            await begin(pilot, "Blank")
            await form(pilot)
            await type_text(pilot, title)
        await one.press("escape")
        await other.press("escape")
    async with open_app("spec").run_test() as pilot:
        await until(pilot, lambda: "“The first”" in screen_text(pilot))
        assert "“The other”" in screen_text(pilot)


async def test_a_path_that_is_not_there_yet_is_where_the_new_spec_goes(
    open_app: Any, begin: Any, type_text: Any, form: Any, until: Any, root: Path
) -> None:
    async with open_app("spec", "specs/mine.yaml").run_test() as pilot:
        await begin(pilot, "Blank")
        await form(pilot)
        await type_text(pilot, "Mine")
        await pilot.press("ctrl+s")
        await until(pilot, (root / "specs" / "mine.yaml").exists)
