"""Which change is meant: the work tree, the index, a patch, or a range of commits."""

from __future__ import annotations

from dataclasses import dataclass

from agent_gate.errors import UsageError
from agent_gate.vcs.repo import Repository
from agent_gate.vcs.snapshot import index_snapshot, patched_tree, work_tree_snapshot


@dataclass(frozen=True)
class ChangeSource:
    """Which change: the work tree against HEAD unless something else is named."""

    range: str = ""
    staged: bool = False
    patch: bytes | None = None
    policy_from: str = ""


def locate_change(repository: Repository, source: ChangeSource) -> tuple[str, str]:
    """(base commit, tree) of the change that is meant."""
    if sum((bool(source.range), source.staged, source.patch is not None)) > 1:
        raise UsageError("RANGE, --staged and --patch exclude each other", hint="name one of them")
    if source.range:
        base, tip = _endpoints(repository, source.range)
        return base, repository.tree_of(tip)
    head = repository.resolve("HEAD")
    if source.patch is not None:
        return head, patched_tree(repository, head, source.patch)
    return head, index_snapshot(repository) if source.staged else work_tree_snapshot(repository)


def _endpoints(repository: Repository, revisions: str) -> tuple[str, str]:
    if "..." in revisions:
        left, right = (repository.resolve(part or "HEAD") for part in revisions.split("...", 1))
        return repository.text("merge-base", left, right), right
    if ".." in revisions:
        left, right = (repository.resolve(part or "HEAD") for part in revisions.split("..", 1))
        return left, right
    tip = repository.resolve(revisions)
    try:
        return repository.resolve(f"{revisions}^"), tip
    except UsageError:
        raise UsageError(f"{revisions} has no parent to compare it with", hint="name a range: A..B") from None
