"""Preparing a candidate in a large repository, against `git worktree add` there."""

from __future__ import annotations

import shutil
import subprocess
from functools import partial
from pathlib import Path

from timing import Comparison, new_repository, timed

from agent_gate.gating.diff import read_diff
from agent_gate.vcs.repo import Entry, Repository
from agent_gate.vcs.warm import WarmTrees

FILES = 20_000


def preparing_a_candidate(folder: Path, runs: int) -> Comparison:
    """From the edits in memory to a folder that the static gates can look at, and what has changed in it."""
    checkout = folder / "large"
    for number in range(FILES):
        target = checkout / f"package{number % 200}" / f"module{number}.py"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(f"VALUE = {number}\n" * 20)
    new_repository(checkout)
    repository = Repository.open(checkout)
    base = repository.tree_of("HEAD")
    warm = WarmTrees(repository, folder / "trees")
    with warm.lease(base):
        pass  # as after the first check of this repository
    ours, theirs = [], []
    for number in range(runs):
        ours.append(timed(partial(_prepare, repository, base, warm, f"VALUE = -{number}\n")))
        elsewhere = folder / f"worktree{number}"
        add = ["git", "worktree", "add", "--quiet", "--detach", str(elsewhere)]
        theirs.append(timed(partial(subprocess.run, add, cwd=checkout, check=True)))
        shutil.rmtree(elsewhere)
    return Comparison(f"a candidate among {FILES:,} files", ours, "git worktree add", theirs, "at most 0.2")


def _prepare(repository: Repository, base: str, warm: WarmTrees, content: str) -> None:
    blob = Entry("100644", repository.write_blob(content.encode()))
    tree = repository.write_tree(base, {"package1/module1.py": blob, "package2/new.py": blob})
    with warm.lease(tree) as place:
        assert place is not None
    repository.entries(tree)
    read_diff(repository, base, tree)
