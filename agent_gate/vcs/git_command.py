"""Starts git and waits for it. git is trusted, and its plumbing answers in milliseconds: no time limit,
no asyncio, nothing to import. Every other program goes through `agent_gate.process`.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from agent_gate.errors import RepositoryError, SetupError

_CONFIG = ("core.hooksPath=/dev/null", "core.fsmonitor=false", "core.quotePath=false", "core.pager=cat")
_ENVIRONMENT = {
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
    "LANGUAGE": "C",
}


class GitError(RepositoryError):
    """A git command failed; the message is git's own."""

    def __init__(self, arguments: Collection[str], returncode: int, stderr: str) -> None:
        told = stderr.strip() or f"exit code {returncode}"
        super().__init__(f"git {' '.join(arguments)}: {told}")
        self.returncode = returncode
        self.stderr = stderr


def run_git(
    args: Sequence[str], *, cwd: Path, stdin: bytes | None = None, env: Mapping[str, str] | None = None
) -> bytes:
    """Standard output of a git command; raises GitError where it fails, SetupError without git."""
    options = [part for setting in _CONFIG for part in ("-c", setting)]
    try:
        done = subprocess.run(
            ["git", *options, *args],
            cwd=cwd,
            env={**os.environ, **_ENVIRONMENT, **(env or {})},
            input=stdin or b"",
            capture_output=True,
            check=False,
        )
    except FileNotFoundError as error:
        if error.filename == str(cwd):
            raise RepositoryError(f"{cwd} does not exist", hint="name a folder that does") from None
        raise SetupError("git is not installed", hint="install git 2.30 or newer") from None
    if done.returncode:
        raise GitError(args, done.returncode, done.stderr.decode(errors="replace"))
    return done.stdout
