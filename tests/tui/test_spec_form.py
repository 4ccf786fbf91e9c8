from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent_gate.spec_file import read_spec
from agent_gate.tui.screens.dialogs import FailureScreen
from agent_gate.tui.screens.spec_form import SpecScreen
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


async def test_a_spec_is_filled_in_by_keyboard_saved_and_means_what_was_typed(
    open_app: Any, type_text: Any, until: Any, root: Path
) -> None:
    async with open_app("spec").run_test() as pilot:
        screen = pilot.app.screen
        assert isinstance(screen, SpecScreen)
        await fill(pilot, type_text, "Create an order once", "orders-once", "It stores an order once.")
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
        await until(pilot, lambda: screen.spec is not None)
        assert screen.problems == ()
        await pilot.press("ctrl+s")
        await pilot.press("enter")
        target = root / "specs" / "orders-once.yaml"
        await until(pilot, target.exists)
    spec = read_spec(target)
    assert (spec.id, spec.title, spec.goal) == (
        "orders-once",
        "Create an order once",
        "It stores an order once.",
    )
    assert spec.paths.allow == ("shop/**",)
    assert [str(v) for v in spec.security[0].verified_by] == ["bandit:B608", "manual: look at the statement"]
    assert spec.failure_modes[0].detection == "a counter"
    assert dict(spec.not_applicable) == {"load": "a few orders an hour", "latency": "nobody waits"}


async def test_an_error_stands_beside_its_field(
    open_app: Any, type_text: Any, until: Any, screen_text: Any
) -> None:
    async with open_app("spec").run_test() as pilot:
        await fill(pilot, type_text, "A title", "Not An Id")

        def problem_line() -> str:
            lines = screen_text(pilot).splitlines()
            at = next((n for n, line in enumerate(lines) if "id  Not An Id" in line), -1)
            return str(lines[at + 1])

        await until(pilot, lambda: "! not written as this field wants it" in problem_line())
        lines = screen_text(pilot).splitlines()
        assert any(line.startswith("│ ! Goal") for line in lines)
        assert any(line.startswith("│ ○ Security") for line in lines)


async def test_what_was_typed_survives_a_crash(
    open_app: Any, type_text: Any, until: Any, screen_text: Any, root: Path
) -> None:
    drafts = root / ".git" / "agent-gate" / "drafts"
    async with open_app("spec").run_test() as pilot:
        await type_text(pilot, "Half a tit")
        await until(pilot, lambda: drafts.is_dir() and any(drafts.glob("*.json")))
        pilot.app.exit()  # no screen is asked to save anything
    async with open_app("spec").run_test() as pilot:
        await until(pilot, lambda: "Half a tit" in screen_text(pilot))
        assert "restored" in screen_text(pilot)
        await pilot.press("f9", "y")
        await until(pilot, lambda: "Half a tit" not in screen_text(pilot))
    assert not any(drafts.glob("*.json"))


async def test_clauses_are_added_and_taken_away(open_app: Any, type_text: Any, until: Any) -> None:
    async with open_app("spec").run_test() as pilot:
        screen = pilot.app.screen
        assert isinstance(screen, SpecScreen)
        await pilot.press("f2")  # the goal has no clauses
        assert screen.draft.clauses == {}
        await pilot.press("pagedown", "pagedown", "f2")
        await type_text(pilot, "much")
        await pilot.press("f2")
        await pilot.pause()
        assert [clause.id for clause in screen.draft.of("load")] == ["LOAD-1", "LOAD-2"]
        await pilot.press("f8")  # the second is empty: no question
        await until(pilot, lambda: len(screen.draft.of("load")) == 1)
        await pilot.press("f8")
        assert len(screen.draft.of("load")) == 1
        await pilot.press("y")
        await until(pilot, lambda: not screen.draft.of("load"))


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
    open_app: Any, type_text: Any, until: Any, screen_text: Any
) -> None:
    async with open_app("spec").run_test() as pilot:
        await type_text(pilot, "Only a title")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "has to be mended" in screen_text(pilot))


async def test_rare_fields_are_a_key_away(open_app: Any, screen_text: Any, until: Any) -> None:
    async with open_app("spec").run_test(size=(120, 48)) as pilot:
        await pilot.press("pagedown", "pagedown", "f2")
        await pilot.pause()
        assert "simultaneous" not in screen_text(pilot)
        await pilot.press("f4")
        await until(pilot, lambda: "simultaneous" in screen_text(pilot))
