"""What a change does to each file: its content and mode before and after, renames followed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from agent_gate.vcs.repo import Entry, Repository

_REGULAR = "100"
_SNIFFED = 8000
"""As many bytes as git looks at before it calls a file binary (xdiff-interface.c)."""
_HUNK = re.compile(rb"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", re.MULTILINE)
_PATCH = re.compile(rb"^diff --git ", re.MULTILINE)


class Line(NamedTuple):
    """One line of a file, counted from 1, without its end."""

    number: int
    text: str


class Hunk(NamedTuple):
    """Where lines differ: first line and number of lines, before and after."""

    old_start: int
    old_count: int
    new_start: int
    new_count: int


@dataclass(frozen=True)
class FileDiff:
    """One file of a change. A side is None where the file is not there, or is no regular file."""

    path: str
    """In the candidate; of a deleted file, in the base."""
    old_path: str
    """In the base; empty for an added file."""
    before: bytes | None
    after: bytes | None
    before_mode: str = ""
    after_mode: str = ""
    """As git writes it: 100644, 100755, 120000 (symbolic link), 160000 (submodule); empty: not there."""
    hunks: tuple[Hunk, ...] = ()

    @property
    def is_added(self) -> bool:
        """The base has nothing that this file was made of."""
        return not self.before_mode

    @property
    def is_deleted(self) -> bool:
        """The candidate no longer has it."""
        return not self.after_mode

    @property
    def is_renamed(self) -> bool:
        """Another path in the base, by git's own detection of renames."""
        return bool(self.old_path) and self.old_path != self.path

    @property
    def is_binary(self) -> bool:
        """A zero byte near the beginning of what the candidate holds: git's own rule."""
        return self.after is not None and b"\0" in self.after[:_SNIFFED]

    @cached_property
    def added(self) -> tuple[Line, ...]:
        """The candidate's lines that the base's version does not have, also of a binary file."""
        lines = _lines(self.after)
        return tuple(
            Line(number, lines[number - 1])
            for hunk in self.hunks
            for number in range(hunk.new_start, hunk.new_start + hunk.new_count)
        )

    @cached_property
    def removed(self) -> tuple[Line, ...]:
        """The base's lines that the candidate's version does not have."""
        lines = _lines(self.before)
        return tuple(
            Line(number, lines[number - 1])
            for hunk in self.hunks
            for number in range(hunk.old_start, hunk.old_start + hunk.old_count)
        )


def read_diff(repository: Repository, base_tree: str, tree: str) -> tuple[FileDiff, ...]:
    """Each file that differs between two trees, by path."""
    changes = list(_changes(repository, base_tree, tree))
    regular = {e.oid for change in changes for e in change.entries if _is_regular(e)}
    contents = dict(repository.blobs(regular)) if regular else {}
    hunks = _hunks(repository, base_tree, tree, changes)
    return tuple(
        sorted(
            (
                FileDiff(
                    path=change.path,
                    old_path=change.old_path,
                    before=contents.get(change.before.oid) if change.before else None,
                    after=contents.get(change.after.oid) if change.after else None,
                    before_mode=change.before.mode if change.before else "",
                    after_mode=change.after.mode if change.after else "",
                    hunks=found if all(_is_regular(e) for e in change.entries) else (),
                )
                for change, found in zip(changes, hunks, strict=True)
            ),
            key=lambda diff: diff.path,
        )
    )


class _Change(NamedTuple):
    path: str
    old_path: str
    before: Entry | None
    after: Entry | None

    @property
    def entries(self) -> tuple[Entry, ...]:
        return tuple(entry for entry in (self.before, self.after) if entry is not None)

    @property
    def patches(self) -> int:
        """Git writes a change of type as a deletion and an addition."""
        return 2 if len({entry.mode[:3] for entry in self.entries}) > 1 else 1


def _is_regular(entry: Entry) -> bool:
    return entry.mode.startswith(_REGULAR)


def _changes(repository: Repository, base_tree: str, tree: str) -> Iterator[_Change]:
    """In git's order, from its raw format (git-diff-tree(1), Raw output format)."""
    output = repository.git("diff-tree", "-r", "-z", "-M", "--raw", "--no-abbrev", base_tree, tree)
    tokens = iter(output.decode(errors="surrogateescape").split("\0")[:-1])
    for token in tokens:
        before_mode, after_mode, before_oid, after_oid, status = token.removeprefix(":").split(" ")
        old_path = next(tokens)
        path = next(tokens) if status[0] in "RC" else old_path
        before = Entry(before_mode, before_oid) if status[0] != "A" else None
        after = Entry(after_mode, after_oid) if status[0] != "D" else None
        yield _Change(path, old_path if before else "", before, after)


def _hunks(
    repository: Repository, base_tree: str, tree: str, changes: list[_Change]
) -> Iterator[tuple[Hunk, ...]]:
    """The hunks of each change, in the same order; attributes and drivers have no say in them."""
    output = repository.git(
        "diff-tree", "-r", "-M", "-p", "--unified=0", "--text", "--no-color", "--no-ext-diff", "--no-textconv",
        "--diff-algorithm=histogram", "--no-indent-heuristic", "--inter-hunk-context=0", base_tree, tree,
    )  # fmt: skip
    patches = iter(_PATCH.split(output)[1:])
    for change in changes:
        texts = [next(patches) for _ in range(change.patches)]
        yield tuple(_hunk(found) for found in _HUNK.finditer(texts[0])) if len(texts) == 1 else ()


def _hunk(found: re.Match[bytes]) -> Hunk:
    old_start, old_count, new_start, new_count = (1 if part is None else int(part) for part in found.groups())
    return Hunk(old_start, old_count, new_start, new_count)


def _lines(content: bytes | None) -> list[str]:
    """Split at line feeds only, as git does: a form feed or U+2028 is part of a line."""
    return content.decode(errors="replace").split("\n") if content else []
