"""Lands a commit: branch, evidence note, index and work tree go forward together, or not at all.

On the branch that is checked out it means what `git merge --ff-only` means. git's own two-tree merge
(git-read-tree(1), "Two Tree Merge") decides which local changes may stay; where it refuses, the commit
lands on a side branch and nothing else is touched. A file that git ignores counts as a local change:
unlike `git merge`, this never overwrites one.

The order under `index.lock`: work tree and a draft of the index, then branch and note in one
transaction with their old values, then the draft takes the index's place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from agent_gate.errors import AwaitingDecision, StaleBaseError
from agent_gate.vcs.checkout import Checkout, Collision
from agent_gate.vcs.git_command import GitError
from agent_gate.vcs.ref_update import ABSENT, RefUpdate
from agent_gate.vcs.repo import Repository

_BRANCHES = "refs/heads/"
_UNFINISHED = {"MERGE_HEAD": "a merge", "CHERRY_PICK_HEAD": "a cherry-pick", "REVERT_HEAD": "a revert"}


@dataclass(frozen=True)
class Landing:
    """What shall land, and where."""

    ref: str
    """The branch in full, or `HEAD` where HEAD is detached."""
    base: str
    commit: str
    tree: str
    lines: tuple[str, ...]
    """The evidence, for the note of the tree."""
    run_id: str
    spec_id: str

    @property
    def side_branch(self) -> str:
        """Where it lands when it cannot land where it was asked to."""
        return f"{_BRANCHES}agent-gate/{self.spec_id}"


@dataclass(frozen=True)
class Landed:
    """Where the commit stands now."""

    ref: str
    note: str = ""
    """Why it stands elsewhere than asked, and how to merge it."""


@dataclass(frozen=True)
class Obstacle:
    """Why the branch cannot be moved, and how a person merges: `{merge}` stands for the command."""

    reason: str
    way: str = "{merge}"


def land(repository: Repository, landing: Landing, *, recovering: bool = False) -> Landed:
    """Lands the commit and its evidence; the commit's object is there already.

    `recovering` is set where an earlier landing of the same run did not report its end; what that one
    left is then completed, or undone. Raises StaleBaseError where the branch has left the base, and
    AwaitingDecision where another process holds a lock; in both cases nothing has changed.
    """
    refs = RefUpdate(
        repository, landing.commit, landing.tree, landing.lines, landing.run_id, recovering=recovering
    )
    checkout = Checkout(repository, landing.base, landing.commit, landing.run_id)
    if recovering and checkout.interrupted:
        return _land_here(repository, landing, refs, checkout.resume())
    if recovering and (landed := _landed_before(repository, landing)):
        refs.complete_note(landed.ref)
        return landed
    _require_base(repository, landing)
    if obstacle := _obstacle(repository, landing):
        return _land_aside(repository, landing, refs, obstacle)
    if repository.branch() == landing.ref:
        return _land_here(repository, landing, refs, checkout)
    _move(repository, landing, refs)
    return Landed(landing.ref)


def _land_here(repository: Repository, landing: Landing, refs: RefUpdate, checkout: Checkout) -> Landed:
    """Lands on the branch that is checked out here."""
    try:
        with checkout:
            if _landed_before(repository, landing) == Landed(landing.ref):
                refs.complete_note(landing.ref)
                _catch_up(checkout)
            else:
                _require_base(repository, landing)
                if repository.branch() != landing.ref:
                    raise AwaitingDecision(
                        f"{landing.ref} is no longer checked out; nothing was landed",
                        hint=f"agent-gate resume {landing.run_id}",
                    )
                checkout.forward()
                _move(repository, landing, refs)
            checkout.finish()
    except Collision as collision:
        way = "git stash -u; {merge}; git stash pop"
        return _land_aside(repository, landing, refs, Obstacle(str(collision), way))
    return Landed(landing.ref)


def _move(repository: Repository, landing: Landing, refs: RefUpdate) -> None:
    """Moves the branch that was asked for; one that does not exist yet is made."""
    try:
        refs.move(landing.ref, landing.base if repository.ref(landing.ref) else ABSENT)
    except (GitError, AwaitingDecision):
        _require_base(repository, landing)
        raise


def _catch_up(checkout: Checkout) -> None:
    """The branch has moved already: work tree and index follow; what was edited since stays as it is."""
    try:
        checkout.forward()
    except Collision:
        checkout.forward_index()


def _land_aside(repository: Repository, landing: Landing, refs: RefUpdate, obstacle: Obstacle) -> Landed:
    """Lands on a new side branch; work tree, index and the asked-for branch stay as they are."""
    on_branch = landing.ref.startswith(_BRANCHES) and repository.ref(landing.ref)
    standing = (landing.ref, landing.base) if on_branch else None
    number = 1
    while True:
        target = landing.side_branch if number == 1 else f"{landing.side_branch}-{number}"
        number += 1
        if repository.ref(target):
            continue
        try:
            refs.move(target, ABSENT, standing=standing)
        except (GitError, AwaitingDecision):
            _require_base(repository, landing)
            if repository.ref(target):
                continue
            raise
        return Landed(target, _merge_note(target, obstacle))


def _merge_note(target: str, obstacle: Obstacle) -> str:
    branch = target.removeprefix(_BRANCHES)
    way = obstacle.way.replace("{merge}", f"git merge --ff-only {branch}")
    return f"{obstacle.reason}: the commit stands on {branch}; to merge it: {way}"


def _landed_before(repository: Repository, landing: Landing) -> Landed | None:
    """Where the commit stands already, however the branch went on since."""
    listed = repository.text("for-each-ref", f"--contains={landing.commit}", "--format=%(refname)", _BRANCHES)
    refs = listed.splitlines()
    if landing.ref in refs:
        return Landed(landing.ref)
    side = re.compile(rf"{re.escape(landing.side_branch)}(-\d+)?")
    found = next((ref for ref in refs if side.fullmatch(ref)), None)
    return Landed(found, _merge_note(found, Obstacle("it could not land where asked"))) if found else None


def _require_base(repository: Repository, landing: Landing) -> None:
    """A branch that does not exist yet is made; any other must stand on the gated base."""
    found = repository.ref(landing.ref)
    if found is not None and found != landing.base:
        raise StaleBaseError(
            f"{landing.ref.removeprefix(_BRANCHES)} moved from {landing.base[:12]} to {found[:12]}; nothing was landed",
            hint=f"agent-gate resume {landing.run_id}",
        )


def _obstacle(repository: Repository, landing: Landing) -> Obstacle | None:
    """Why the branch must not be moved, if anything."""
    if not landing.ref.startswith(_BRANCHES):
        return Obstacle("HEAD is on no branch")
    branch = landing.ref.removeprefix(_BRANCHES)
    for path in _other_checkouts(repository, landing.ref):
        return Obstacle(f"{branch} is checked out in {path}", f"(in {path}) {{merge}}")
    for directory in (repository.common_directory, *repository.common_directory.glob("worktrees/*")):
        for name in ("rebase-merge/head-name", "rebase-apply/head-name"):
            state = directory / name
            if state.is_file() and state.read_text().strip() == landing.ref:
                return Obstacle(f"{branch} is being rebased", "finish or abort the rebase, then {merge}")
    if repository.branch() == landing.ref:
        for name, operation in _UNFINISHED.items():
            if (repository.git_directory / name).exists():
                return Obstacle(
                    f"{operation} is not finished", f"finish or abort {operation}, then {{merge}}"
                )
    return None


def _other_checkouts(repository: Repository, ref: str) -> list[Path]:
    """The other work trees in which the branch is checked out."""
    found: list[Path] = []
    path = Path()
    for line in repository.text("worktree", "list", "--porcelain", "-z").split("\0"):
        name, _, value = line.partition(" ")
        if name == "worktree":
            path = Path(value)
        elif name == "branch" and value == ref and path.resolve() != repository.root:
            found.append(path)
    return found
