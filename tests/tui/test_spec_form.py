from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from textual import events

from agent_gate.drafting.question import SECTIONS
from agent_gate.spec.reader import read_spec
from agent_gate.tui.screens.dialogs import FailureScreen
from agent_gate.tui.screens.spec_form import SpecScreen
from agent_gate.tui.widgets.field_row import FieldRow
from agent_gate.tui.widgets.section_page import SectionPage
from agent_gate.vcs.repo import Repository


@pytest.fixture
def root(shop: Repository) -> Path:
    return shop.root


async def fill(pilot: Any, type_text: Any, *texts: str) -> None:
    """Writes one field after the other, as a person who tabs through them."""
    for text in texts:
        await type_text(pilot, text)
        await pilot.press("tab")
        await pilot.pause()


@pytest.fixture
def blank(begin: Any, form: Any) -> Any:
    """`screen = await blank(pilot)`: a blank form."""

    async def opened(pilot: Any) -> SpecScreen:
        await begin(pilot, "Blank")
        screen: SpecScreen = await form(pilot)
        return screen

    return opened


async def test_a_spec_is_filled_in_by_keyboard_saved_and_means_what_was_typed(
    open_app: Any, save_new: Any, blank: Any, type_text: Any, until: Any, root: Path
) -> None:
    async with open_app("spec").run_test() as pilot:
        screen = await blank(pilot)
        await fill(pilot, type_text, "Create an order")
        assert screen.manuscript.draft.text("id") == "create-order"
        await pilot.press("end", "ctrl+u", *"orders-once", "tab")
        await fill(pilot, type_text, "It stores an order once.")
        await pilot.press("pagedown")
        await fill(pilot, type_text, "shop/**")
        await pilot.press("pagedown")
        await fill(pilot, type_text, "a few orders an hour")
        await pilot.press("pagedown")
        await fill(pilot, type_text, "nobody waits")
        await pilot.press("pagedown", "f2")
        await fill(
            pilot, type_text, "the database is down", "503 within 1 s", "a counter", "at once", "pytest:tests/test_a.py::test_b"
        )  # fmt: skip
        await pilot.press("pagedown", "f2")
        await fill(
            pilot,
            type_text,
            "SQL in the note",
            "bound parameters",
            "bandit:B608\nmanual: look at the statement",
        )
        await until(pilot, lambda: screen.reading.spec is not None)
        assert [problem for problem in screen.problems if problem.level == "error"] == []
        await save_new(pilot)
        target = root / "specs" / "orders-once.yaml"
        await until(pilot, target.exists)
    spec = read_spec(target)
    assert (spec.id, spec.title, spec.goal) == (
        "orders-once",
        "Create an order",
        "It stores an order once.",
    )
    assert spec.paths.allow == ("shop/**",)
    assert [str(v) for v in spec.security[0].verified_by] == ["bandit:B608", "manual: look at the statement"]
    assert spec.failure_modes[0].detection == "a counter"
    assert dict(spec.not_applicable) == {"load": "a few orders an hour", "latency": "nobody waits"}


async def test_what_was_typed_is_there_again(
    open_app: Any, begin: Any, blank: Any, form: Any, type_text: Any, until: Any, screen_text: Any, root: Path
) -> None:
    drafts = root / ".git" / "agent-gate" / "drafts"
    async with open_app("spec").run_test() as pilot:
        await blank(pilot)
        await type_text(pilot, "Half a tit")
        await until(pilot, lambda: list(drafts.glob("*.json")))
    async with open_app("spec").run_test() as pilot:
        await begin(pilot, "Go on")
        screen = await form(pilot)
        assert screen.manuscript.draft.text("title") == "Half a tit"
        assert "restored" in screen_text(pilot)
        await pilot.press("f9", "y")
        await until(pilot, lambda: "Half a tit" not in screen_text(pilot))
    assert not list(drafts.glob("*.json"))


async def test_a_blank_form_that_nobody_wrote_into_leaves_no_draft(
    open_app: Any, blank: Any, root: Path
) -> None:
    async with open_app("spec").run_test() as pilot:
        await blank(pilot)
        await pilot.press("pagedown", "pageup", "escape")
    assert not list((root / ".git" / "agent-gate").glob("drafts/*.json"))


async def test_clauses_are_added_and_taken_away(
    open_app: Any, blank: Any, type_text: Any, until: Any
) -> None:
    async with open_app("spec").run_test() as pilot:
        screen = await blank(pilot)
        await pilot.press("f2")  # the goal has no clauses
        assert not any(screen.manuscript.draft.clauses.values())
        await pilot.press("pagedown", "pagedown", "f2")
        await type_text(pilot, "much")
        await pilot.press("f2")
        await pilot.pause()

        def ids() -> list[str]:
            return [clause.id for clause in screen.manuscript.draft.of("load")]

        assert ids() == ["LOAD-1", "LOAD-2"]
        await pilot.press("f8")  # the second is empty: no question
        await until(pilot, lambda: len(ids()) == 1)
        await pilot.press("f8")
        assert len(ids()) == 1
        await pilot.press("y")
        await until(pilot, lambda: not ids())


async def test_an_existing_file_keeps_its_comments_and_a_change_by_others_is_not_overwritten_unasked(
    open_app: Any, type_text: Any, until: Any, root: Path, screen_text: Any
) -> None:
    target = root / "specs" / "small.yaml"
    target.parent.mkdir()
    text = "# ours\nschema: agent-gate/spec/v1\nid: small\ntitle: Small\nrisk: trivial\ngoal: mend it\npaths: {allow: [shop/**]}\n"
    target.write_text(text)
    async with open_app().run_test() as pilot:
        await pilot.pause()
        await pilot.press("o")
        await type_text(pilot, "specs/small.yaml")
        await pilot.press("enter")
        await until(
            pilot, lambda: isinstance(pilot.app.screen, SpecScreen) and "mend it" in screen_text(pilot)
        )
        await pilot.press("end")
        await type_text(pilot, "er")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: target.read_text() == text.replace("Small", "Smaller"))
        target.write_text("# theirs\n" + text)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "Replace it?" in screen_text(pilot))
        await pilot.press("escape")
        await pilot.pause()
    assert target.read_text() == "# theirs\n" + text


async def test_a_file_that_cannot_be_read_is_told_in_the_words_of_the_command_line(
    open_app: Any, type_text: Any, until: Any, screen_text: Any, root: Path
) -> None:
    (root / "broken.yaml").write_text("a: [\n")
    async with open_app().run_test() as pilot:
        await pilot.pause()
        await pilot.press("o")
        await type_text(pilot, "broken.yaml")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, FailureScreen))
        assert "broken.yaml" in screen_text(pilot)
        assert "not valid YAML" in screen_text(pilot)


async def test_a_run_is_not_started_while_something_is_open(
    open_app: Any, blank: Any, type_text: Any, until: Any, screen_text: Any
) -> None:
    async with open_app("spec").run_test() as pilot:
        await blank(pilot)
        await type_text(pilot, "Only a title")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "has to be mended" in screen_text(pilot))


async def test_it_is_saved_with_errors_too_and_says_what_is_open(
    open_app: Any, save_new: Any, blank: Any, type_text: Any, until: Any, screen_text: Any, root: Path
) -> None:
    async with open_app("spec").run_test(size=(160, 48)) as pilot:
        await blank(pilot)
        await type_text(pilot, "Only a title")
        await pilot.press("pagedown", "pagedown", "f2", "f4")
        await pilot.pause()
        await pilot.press(*["tab"] * 4)  # past rate, simultaneous and for
        await pilot.pause()
        await type_text(pilot, "{no: [yaml")
        await save_new(pilot)
        await until(pilot, lambda: "open: goal, paths, load" in screen_text(pilot))
        assert "SP03" in screen_text(pilot)
        await pilot.press("escape")
    target = root / "specs" / "only-title.yaml"
    assert "{no: [yaml" in target.read_text()
    async with open_app("spec", "specs/only-title.yaml").run_test() as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, SpecScreen))
        assert pilot.app.screen.manuscript.draft.of("load")[0].text("request") == "{no: [yaml"


async def test_rare_fields_are_a_key_away(open_app: Any, blank: Any, screen_text: Any, until: Any) -> None:
    async with open_app("spec").run_test(size=(120, 48)) as pilot:
        await blank(pilot)
        await pilot.press("pagedown", "pagedown", "f2")
        await pilot.pause()
        assert "simultaneous" not in screen_text(pilot)
        await pilot.press("f4")
        await until(pilot, lambda: "simultaneous" in screen_text(pilot))


def _is_in_focus_chain(pilot: Any, row: FieldRow) -> bool:
    return any(row in widget.ancestors for widget in pilot.app.screen.focus_chain)


async def test_every_field_of_the_format_is_reached_by_tab(open_app: Any, blank: Any) -> None:
    async with open_app("spec").run_test(size=(160, 48)) as pilot:
        await blank(pilot)
        for section in SECTIONS:
            if section.clause:
                await pilot.press("f2")
            if section.name == "load":  # the first that has rare fields; the later ones show theirs, too
                await pilot.press("f4")
            await pilot.pause()
            wanted = {field.name for field in (*section.fields, *section.clause)}
            reached = {
                row.field.name for row in pilot.app.screen.query(FieldRow) if _is_in_focus_chain(pilot, row)
            }
            assert wanted <= reached, section.name
            await pilot.press("pagedown")


async def test_a_trivial_risk_folds_the_sections_and_keeps_what_is_in_them(
    open_app: Any, blank: Any, type_text: Any, until: Any, screen_text: Any
) -> None:
    async with open_app("spec").run_test() as pilot:
        screen = await blank(pilot)
        await pilot.press("pagedown", "pagedown", "f2")
        await type_text(pilot, "50 orders a second")
        await pilot.press("pageup", "pageup", "tab", "tab", "tab", "left")  # the risk
        await until(pilot, lambda: "Folded, and kept:" in screen_text(pilot))
        assert "Trivial change" in screen_text(pilot)
        assert "allow" in screen_text(pilot)
        await pilot.press("right")
        await until(pilot, lambda: "Failure modes" in screen_text(pilot))
        assert screen.manuscript.draft.of("load")[0].text("stimulus") == "50 orders a second"


async def test_the_question_at_the_top_follows_the_field(
    open_app: Any, blank: Any, type_text: Any, until: Any, screen_text: Any
) -> None:
    async with open_app("spec").run_test(size=(160, 48)) as pilot:
        await blank(pilot)
        await pilot.press(*["pagedown"] * 4, "f2")
        await until(pilot, lambda: "What happens to this when the thing it depends on" in screen_text(pilot))
        await type_text(pilot, "the queue is away")
        await until(pilot, lambda: "while the queue is away?" in screen_text(pilot))
        await pilot.press("tab", "tab")
        await until(pilot, lambda: "How would you know at 3 in the morning?" in screen_text(pilot))


async def test_a_save_waits_for_the_letters_that_were_typed_before_it(
    open_app: Any, blank: Any, root: Path, until: Any
) -> None:
    async with open_app("spec", "specs/mine.yaml").run_test() as pilot:
        screen = await blank(pilot)
        screen.query_one(SectionPage).call_later(asyncio.sleep, 0.3)  # as on a machine with much else to do
        for letter in "Mine alone":
            pilot.app.post_message(events.Key(letter if letter != " " else "space", letter))
        pilot.app.post_message(events.Key("ctrl+s", None))
        target = root / "specs" / "mine.yaml"
        await until(pilot, target.exists)
        assert "title: Mine alone\n" in target.read_text()


async def test_what_is_typed_as_a_clause_goes_does_not_fall_into_the_next_one(
    open_app: Any, blank: Any, type_text: Any, until: Any
) -> None:
    async with open_app("spec").run_test() as pilot:
        screen = await blank(pilot)
        await pilot.press("pagedown", "pagedown", "f2", "f2")
        await type_text(pilot, "the second")
        await pilot.press(*["shift+tab"] * 3)
        await pilot.pause()
        for key in ("x", "backspace", "f8", "y"):
            pilot.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await until(pilot, lambda: len(screen.manuscript.draft.of("load")) == 1)
        await pilot.pause()
        assert screen.manuscript.draft.of("load")[0].text("stimulus").endswith("the second")
