"""What a check said, kept until something changes that it depends on.

Looking a second time at the same tree should cost no more than finding out that it is the same one. So
what was said is kept whole, under all that was asked, together with the files beside the repository that
had a say (interpreters, packages, tools): as long as these are what they were, it is said again. Verifying
traces is what this is called in "Build Systems à la Carte" (Mokhov, Mitchell, Peyton Jones, ICFP 2018, §5.3).

Imports nothing heavy: that is the point.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent_gate import __version__
from agent_gate.cli.output import Line
from agent_gate.domain.digest import canonical_json, sha256
from agent_gate.gating.cache import Cache, cache_directory
from agent_gate.stamps import settled, stamp, stamps
from agent_gate.vcs.hooks import PRE_COMMIT, find_hook
from agent_gate.vcs.repo import Repository

_VARIABLES = ("VIRTUAL_ENV", "PATH", "HOME", "XDG_CACHE_HOME", "PRE_COMMIT_HOME")
_PACKAGE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Said:
    """Lines with the stream that each went to, and the exit code."""

    lines: tuple[Line, ...]
    exit_code: int


class CheckMemory:
    """What was said about one question: a change of `base`, and whatever else was `asked`."""

    def __init__(
        self, repository: Repository, base: str, asked: Sequence[str], *, enabled: bool = True
    ) -> None:
        self.enabled = enabled
        self._cache = Cache(cache_directory(), enabled=enabled)
        self._key = sha256(canonical_json(["said", base, *asked, *_surroundings(repository, base)]))

    def recall(self) -> Said | None:
        """What was said, unless one of the files that had a say is another one by now."""
        kept: Any = self._cache.get(self._key)
        try:
            if kept is None or stamps(kept["files"]) != kept["stamps"]:
                return None
            return Said(tuple((stream, line) for stream, line in kept["lines"]), int(kept["exit_code"]))
        except (KeyError, TypeError, ValueError):
            return None

    def keep(self, said: Said, files: Iterable[str]) -> None:
        """Keeps it, unless one of the files changed only now: then a later change might not show."""
        files = sorted(set(files))
        seen = stamps(files)
        if settled(seen):
            self._cache.put(
                self._key,
                {"files": files, "stamps": seen, "lines": said.lines, "exit_code": said.exit_code},
            )


def _surroundings(repository: Repository, base: str) -> list[Any]:
    """What a check depends on and nobody passes to it: this program, this machine, this user, this day.

    The day, because an index of packages answers otherwise tomorrow.
    """
    hook = find_hook(repository, PRE_COMMIT, base)
    return [
        __version__,
        sys.version,
        sys.prefix,
        os.fsdecode(repository.root),
        repository.branch() or "",
        hook.digest if hook else "",
        [[name, os.environ.get(name, "")] for name in _VARIABLES],
        [os.geteuid(), list(os.uname())],
        _boot(),
        time.strftime("%Y-%m-%d", time.gmtime()),
        _our_own_files(),
    ]


def _boot() -> str:
    """Which start of the machine this is: a sandbox may have gone with the last one."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text()
    except OSError:
        return ""


def _our_own_files() -> list[Any]:
    """Stamps of the program itself, so that one that is being worked on does not repeat its older self."""
    found: list[Any] = []
    for folder in (_PACKAGE, _PACKAGE.parent / "gates"):
        for directory, folders, files in os.walk(folder):
            folders[:] = [name for name in folders if name != "__pycache__"]
            found += ([name, stamp(os.path.join(directory, name))] for name in files)  # noqa: PTH118
    return sorted(found)
