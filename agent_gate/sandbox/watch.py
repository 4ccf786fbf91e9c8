"""Bounds on sums, which the kernel gives an ordinary user no means to set: memory and disk in all.

A command is looked at a few times a second. What is free on the disk is asked each time; the folders are
counted where much of it went, and else now and then, since others use the same disk. What a command can
add between two looks stays unbounded: some hundreds of megabytes. Where memory runs out before, the
kernel ends the command first, since the sandboxes volunteer it (oom_score_adj).
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent_gate.sandbox.base import MIB, Confinement

_BLOCK = 512
"""The unit of `st_blocks`, whatever the file system's own."""
_KIB = 1024
_COUNT_EVERY_S = 1.0
_REST = 20
"""A count is followed by a rest of this many times as long as it took."""
_HELD = ("RssAnon:", "RssShmem:", "VmSwap:")
_SHARE = ("Pss_Anon:", "Pss_Shmem:", "SwapPss:")


@dataclass(frozen=True)
class _Room:
    """What is free on a disk."""

    free_bytes: int
    files: int

    @classmethod
    def of(cls, folder: Path) -> _Room:
        told = os.statvfs(folder)
        return cls(told.f_bavail * told.f_frsize, told.f_favail)


@dataclass(frozen=True)
class _Load:
    """What lies in folders."""

    used_bytes: int
    files: int
    whole: bool
    """Everything could be seen."""


class Watch:
    """The sums of one command; made before it starts, and asked again and again while it runs."""

    def __init__(self, request: Confinement) -> None:
        self._limits = request.limits
        self._folders = tuple(folder for folder in request.writable if folder.is_dir())
        self._rooms = {folder: _Room.of(folder) for folder in self._folders}
        self._first = self._counted(())

    def __call__(self, pid: int) -> str:
        """Why the command with this process id must end; empty as long as it need not."""
        family = tuple(descendants(pid))
        try:
            return self._memory(family) or self._disk(family)
        except OSError as error:  # a folder itself is gone, which only an unconfined command can do
            return f"its folders cannot be looked at any more: {error.strerror}"

    def _memory(self, family: Iterable[int]) -> str:
        limit = self._limits.memory_bytes
        if sum(_held(pid) for pid in family) > limit and sum(_share(pid) for pid in family) > limit:
            return f"its processes together held more than {limit // MIB} MiB of memory"
        return ""

    def _disk(self, family: Iterable[int]) -> str:
        limits, much = self._limits, self._much_is_gone()
        if not much and time.monotonic() < self._count_next:
            return ""
        now = self._counted(family)
        if now.used_bytes - self._first.used_bytes > limits.disk_bytes:
            return f"it wrote more than {limits.disk_bytes // MIB} MiB into its folders"
        if now.files - self._first.files > limits.files:
            return f"it made more than {limits.files} files"
        if much and not now.whole:
            return "the disk fills up, and its folders cannot be counted"
        return ""

    def _much_is_gone(self) -> bool:
        limits = self._limits
        rooms = [(before, _Room.of(folder)) for folder, before in self._rooms.items()]
        return any(
            before.free_bytes - now.free_bytes > limits.disk_bytes or before.files - now.files > limits.files
            for before, now in rooms
        )

    def _counted(self, family: Iterable[int]) -> _Load:
        started = time.monotonic()
        load = _laid_down(self._folders, family)
        ended = time.monotonic()
        self._count_next = ended + max(_COUNT_EVERY_S, _REST * (ended - started))
        return load


def descendants(pid: int) -> Iterator[int]:
    """A process and all that descend from it, as far as /proc tells; nothing where there is no /proc."""
    children = defaultdict(list)
    try:
        entries = [path.name for path in Path("/proc").iterdir() if path.name.isdigit()]
    except OSError:
        return
    for name in entries:
        words = _text(f"/proc/{name}/stat").rpartition(")")[2].split()
        if len(words) > 1:
            children[int(words[1])].append(int(name))
    waiting, seen = [pid], set()
    while waiting:
        current = waiting.pop()
        if current not in seen:  # numbers are used again while we read
            seen.add(current)
            yield current
            waiting += children[current]


def _held(pid: int) -> int:
    """Memory of its own, what it shares with its parent counted in full."""
    return _sum(f"/proc/{pid}/status", _HELD)


def _share(pid: int) -> int:
    """The same, with shared pages divided by those who share them; slower to ask."""
    return _sum(f"/proc/{pid}/smaps_rollup", _SHARE) or _held(pid)


def _sum(path: str, names: tuple[str, ...]) -> int:
    lines = (line.split() for line in _text(path).splitlines() if line.startswith(names))
    return sum(int(words[1]) for words in lines if len(words) > 1) * _KIB


def _text(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""  # it ended while we looked


def _laid_down(folders: Sequence[Path], family: Iterable[int]) -> _Load:
    """What lies in the folders, with what was removed there and is still open."""
    used = files = 0
    whole = True
    waiting = [os.fspath(folder) for folder in folders]
    while waiting:
        try:
            for entry, blocks in _entries(waiting.pop()):
                files += 1
                used += blocks * _BLOCK
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
        except FileNotFoundError:
            continue  # it went while we looked
        except OSError:
            whole = False
    devices = {folder.stat().st_dev for folder in folders}
    removed = {}
    for pid in family:
        for about in _open_files(pid):
            if about.st_nlink == 0 and about.st_dev in devices:
                removed[about.st_ino] = about.st_blocks * _BLOCK
    return _Load(used + sum(removed.values()), files, whole)


def _entries(folder: str) -> Iterator[tuple[os.DirEntry[str], int]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                yield entry, entry.stat(follow_symlinks=False).st_blocks
            except FileNotFoundError:
                continue  # it went while we looked


def _open_files(pid: int) -> Iterator[os.stat_result]:
    try:
        held = list(Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return
    for path in held:
        try:
            yield path.stat()
        except OSError:
            continue  # closed while we looked
