"""Private copies of trees for the gates: plain files in a temporary folder, no git directory."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from agent_gate.vcs.repo import Entry, Repository
from agent_gate.vcs.warm import WarmTrees
from agent_gate.vcs.worktree import materialise


@dataclass(frozen=True)
class Copy:
    """One tree, written out."""

    folder: Path
    entries: Mapping[str, Entry]

    def changed_files(self) -> tuple[str, ...]:
        """Tracked files that no longer are what the tree says (by content, not by time stamps)."""
        return tuple(path for path, entry in self.entries.items() if not self._intact(path, entry))

    def _intact(self, path: str, entry: Entry) -> bool:
        target = self.folder / path
        try:
            if entry.mode == "160000":
                return target.is_dir() and not target.is_symlink()
            if entry.mode == "120000":
                return _object_id(os.fsencode(os.readlink(target)), entry.oid) == entry.oid  # noqa: PTH115 - Path would tidy the text
            if target.is_symlink() or not target.is_file():
                return False
            executable = bool(target.stat().st_mode & 0o100)
            content = target.read_bytes()
        except OSError:
            return False
        return executable == (entry.mode == "100755") and _object_id(content, entry.oid) == entry.oid


class Copies:
    """Makes copies below one temporary folder, which its owner removes.

    `warm` keeps written trees between checks. It is for those who can only read them: without a
    sandbox there is none.
    """

    def __init__(self, repository: Repository, root: Path, warm: WarmTrees | None = None) -> None:
        self._repository = repository
        self._root = root
        self._warm = warm
        self._leases = ExitStack()
        self._shared: dict[str, Copy] = {}
        self._writing: dict[str, asyncio.Lock] = {}
        self._count = 0

    async def shared(self, tree: str) -> Copy:
        """The one copy of a tree that all static gates look at; nothing of the candidate runs in it."""
        async with self._writing.setdefault(tree, asyncio.Lock()):
            if tree not in self._shared:
                self._shared[tree] = await self._leased(tree) or await self.fresh(tree)
        return self._shared[tree]

    async def fresh(self, tree: str) -> Copy:
        """A copy that no earlier run has touched, for one run of the candidate's code."""
        target = self.new_folder() / "tree"
        await asyncio.to_thread(materialise, self._repository, tree, target)
        return await self._copy(tree, target)

    def new_folder(self) -> Path:
        """An empty folder, readable by whoever the sandbox runs as."""
        self._count += 1
        folder = self._root / str(self._count)
        folder.mkdir()
        folder.chmod(0o755)
        return folder

    def close(self) -> None:
        """Gives the warm trees back."""
        self._leases.close()

    async def _leased(self, tree: str) -> Copy | None:
        if self._warm is None:
            return None
        folder = await asyncio.to_thread(self._leases.enter_context, self._warm.lease(tree))
        return await self._copy(tree, folder) if folder is not None else None

    async def _copy(self, tree: str, folder: Path) -> Copy:
        return Copy(folder, await asyncio.to_thread(self._repository.entries, tree))


def _object_id(content: bytes, like: str) -> str:
    """Git's id of a blob, in the hash that the repository uses."""
    algorithm = "sha256" if len(like) == hashlib.sha256().digest_size * 2 else "sha1"
    return hashlib.new(algorithm, b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
