"""Real git repositories for tests."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from agent_gate.vcs.repo import Repository

Files = Mapping[str, str | bytes]
MakeRepository = Callable[..., Repository]


def hermetic_git_environment(home: Path) -> dict[str, str]:
    """An environment in which git sees only its own defaults and a fixed identity."""
    configuration = home / "gitconfig"
    configuration.write_text(
        "[init]\n\tdefaultBranch = main\n[user]\n\tname = Ana Ito\n\temail = ana@example.org\n"
        "[maintenance]\n\tauto = false\n"  # of a few objects there is nothing to tidy up
    )
    return {"HOME": str(home), "GIT_CONFIG_GLOBAL": str(configuration), "GIT_CONFIG_NOSYSTEM": "1"}


def git(where: Path, *args: str) -> str:
    """Runs git as a user would and returns what it printed."""
    done = subprocess.run(["git", *args], cwd=where, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def write_files(root: Path, files: Files) -> None:
    """Writes files below `root`."""
    for name, content in files.items():
        target = root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)


def commit_all(root: Path, message: str = "change") -> str:
    """Commits everything and returns the commit id."""
    _commit(root, message)
    return git(root, "rev-parse", "HEAD")


def _commit(root: Path, message: str) -> None:
    git(root, "add", "--all", "--force")
    git(root, "commit", "--quiet", "--allow-empty", "--message", message)


def new_repository(root: Path, files: Files) -> Repository:
    """A repository with one commit on main."""
    root.mkdir(parents=True)
    git(root, "init", "--quiet")
    write_files(root, files)
    _commit(root, "base")
    return Repository.open(root)
