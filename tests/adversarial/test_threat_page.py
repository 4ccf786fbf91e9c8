"""The page says what was recorded, and the corpus has something for every row."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from threat_cases import read_cases
from threat_page import PAGE, page, read_outcomes, read_sections

ROOT = Path(__file__).parents[2]
CASES = read_cases()
ROWS = {row["id"]: row for section in read_sections() for row in section["row"]}


def test_the_page_is_what_the_script_makes() -> None:
    assert PAGE.read_text() == page(), "run tests/adversarial/score.py"


def test_every_case_has_a_name_of_its_own_and_is_recorded_as_it_shall_be() -> None:
    recorded = read_outcomes()
    assert [case.name for case in CASES] == list(recorded)
    for case in CASES:
        outcome = recorded[case.name]
        assert outcome["of"] == case.digest, f"{case.name}: run tests/adversarial/score.py --record"
        assert outcome["says"] == case.says, case.name
        assert set(case.by) <= set(outcome["by"]), case.name
        assert outcome["naive"] == dict.fromkeys(case.naive, 0), case.name
        assert bool(case.naive) == case.is_attack, case.name
        assert case.why or case.says != "passed", case.name


@pytest.mark.parametrize("row", ROWS)
def test_every_row_has_a_case_or_a_test_that_exists(row: str) -> None:
    tests = ROWS[row].get("tests", ())
    assert tests or any(case.row == row for case in CASES)
    for node in tests:
        path, *names = node.split("::")
        assert (ROOT / path).exists(), node
        if names:
            tree = ast.parse((ROOT / path).read_text())
            functions = (ast.FunctionDef, ast.AsyncFunctionDef)
            assert names[-1] in {n.name for n in ast.walk(tree) if isinstance(n, functions)}, node


def test_there_is_as_much_as_was_promised() -> None:
    attacks = [case for case in CASES if case.is_attack]
    assert {case.row for case in attacks} <= set(ROWS)
    assert len({case.listed for case in attacks if case.listed}) == 24
    assert len([case for case in attacks if not case.listed]) >= 20
    assert len([case for case in CASES if not case.is_attack]) >= 40


def test_the_page_names_no_place_of_a_machine() -> None:
    assert not re.search(r"/(tmp|home|root|Users|work)/", page())
