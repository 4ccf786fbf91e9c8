"""The change as the rules see it: each file before and after, and what kind of file it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from agent_gate.domain.pattern import matches
from agent_gate.gating.diff import FileDiff
from agent_gate.gating.integrity.source import Source
from agent_gate.gating.programs import is_program


@dataclass(frozen=True)
class FileKinds:
    """Which files are what, by the patterns of the gate's definition."""

    options: Mapping[str, Any]

    def holds(self, kind: str, path: str) -> bool:
        """Whether a path is of a kind: `python`, `tests`, `code`, `prose`, `programs`, `testing`, …"""
        return matches(path, self.options[kind])

    def is_test(self, path: str) -> bool:
        """Whether a Python file belongs to the tests: test modules, conftest.py, all in a tests folder."""
        return self.holds("tests", path)


@dataclass(frozen=True)
class Pair:
    """One file of the change, before and after."""

    diff: FileDiff
    kinds: FileKinds

    @property
    def path(self) -> str:
        """In the candidate; of a deleted file, in the base."""
        return self.diff.path

    @property
    def old_path(self) -> str:
        """In the base; of an added file, in the candidate."""
        return self.diff.old_path or self.diff.path

    @cached_property
    def before(self) -> Source | None:
        """The base's version; None where it has no such regular file."""
        return None if self.diff.before is None else Source(self.old_path, self.diff.before)

    @cached_property
    def after(self) -> Source | None:
        """The candidate's version; None where it has no such regular file."""
        return None if self.diff.after is None else Source(self.path, self.diff.after)

    @property
    def is_changed(self) -> bool:
        """In content or name; a change of mode alone is the scope gate's."""
        return self.diff.before != self.diff.after or self.diff.is_renamed

    @cached_property
    def is_python(self) -> bool:
        """Python source, by its name or its first line."""
        if self.kinds.holds("python", self.path) or self.kinds.holds("python", self.old_path):
            return True
        diff, pattern = self.diff, self.kinds.options["python_first_line"]
        return is_program(pattern, self.path, diff.after, diff.after_mode) or is_program(
            pattern, self.old_path, diff.before, diff.before_mode
        )

    @property
    def is_test(self) -> bool:
        """On the side of the tests, in the base or in the candidate."""
        return self.kinds.is_test(self.path)

    @property
    def was_test(self) -> bool:
        """On the side of the tests in the base."""
        return self.kinds.is_test(self.old_path)


@dataclass(frozen=True)
class Change:
    """All files of a change."""

    diffs: tuple[FileDiff, ...]
    options: Mapping[str, Any]
    protected: tuple[str, ...] = ()
    """Paths that the scope gate asks about already."""
    tests: Mapping[str, bytes] = field(default_factory=dict)
    """Test files that the change leaves alone, by path: what source may be bent to."""

    @cached_property
    def kinds(self) -> FileKinds:
        """Which files are what."""
        return FileKinds(self.options)

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """Each file before and after, by path."""
        return tuple(Pair(diff, self.kinds) for diff in self.diffs)

    def is_protected(self, path: str) -> bool:
        """Whether the scope gate asks about this path."""
        return matches(path, self.protected)

    @cached_property
    def test_pairs(self) -> tuple[Pair, ...]:
        """The Python files on the side of the tests, in the base or in the candidate."""
        return tuple(pair for pair in self.pairs if pair.is_python and (pair.is_test or pair.was_test))


def sources(pairs: Iterable[Pair], *, before: bool) -> list[Source]:
    """One side of some files, where it can be read."""
    found = (pair.before if before else pair.after for pair in pairs)
    return [source for source in found if source is not None and not source.problem]
