"""Timing whole processes against a reference in the same run: only the ratio says something."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

IDENTITY = ("-c", "user.name=Benchmark", "-c", "user.email=benchmark@example.org")


@dataclass(frozen=True)
class Comparison:
    """One row: what was timed, against what, in seconds, and the ratio that is promised."""

    name: str
    ours: Sequence[float]
    reference: str
    theirs: Sequence[float]
    wanted: str = ""

    @property
    def ratio(self) -> float:
        """The median of what is ours over the median of the reference."""
        return statistics.median(self.ours) / statistics.median(self.theirs)


@dataclass(frozen=True)
class Amount:
    """A row that is compared with a number."""

    name: str
    values: Sequence[float]
    unit: str
    wanted: str


def timed(action: Callable[[], object]) -> float:
    """How long a call takes, in seconds."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def command(argv: Sequence[str], where: Path, env: Mapping[str, str] | None = None) -> Callable[[], object]:
    """A call that runs a command and throws its output away, whatever it returns."""
    return lambda: subprocess.run(argv, cwd=where, env=env, capture_output=True, check=False)


def interleaved(
    ours: Callable[[], object], theirs: Callable[[], object], runs: int
) -> tuple[list[float], list[float]]:
    """Times two actions in turn, so that a machine that grows slower is slower for both."""
    ours(), theirs()
    pairs = [(timed(ours), timed(theirs)) for _ in range(runs)]
    return [a for a, _ in pairs], [b for _, b in pairs]


def new_repository(folder: Path, message: str = "base") -> None:
    """Makes a folder a repository with all its files in one commit."""
    for arguments in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", message]):
        subprocess.run(["git", *IDENTITY, *arguments], cwd=folder, check=True)
