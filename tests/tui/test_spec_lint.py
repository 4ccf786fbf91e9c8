"""The lint and the survey beside the typing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from repositories import MakeRepository
from textual.widgets import Input

from agent_gate.engine.context import Context
from agent_gate.spec.lint import review_spec
from agent_gate.spec.reader import read_spec
from agent_gate.spec.surroundings import Surroundings
from agent_gate.tui.app import AgentGateApp, make_app
from agent_gate.tui.screens.repository_finds import FindsScreen
from agent_gate.tui.screens.silence import SilenceScreen
from agent_gate.vcs.repo import Repository

SPEC = """\
schema: agent-gate/spec/v1
id: orders-once
title: Show an order
goal: GET /orders/1 shows the order.
paths: {allow: ["shop/**", "tests/**"]}
context: ["shop/db.py"]
failure_modes:
  - id: FAIL-1
    cause: the pager is away
    response: 503 within 1 s
    recovery: normal answers within 2 s
    verified_by: ["pytest:tests/test_outage.py::test_pager"]
acceptance:
  - {id: ACC-1, statement: the order is shown, verified_by: ["pytest:tests/test_orders.py::test_shown"]}
not_applicable: {load: a few orders an hour, latency: nobody waits for it, security: the numbers are public}
"""
FILES = {
    "shop/__init__.py": "",
    "shop/db.py": "import psycopg\n\n\ndef find(key):\n    with psycopg.connect() as db:\n        return db.execute('select 1')\n",
    "specs/orders-once.yaml": SPEC,
}


@pytest.fixture
def orders(make_repository: MakeRepository) -> Repository:
    return make_repository(FILES, name="orders")


@pytest.fixture
def opened(orders: Repository) -> AgentGateApp:
    return make_app(Context.open(orders.root), "spec", "specs/orders-once.yaml")


@pytest.fixture
def target(orders: Repository) -> Path:
    return orders.root / "specs" / "orders-once.yaml"


def line_after(text: str, found: str) -> str:
    lines = text.splitlines()
    at = next((number for number, line in enumerate(lines) if found in line), -1)
    return lines[at + 1] if 0 <= at < len(lines) - 1 else ""


def codes_of(path: Path) -> set[str]:
    review = review_spec(path.read_bytes(), str(path), Surroundings.of(path))
    return {remark.code for remark in review.remarks}


async def test_an_error_stands_beside_its_field_with_its_code(
    open_app: Any, begin: Any, form: Any, type_text: Any, until: Any, screen_text: Any
) -> None:
    async with open_app("spec").run_test() as pilot:
        await begin(pilot, "Blank")
        await form(pilot)
        await type_text(pilot, "A title")
        await pilot.press("tab", "end", "ctrl+u", *"No Id", "tab")
        await until(pilot, lambda: "! SP03" in line_after(screen_text(pilot), "id  No Id"))
        lines = screen_text(pilot).splitlines()
        assert any(line.startswith("│ ! Goal") for line in lines)
        assert any(line.startswith("│ ○ Security") for line in lines)


async def test_nothing_is_called_missing_before_the_person_was_there(
    open_app: Any, begin: Any, form: Any, type_text: Any, until: Any, screen_text: Any
) -> None:
    async with open_app("spec").run_test() as pilot:
        await begin(pilot, "Blank")
        screen = await form(pilot)
        await type_text(pilot, "A title")
        await until(pilot, lambda: any(p.field == "goal" for p in screen.problems))
        assert "SP0" not in screen_text(pilot)
        await pilot.press("tab", "tab", "tab")  # past the goal
        await until(pilot, lambda: "! SP0" in screen_text(pilot))


async def test_a_question_stands_at_its_field_until_it_is_answered(
    opened: AgentGateApp, form: Any, type_text: Any, until: Any, screen_text: Any
) -> None:
    async with opened.run_test(size=(160, 48)) as pilot:
        await form(pilot)
        await pilot.press(*["pagedown"] * 4, "tab", "tab")
        await until(pilot, lambda: "? FM03" in screen_text(pilot))
        assert "3 in the morning" in screen_text(pilot)
        await type_text(pilot, "the counter pages_lost rises")
        await until(pilot, lambda: "FM03" not in screen_text(pilot))


async def test_a_question_is_silenced_with_a_reason_and_asked_again(
    opened: AgentGateApp, form: Any, type_text: Any, until: Any, screen_text: Any, target: Path
) -> None:
    async with opened.run_test(size=(160, 48)) as pilot:
        screen = await form(pilot)
        await pilot.press(*["pagedown"] * 4, "tab", "tab")
        await until(pilot, lambda: "? FM03" in screen_text(pilot))
        await pilot.press("f5")
        await until(pilot, lambda: isinstance(pilot.app.screen, SilenceScreen))
        await type_text(pilot, "the pager tells of itself")
        await pilot.press("enter")
        await until(pilot, lambda: "FM03:FAIL-1 is silenced" in screen_text(pilot))
        await until(pilot, lambda: not any(p.code == "FM03" for p in screen.problems))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "FM03:FAIL-1: the pager tells of itself" in target.read_text())
        await pilot.press("f5")
        await until(pilot, lambda: isinstance(pilot.app.screen, SilenceScreen))
        while "the pager tells of itself" not in str(pilot.app.screen.query_one(Input).value):
            await pilot.press("down")
        await pilot.press("end", "ctrl+u", "enter")
        await until(pilot, lambda: any(p.code == "FM03" for p in screen.problems))
    assert read_spec(target).not_applicable["FM03:FAIL-1"] == "the pager tells of itself"


async def test_what_was_found_in_the_repository_is_taken_by_enter(
    opened: AgentGateApp, form: Any, until: Any, screen_text: Any, target: Path
) -> None:
    async with opened.run_test(size=(160, 48)) as pilot:
        screen = await form(pilot)
        await pilot.press(*["pagedown"] * 4)
        await until(pilot, lambda: "found in this repository" in screen_text(pilot))
        assert "psycopg" in screen_text(pilot)
        await pilot.press("f3")
        await until(pilot, lambda: isinstance(pilot.app.screen, FindsScreen) and pilot.app.focused)
        await pilot.press("enter")
        await until(pilot, lambda: len(screen.manuscript.draft.of("failure_modes")) == 2)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "FAIL-2" in target.read_text())
        await until(pilot, lambda: not any("psycopg" in each.why for each in screen.reading.suggestions))
    assert "FM01" not in codes_of(target)


async def test_the_gauge_counts_what_a_machine_verifies_and_what_a_person(
    opened: AgentGateApp, form: Any, screen_text: Any, until: Any, type_text: Any
) -> None:
    async with opened.run_test() as pilot:
        await form(pilot)
        lines = screen_text(pilot).splitlines()
        assert any("machine ████████ 2" in line for line in lines)
        assert any("person  ░░░░░░░░ 0" in line for line in lines)
        await pilot.press(*["pagedown"] * 6, "tab", "ctrl+end", "enter")
        await type_text(pilot, "manual: look at the page")
        await until(pilot, lambda: "person  ████░░░░ 1" in screen_text(pilot))
