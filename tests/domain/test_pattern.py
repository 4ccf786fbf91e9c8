from __future__ import annotations

import re
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from agent_gate.domain.field_types import Pattern
from agent_gate.domain.pattern import matches, pattern_problem

EXAMPLES = [
    ("shop/**", "shop/a/b.py", True),
    ("shop/**", "shop", False),
    ("shop", "shop/a/b.py", True),
    ("shop", "web/shop/a.py", True),
    ("shop/", "shop/a.py", True),
    ("shop/", "shop", False),
    ("web/shop", "deep/web/shop/a.py", False),
    ("conftest.py", "tests/unit/conftest.py", True),
    ("*.py", "a/b.py", True),
    ("tests/*.py", "tests/unit/test_a.py", False),
    ("tests/**/test_*.py", "tests/test_a.py", True),
    ("tests/**/test_*.py", "tests/a/b/test_a.py", True),
    ("**/migrations/**", "shop/migrations/1.py", True),
    ("a**b", "axx/b", False),
    ("a**b", "axxb", True),
    ("a**/b", "ax/y/b", False),
    ("a**/b", "ax/b", True),
    ("?.py", "/.py", False),
    ("[!a].py", "b.py", True),
    ("[!a].py", "a.py", False),
    ("[+-9].py", "/.py", False),
    ("[]x].py", "].py", True),
    ("[z-a].py", "m.py", False),
    (".github/**", ".github/workflows/ci.yml", True),
    ("shop.py", "shopXpy", False),
    ("Shop", "shop", False),
]


@pytest.mark.parametrize(("pattern", "path", "expected"), EXAMPLES)
def test_a_pattern_covers_what_gitignore_says(pattern: str, path: str, expected: bool) -> None:
    assert pattern_problem(pattern) == ""
    assert matches(path, [pattern]) is expected


def test_one_matching_pattern_is_enough() -> None:
    assert matches("b.py", ["a.py", "b.py"])
    assert not matches("b.py", [])


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        " ",
        "/shop",
        "!shop",
        "../shop",
        "a/../b",
        "a\\b",
        "a\0b",
        "a\nb",
        "#a",
        "./a",
        "a//b",
        " a",
        "a ",
        "[[:alpha:]]",
        "[ab",
        "[]",
    ],
)
def test_a_pattern_that_cannot_be_meant_is_refused_with_its_problem(pattern: str) -> None:
    assert pattern_problem(pattern)
    with pytest.raises(ValidationError, match=re.escape(pattern_problem(pattern))):
        TypeAdapter(Pattern).validate_python(pattern)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ignores")
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    return folder


def ignored_by_git(repository: Path, pattern: str, paths: list[str]) -> set[str]:
    """Which of the paths git itself would ignore."""
    (repository / ".git" / "info" / "exclude").write_text(f"{pattern}\n")
    asked = subprocess.run(
        ["git", "-C", str(repository), "check-ignore", "--no-index", "-z", "--stdin"],
        input="\0".join(paths).encode(),
        capture_output=True,
        check=False,
    )
    assert asked.returncode in {0, 1}, asked.stderr
    return set(asked.stdout.decode().split("\0")) - {""}


NAMES = st.text("aab-.!^]*", min_size=1, max_size=3).filter(
    lambda name: name not in {".", ".."} and not name.startswith("-")
)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)


@settings(max_examples=150, deadline=None)
@given(
    pattern=st.text("aab/*?[]!-^.", min_size=1, max_size=7),
    paths=st.lists(PATHS, min_size=1, max_size=20, unique=True),
)
def test_patterns_mean_what_git_check_ignore_says(repository: Path, pattern: str, paths: list[str]) -> None:
    assume(not pattern_problem(pattern))
    ours = {path for path in paths if matches(path, [pattern])}
    assert ours == ignored_by_git(repository, pattern, paths)


@given(pattern=st.text(max_size=12), path=st.text(max_size=12))
def test_no_accepted_pattern_breaks_matching(pattern: str, path: str) -> None:
    assume(not pattern_problem(pattern))
    assert matches(path, [pattern]) in {True, False}


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*a" * 200 + "*b", "a" * 500),
        ("**/a/" * 150 + "b", "a/" * 500 + "a"),
        ("**/" * 300 + "*a*b", "a/" * 500 + "a"),
        ("*?" * 200 + "b", "a" * 500),
        ("**/*a*a*a*a/" * 40 + "b", "aaaa/" * 200 + "a"),
    ],
    ids=lambda text: text[:6],
)
def test_no_pattern_takes_long_however_it_is_made(pattern: str, path: str) -> None:
    begun = time.process_time()
    assert not matches(path, [pattern])
    assert time.process_time() - begun < 1
