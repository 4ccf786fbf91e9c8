"""Makes the demo's git repository out of its files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import git

from agent_gate.demo import sample_files
from agent_gate.errors import RepositoryError, UsageError
from agent_gate.vcs.repo import Repository

BRANCH = "main"
_STAND_IN = ("Demo Engineer", "demo@example.org")


@dataclass(frozen=True)
class SampleRepository:
    """A new repository with one commit."""

    root: Path
    invented_identity: str = ""
    """Set where git does not know the user: who commits in this repository instead."""


def make_sample_repository(directory: Path) -> SampleRepository:
    """Writes the sample at `directory`, which must be empty or not exist, and commits it."""
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise UsageError(f"{directory} is not empty", hint="name a new folder with --dir")
    for name, content in sample_files().items():
        target = directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    git.Repo.init(directory, initial_branch=BRANCH).close()
    repository = Repository.open(directory)
    invented = _invent_identity(repository)
    repository.git("-C", str(repository.root), "add", "--all")
    repository.git(
        "-C", str(repository.root), "commit", "--quiet", "--no-gpg-sign", "--message", "An order service"
    )
    return SampleRepository(repository.root, invented)


def _invent_identity(repository: Repository) -> str:
    """A name for whoever git does not know, in the sample repository only."""
    try:
        repository.author()
    except RepositoryError:
        name, email = _STAND_IN
        repository.git("config", "user.name", name)
        repository.git("config", "user.email", email)
        return f"{name} <{email}>"
    return ""
