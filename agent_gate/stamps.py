"""What tells that a file or folder is still the one that was seen before, at the price of a stat.

A cache that rests on such stamps is what make and git's index are: it believes times of change. Standard
library only, for what is in a hurry.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable

Stamp = list[int] | None
"""Time of change in ns, inode and size; None where nothing is there."""

_SETTLED_NS = 2_000_000_000
"""What changed this shortly ago may change again and keep its time: clocks of file systems tick (git's
"racy" entries, Documentation/technical/racy-git.txt)."""


def stamp(path: str | os.PathLike[str]) -> Stamp:
    """The stamp of one path; links are followed."""
    try:
        state = os.stat(path)  # noqa: PTH116 - pathlib is not loaded yet
    except (OSError, ValueError):
        return None
    return [state.st_mtime_ns, state.st_ino, state.st_size]


def stamps(paths: Iterable[str | os.PathLike[str]]) -> list[Stamp]:
    """The stamps of several paths, in their order."""
    return [stamp(path) for path in paths]


def settled(seen: Iterable[Stamp], before_ns: int | None = None) -> bool:
    """Whether all of it was old enough, at a moment (now, unless told), for a later change to show."""
    limit = (time.time_ns() if before_ns is None else before_ns) - _SETTLED_NS
    return all(each is None or each[0] < limit for each in seen)
