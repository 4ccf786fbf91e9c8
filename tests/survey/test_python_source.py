from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_gate.survey import python_source

CLASSES = """
import unittest
from base import Shared

class Base:
    def test_inherited(self): ...

class TestOrder(Base):
    def test_total(self): ...
    async def test_async(self): ...
    def helper(self): ...
    class TestNested:
        def test_deep(self): ...

class Plain:
    def test_not_collected(self): ...

class OrderCase(unittest.TestCase):
    def test_in_case(self): ...

class TestShared(Shared):
    pass

def test_plain(): ...
async def test_coroutine(): ...
def helper(): ...

if True:
    def test_conditional(): ...

test_made = helper()
"""


def test_packages_come_with_their_first_line() -> None:
    text = "import os, redis.asyncio\nfrom . import own\nfrom psycopg import rows\n\ndef f():\n    import redis\n"
    assert python_source.imported_packages(text) == {"redis": 1, "psycopg": 3}


def test_modules_are_named_in_full() -> None:
    text = "from google.cloud import storage\nimport http.client\nfrom sys import *\n"
    assert python_source.imported_modules(text) == {"google.cloud.storage": 1, "http.client": 2, "sys": 3}


@pytest.mark.parametrize(
    "text",
    [
        "try:\n    import redis\nexcept ImportError:\n    pass\n",
        "try:\n    pass\nexcept ImportError:\n    import redis\n",
        "try:\n    pass\nfinally:\n    import redis\n",
        "if True:\n    pass\nelse:\n    import redis\n",
        "match 1:\n    case 1:\n        import redis\n",
        "with open('x'):\n    import redis\n",
        "class A:\n    async def f(self):\n        for x in y:\n            import redis\n",
    ],
)
def test_imports_are_found_in_every_block(text: str) -> None:
    assert set(python_source.imported_packages(text)) == {"redis"}


def test_tests_are_named_as_pytest_names_them() -> None:
    assert python_source.test_ids(CLASSES) == {
        "TestOrder", "TestOrder::test_total", "TestOrder::test_async", "TestOrder::test_inherited",
        "TestOrder::TestNested", "TestOrder::TestNested::test_deep", "OrderCase", "OrderCase::test_in_case",
        "TestShared", "test_plain", "test_coroutine", "test_conditional",
    }  # fmt: skip


def test_the_names_are_those_that_pytest_collects(tmp_path: Path) -> None:
    (tmp_path / "base.py").write_text("class Shared:\n    pass\n")
    (tmp_path / "test_it.py").write_text(CLASSES)
    argv = [
        sys.executable,
        "-m",
        "pytest",
        "--collect-only",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        ".",
        ".",
    ]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    collected = {line.partition("::")[2] for line in done.stdout.splitlines() if "::" in line}
    assert collected
    assert collected == {
        name for name in python_source.test_ids(CLASSES) if name.rpartition("::")[2].islower()
    }


@pytest.mark.parametrize(
    "name",
    [
        "test_plain", "test_plain[3-x]", "TestOrder::test_total", "TestOrder::test_inherited",
        "TestOrder::TestNested::test_deep", "TestShared::test_from_elsewhere", "test_made",
    ],
)  # fmt: skip
def test_these_may_be_there(name: str) -> None:
    assert python_source.may_hold_test(CLASSES, name)


@pytest.mark.parametrize(
    "name", ["test_missing", "helper", "TestOrder::test_missing", "TestMissing::test_total", "", "["]
)
def test_these_certainly_are_not(name: str) -> None:
    assert not python_source.may_hold_test(CLASSES, name)


def test_a_star_import_may_bring_any_test() -> None:
    assert python_source.may_hold_test("from shared import *\n", "test_anything")


@pytest.mark.parametrize(
    ("path", "is_test"),
    [
        ("tests/test_a.py", True), ("shop/tests/factories.py", True), ("shop/tests.py", True), ("a_test.py", True),
        ("conftest.py", True), ("shop/testing.py", False), ("shop/contest.py", False), ("latest/app.py", False),
    ],
)  # fmt: skip
def test_files_of_tests_are_known_by_their_paths(path: str, is_test: bool) -> None:
    assert python_source.is_test_file(path) is is_test


@pytest.mark.parametrize(
    "text",
    [
        "def (",
        "x = 1\0",
        "(" * 5000,
        "-" * 100_000 + "1",
        "\ud800",
        "a" + ".b" * 100_000,
        "1" + "+1" * 100_000,
    ],
    ids=["syntax", "nul", "nested", "minus", "surrogate", "attributes", "sum"],
)
def test_what_python_cannot_parse_holds_nothing(text: str) -> None:
    assert python_source.imported_packages(text) == {}
    assert python_source.test_ids(text) == frozenset()
    assert python_source.dotted_name(None) == ""


def test_a_long_line_of_inheritance_is_followed_a_little() -> None:
    line = "".join(f"class A{n}(A{n - 1}): ...\nclass TestA{n}(A{n}): ...\n" for n in range(1, 400))
    found = python_source.test_ids(f"class A0:\n    def test_a(self): ...\n{line}")
    assert {"TestA1::test_a", "TestA399"} <= found
    assert "TestA399::test_a" not in found


@given(st.text() | st.binary().map(lambda content: content.decode("utf-8", "replace")))
def test_no_text_makes_it_raise(text: str) -> None:
    python_source.imported_packages(text)
    python_source.test_ids(text)
    python_source.may_hold_test(text, text)


@given(st.lists(st.sampled_from(CLASSES.splitlines(keepends=True))).map("".join))
def test_torn_source_makes_nothing_raise(text: str) -> None:
    assert all("test" in name.lower() or "Case" in name for name in python_source.test_ids(text))


LOADED = "import importlib, sys; importlib.import_module(sys.argv[1]); print(*sys.modules)"
SLOW = {
    "inspect",
    "asyncio",
    "importlib.metadata",
    "subprocess",
    "dataclasses",
    "pydantic",
    "tomllib",
    "logging",
}


@pytest.mark.parametrize("name", ["work_tree", "python_source", "dependency"])
def test_what_the_lint_reads_with_loads_nothing_slow(name: str) -> None:
    argv = [sys.executable, "-c", LOADED, f"agent_gate.survey.{name}"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60)
    bare = subprocess.run([*argv[:3], "sys"], capture_output=True, text=True, check=True, timeout=60)
    assert importlib.import_module(argv[3])
    assert not (set(done.stdout.split()) - set(bare.stdout.split())) & SLOW
