"""Trees that stay written out between checks, and are switched to the next one by what differs.

Only what does not execute the candidate's code may look at them, and it must not be able to write:
whoever ran something in one starts from a private copy instead. One process has a place at a time.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from agent_gate.domain.digest import sha256
from agent_gate.errors import RepositoryError
from agent_gate.vcs.repo import Repository
from agent_gate.vcs.worktree import materialise, switch

_PLACES = 2
"""The base and the candidate of one check."""


class WarmTrees:
    """The places of one repository, below a folder that only the user can write."""

    def __init__(self, repository: Repository, root: Path) -> None:
        self._repository = repository
        name = sha256(os.fsencode(repository.common_directory)).removeprefix("sha256:")[:16]
        self._folder = root / name

    @contextmanager
    def lease(self, tree: str) -> Iterator[Path | None]:
        """A folder with exactly the files of a tree, nobody else's until the end; None where all are taken."""
        with self._locked(tree) as place:
            yield None if place is None else self._made(place, tree)

    @contextmanager
    def _locked(self, tree: str) -> Iterator[Path | None]:
        """The place that holds the tree already, else a free one."""
        places = [self._folder / str(number) for number in range(_PLACES)]
        for place in sorted(places, key=lambda each: _held(each) != tree):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(place / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                continue
            try:
                yield place
            finally:
                os.close(descriptor)
            return
        yield None

    def _made(self, place: Path, tree: str) -> Path:
        """The files, whatever was there before. Without a mark they are half of something: made anew."""
        files, mark, held = place / "files", place / "tree", _held(place)
        if held == tree:
            return files
        mark.unlink(missing_ok=True)
        if not held or not self._switched(files, held, tree):
            shutil.rmtree(files, ignore_errors=True)
            materialise(self._repository, tree, files)
        mark.write_text(tree)
        return files

    def _switched(self, files: Path, held: str, tree: str) -> bool:
        """False where the files are not what they should be, or git has forgotten that tree."""
        try:
            switch(self._repository, files, held, tree)
        except (RepositoryError, OSError):
            return False
        return True


def _held(place: Path) -> str:
    with suppress(OSError, UnicodeDecodeError):
        return (place / "tree").read_text()
    return ""
