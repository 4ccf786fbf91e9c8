"""The tree that a commit made now would have, without making one and without touching the index."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent_gate.errors import UsageError
from agent_gate.vcs.git_command import GitError
from agent_gate.vcs.repo import Repository


def work_tree_snapshot(repository: Repository) -> str:
    """The tree of the work tree: tracked files as they are, and untracked ones that are not ignored."""
    with _private_index(repository) as index:
        repository.git("-C", str(repository.root), "add", "--all", env=index)
        return repository.text("write-tree", env=index)


def index_snapshot(repository: Repository) -> str:
    """The tree of the index: what `git commit` would commit."""
    with _private_index(repository) as index:
        return repository.text("write-tree", env=index)


def patched_tree(repository: Repository, base: str, patch: bytes) -> str:
    """The tree of `base` with a patch applied; raises UsageError where it does not apply as a whole."""
    with tempfile.TemporaryDirectory(prefix="agent-gate-index-") as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        repository.git("read-tree", base, env=index)
        try:
            repository.git("apply", "--cached", "--whitespace=nowarn", "-", stdin=patch, env=index)
        except GitError as error:
            raise UsageError(
                f"the patch does not apply to {base[:10]}: {error.stderr.strip()}",
                hint="a patch applies to HEAD as a whole or not at all",
            ) from None
        return repository.text("write-tree", env=index)


@contextmanager
def _private_index(repository: Repository) -> Iterator[dict[str, str]]:
    """A copy of the index, so that git's own caches in it are used and the user's stays as it is."""
    with tempfile.TemporaryDirectory(prefix="agent-gate-index-") as folder:
        copy = Path(folder) / "index"
        original = repository.git_directory / "index"
        if original.exists():
            shutil.copy2(original, copy)
        yield {"GIT_INDEX_FILE": str(copy)}
