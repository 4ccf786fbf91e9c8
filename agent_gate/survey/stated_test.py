"""Tests whose names read as statements, so that a clause can be bound to them as they stand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from agent_gate.survey.python_source import is_test_file, test_lines
from agent_gate.survey.source_tree import SourceTree

_VERBS = frozenset(
    """
    accepts adds allows answers appears applies are arrives asks becomes begins belongs blocks breaks brings calls can
    cancels cannot changes checks clears closes comes contains converts costs counts covers creates deletes denies does
    drops emits ends equals exists expires fails falls fills finds finishes follows gets gives goes had happens has have
    hides holds ignores includes is joins keeps knows leaves lets lists loads locks logs logs loses makes matches may
    means merges moves must names needs never notices opens overrides parses passes picks preserves prints prevents
    produces protects raises reaches reads rebuilds receives records redirects refuses rejects releases reloads remains
    removes renders repeats replaces reports requires resets resolves respects restarts restores resumes retries returns
    reuses runs saves says sees sends serves sets should shows skips sorts splits stands starts stays stops stores
    strips succeeds survives takes tells times traverses treats turns unlocks updates uses validates waits warns was
    were wins works wraps writes yields
    """.split()  # noqa: SIM905 - a word list is read as prose
)
"""Verbs that make a sentence of a name; a name that begins with one lacks its subject."""
_FEWEST_WORDS = 3
_MOST_FILES = 2000


class StatedTest(NamedTuple):
    """A test of a file of the context, and what its name says."""

    statement: str
    node: str
    """The node id: `tests/test_orders.py::test_same_key_returns_first_order`."""
    about: str
    """The file of the context that it imports."""
    path: str
    line: int


def stated_tests(sources: SourceTree, context: Iterable[str]) -> Iterator[StatedTest]:
    """The tests that import a module of the context and whose names are sentences, by file and line."""
    wanted = {
        path: path.removesuffix("/__init__.py").removesuffix(".py").rpartition("/")[2] for path in context
    }
    tests = [path for path in sources.tree.files if _is_collected(path)][:_MOST_FILES]
    for path in tests if wanted else ():
        text = sources.tree.text(path)
        if any(stem in text for stem in wanted.values()) and (about := _imported(sources, path, wanted)):
            for node, line in sorted(test_lines(text).items(), key=lambda item: item[1]):
                if statement := statement_of(node):
                    yield StatedTest(statement, f"{path}::{node}", about, path, line)


def statement_of(node: str) -> str:
    """`the same key returns the first order`, of a test that is called so; empty where the name is no sentence."""
    name = node.rpartition("::")[2]
    words = name.removeprefix("test").strip("_").split("_") if name.startswith("test_") else []
    is_sentence = (
        len(words) >= _FEWEST_WORDS and any(word in _VERBS for word in words[1:]) and words[0] not in _VERBS
    )
    return " ".join(words) if is_sentence and all(words) else ""


def _is_collected(path: str) -> bool:
    name = path.rpartition("/")[2]
    return (
        is_test_file(path)
        and path.endswith(".py")
        and (name.startswith("test_") or name.endswith("_test.py"))
    )


def _imported(sources: SourceTree, path: str, wanted: Iterable[str]) -> str:
    """The first file of the context that a test file imports from, through re-exports too."""
    found = {place.file for place in sources.bindings(path).values()}
    found |= {end.file for name in sources.bindings(path) if (end := sources.resolve(path, name))}
    return next((each for each in wanted if each in found), "")
