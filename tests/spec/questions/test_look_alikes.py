"""Honest sentences that look like what is asked about, and are not asked; and the other way round."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from outlines import asked, latency, questions, statements

from agent_gate.domain.spec_rules import SECTIONS
from agent_gate.spec.codes import CODES, is_error
from agent_gate.spec.lint import review_spec
from agent_gate.spec.surroundings import Surroundings
from agent_gate.survey.work_tree import WorkTree

WRITE_CODES = {"WR01", "WR02", "WR03", "WR04", "WR05"}


def standing(folder: Path, **files: str) -> Surroundings:
    for name, content in files.items():
        file = folder / name.replace("__", "/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return Surroundings(WorkTree(folder))


@pytest.mark.parametrize(
    "goal",
    ["POST /orders creates an order", "insert the row", "The user pays", "Build me a payment system", "each note is stored", "store the note", "backfills the column"],
)  # fmt: skip
def test_what_writes_is_asked_five_things(goal: str) -> None:
    assert asked({"goal": goal}) >= WRITE_CODES


def test_a_job_that_retries_has_said_so() -> None:
    assert asked({"goal": "A nightly job that retries sends the mails"}) & WRITE_CODES == WRITE_CODES - {
        "WR01"
    }


@pytest.mark.parametrize(
    "goal",
    ["GET /orders gives the newest orders", "slugify gives a slug", "The page shows the posts of a user", "a postcard is printed in order", "20 searches a second with 100,000 orders stored", "GET /books lists books and their payments"],
)  # fmt: skip
def test_what_only_reads_is_not(goal: str) -> None:
    assert not asked({"goal": goal}) & WRITE_CODES


def test_a_request_that_writes_says_so_without_words() -> None:
    load = {"id": "LOAD-1", "stimulus": "50 a second", "request": {"method": "POST", "path": "/"}}
    assert asked({"load": [load]}) >= WRITE_CODES
    assert not asked({"load": [load], "risk": "trivial"}) & WRITE_CODES


@pytest.mark.parametrize(
    ("text", "vague"),
    [
        ("the search is fast", True),
        ("errors are handled", True),
        ("users should be able to log out", True),
        ("the search is fast: p95 is 50 ms", False),
        ("the function is thread-safe", False),
        ("an unknown order is never shown", False),
        ("breakfast is served", False),
        ("the manual names the scale", True),
    ],
)
def test_vague_words(text: str, *, vague: bool) -> None:
    assert ("ME04" in asked(statements(text))) == vague


def test_a_measure_beside_it_makes_a_word_harmless() -> None:
    assert "ME04" not in asked(latency({"stimulus": "a fast search", "expect": ["p95 <= 50 ms"]}))


CONTEXT = {"context": ["shop/db.py"]}


class TestDependencies:
    @pytest.mark.parametrize("package", ["psycopg", "redis", "pika", "httpx", "boto3", "stripe"])
    def test_what_a_context_file_imports_is_asked_about(self, tmp_path: Path, package: str) -> None:
        around = standing(tmp_path, **{"shop__db.py": f"import {package}\n"})
        (asked_about,) = (q for q in questions(CONTEXT, around) if q.code == "FM01")
        assert f"shop/db.py:1 imports {package}" in asked_about.message

    @pytest.mark.parametrize(
        "source",
        ["import json\n", "import sqlite3\n", "from . import orders\n", "import shop\n", "def broken(\n"],
    )
    def test_what_is_not_outside_is_not(self, tmp_path: Path, source: str) -> None:  # fmt: skip
        around = standing(tmp_path, **{"shop__db.py": source, "shop__orders.py": "", "shop____init__.py": ""})
        assert "FM01" not in asked(CONTEXT, around)

    @pytest.mark.parametrize(
        "cause", ["PostgreSQL refuses connections", "the database is down", "psycopg raises OperationalError"]
    )
    def test_a_failure_mode_that_speaks_of_it_answers(self, tmp_path: Path, cause: str) -> None:  # fmt: skip
        around = standing(tmp_path, **{"shop__db.py": "import psycopg\n"})
        mode = {"id": "FAIL-1", "cause": cause, "response": "503 within 1 s"}
        assert "FM01" not in asked({**CONTEXT, "failure_modes": [mode]}, around)
        assert "FM01" not in asked({**CONTEXT, "not_applicable": {"failure_modes": cause}}, around)

    def test_a_service_that_another_needs_is_asked_about_once(self) -> None:
        services = {
            "shop": {"start": "x", "depends": ["db"]},
            "jobs": {"start": "x", "depends": ["db"]},
            "db": {"start": "x"},
        }
        found = [q for q in questions({"services": services}) if q.code == "FM01"]
        assert [q.where for q in found] == [("services", "db")]

    def test_context_patterns_are_followed(self, tmp_path: Path) -> None:
        around = standing(tmp_path, **{"shop__db.py": "import redis\n"})
        assert "FM01" in asked({"context": ["shop/**"]}, around)
        assert "FM01" in asked({"context": ["db.py"]}, around)
        assert "FM01" not in asked({"context": ["tests/**"]}, around)


class TestVerifiers:
    def test_a_test_that_stands_or_may_be_written_is_not_asked_about(self, tmp_path: Path) -> None:
        around = standing(tmp_path, **{"tests__test_a.py": "class TestX:\n    def test_b(self): ...\n"})

        def about(target: str, *allow: str) -> bool:
            clause = {"id": "ACC-1", "statement": "x", "verified_by": [f"pytest:{target}"]}
            return "VE03" in asked({"acceptance": [clause], "paths": {"allow": list(allow)}}, around)

        assert not about("tests/test_a.py")
        assert not about("tests/test_a.py::TestX::test_b[case]")
        assert about("tests/test_a.py::test_b")
        assert about("tests/test_z.py")
        assert not about("tests/test_z.py", "tests/**")

    def test_a_projects_own_gate_exists(self, tmp_path: Path) -> None:
        clause = {"id": "ACC-1", "statement": "x", "verified_by": ["gate:complexity"]}
        assert "VE05" in asked({"acceptance": [clause]}, standing(tmp_path))
        around = standing(tmp_path, **{".agent-gate__gates__complexity.toml": ""})
        assert "VE05" not in asked({"acceptance": [clause]}, around)


class TestPaths:
    @pytest.mark.parametrize(
        ("allow", "protected"),
        [("**", True), ("*.toml", True), ("**/*.py", True), (".github/workflows/ci.yml", True), ("pyproject.toml", True), ("shop/**", False), ("tests/**", False), ("shop/*.py", False), ("README.md", False)],
    )  # fmt: skip
    def test_what_is_protected(self, tmp_path: Path, allow: str, *, protected: bool) -> None:
        around = standing(tmp_path, **{"tests__conftest.py": "", "pyproject.toml": ""})
        assert ("PA02" in asked({"paths": {"allow": [allow]}}, around)) == protected

    def test_deny_takes_back_what_is_protected(self, tmp_path: Path) -> None:
        around = standing(tmp_path, **{"conftest.py": ""})
        assert "PA02" not in asked({"paths": {"allow": ["*.py"], "deny": ["conftest.py"]}}, around)

    def test_the_policy_says_what_is_protected(self, tmp_path: Path) -> None:
        policy = '[paths]\nprotected = ["shop/payments/**"]\n'
        around = standing(tmp_path, **{"agent-gate.toml": policy})
        assert "PA02" in asked({"paths": {"allow": ["shop/payments/card.py"]}}, around)
        assert "PA02" not in asked({"paths": {"allow": ["pyproject.toml"]}}, around)

    def test_a_folder_that_is_nearly_there(self, tmp_path: Path) -> None:
        around = standing(tmp_path, **{"shop__orders.py": ""})
        assert "PA01" in asked({"paths": {"allow": ["shpo/**"]}}, around)
        assert "PA01" not in asked({"paths": {"allow": ["billing/**"]}}, around)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(["id", "stimulus", "cause", "response", "statement", "threat", "expect", "verified_by", "fault", "rate", "for", "request", "simultaneous"])  # fmt: skip
TOP = st.sampled_from([*SECTIONS, "goal", "title", "risk", "paths", "context", "services", "not_applicable"])
SPECS = st.dictionaries(TOP, st.lists(st.dictionaries(FIELDS, PLAIN, max_size=6), max_size=3) | PLAIN, max_size=8)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(SPECS)
def test_whatever_stands_there_each_question_is_one_and_has_an_answer(data: dict[str, Any]) -> None:
    for question in questions(data):
        assert not is_error(question.code)
        assert question.code in CODES
        assert question.message
        assert question.hint


def test_the_same_file_is_always_told_the_same() -> None:
    wish = (Path(__file__).parents[3] / "examples" / "payment-system.yaml").read_bytes()
    first, second = (review_spec(wish, "spec.yaml", Surroundings(None)) for _ in range(2))
    assert first.remarks == second.remarks
    assert [r.place for r in first.remarks] == sorted(r.place for r in first.remarks)
