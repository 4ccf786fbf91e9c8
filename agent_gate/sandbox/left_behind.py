"""What a confined command left in its writable folders, touched without trusting any of it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

REPORT_BYTES = 64 * 1024 * 1024
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_ALL = 0o700


def read_report(folder: Path, name: str, limit: int = REPORT_BYTES) -> bytes:
    """The file `name` (it may have folders, with `/`) that a command wrote below a folder of ours.

    No link is followed on the way, a pipe or device is not waited for, and not more than `limit` bytes
    are read. Raises ValueError with a reason that can be shown.
    """
    parts = name.split("/")
    if not all(parts) or any(part in {".", ".."} for part in parts):
        raise ValueError(f"{name!r} is not a name below a folder")
    place = os.open(folder, _OPEN | os.O_DIRECTORY)
    try:
        for part in parts[:-1]:
            inner = os.open(part, _OPEN | os.O_DIRECTORY, dir_fd=place)
            os.close(place)
            place = inner
        report = os.open(parts[-1], _OPEN, dir_fd=place)
    except OSError as error:
        raise ValueError(f"{name} cannot be read: {error.strerror}") from None
    finally:
        os.close(place)
    try:
        about = os.fstat(report)
        if not stat.S_ISREG(about.st_mode):
            raise ValueError(f"{name} is not a file")
        if about.st_size > limit:
            raise ValueError(f"{name} has {about.st_size} bytes, and {limit} are read at most")
        with os.fdopen(report, "rb", closefd=False) as file:
            return file.read(limit)
    finally:
        os.close(report)


def remove_tree(folder: Path) -> None:
    """Removes a folder and what lies in it, however deep, and whatever its modes say.

    Nothing may run in it any more. One folder is open at a time, entered from the one above and left
    by `..`, so that no path gets long and no recursion deep. Raises OSError for what the operating
    system does not let go.
    """
    folder.chmod(_ALL)
    place = os.open(folder, _OPEN | os.O_DIRECTORY)
    entered: list[str] = []
    waiting = [_clear_files(place)]
    try:
        while True:
            if waiting[-1]:
                name = waiting[-1].pop()
                os.chmod(name, _ALL, dir_fd=place)
                entered.append(name)
                place = _moved(place, name)
                waiting.append(_clear_files(place))
            elif entered:
                waiting.pop()
                place = _moved(place, "..")
                os.rmdir(entered.pop(), dir_fd=place)
            else:
                break
    finally:
        os.close(place)
    folder.rmdir()


def _moved(place: int, name: str) -> int:
    there = os.open(name, _OPEN | os.O_DIRECTORY, dir_fd=place)
    os.close(place)
    return there


def _clear_files(place: int) -> list[str]:
    """Removes all that is not a folder, and names the folders."""
    folders = []
    with os.scandir(place) as entries:
        for entry in list(entries):
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
            else:
                os.unlink(entry.name, dir_fd=place)
    return folders
