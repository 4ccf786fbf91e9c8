"""The files of a repository as they lie on the disk, read without git and without trusting them."""

from __future__ import annotations

import os
import stat
from collections import deque
from functools import cached_property
from pathlib import Path

MOST_FILES = 20_000
"""Where a listing stops; so does it after as many folders."""
MOST_BYTES = 1024 * 1024
"""What is larger is not read: nobody wrote it by hand."""

_SKIPPED = frozenset({"node_modules", "__pycache__", "site-packages", "htmlcov"})
_ENVIRONMENT_MARKS = frozenset({"pyvenv.cfg", "conda-meta"})
_BUILT = frozenset({"build", "dist"})
"""What tools write; but a package may be called so, too."""


def find_root(start: Path) -> Path | None:
    """The nearest folder, from `start` upwards, that holds `.git` (a folder, or a file as in a worktree)."""
    try:
        here = Path(os.path.realpath(start))
    except (OSError, ValueError):
        return None
    return next((folder for folder in (here, *here.parents) if os.path.lexists(folder / ".git")), None)


class WorkTree:
    """A repository's files: listed once and only when asked for, each read at most once.

    It never raises on what it meets. What lies outside of the root, behind a link too, is not there; what
    is no UTF-8 text of at most 1 MiB has no text.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._texts: dict[str, str] = {}

    @property
    def files(self) -> tuple[str, ...]:
        """All files that people write: posix paths, relative to the root, sorted."""
        return self._listing[0]

    @property
    def truncated(self) -> bool:
        """Whether the listing stopped before its end."""
        return self._listing[1]

    def exists(self, path: str) -> bool:
        """Whether there is such a file inside the root. It does not need the listing."""
        return self._inside(path) is not None

    def has_folder(self, path: str) -> bool:
        """Whether there is such a folder inside the root; one behind a link does not count."""
        try:
            inside = path and not path.startswith("/") and ".." not in path.split("/")
            return bool(inside) and stat.S_ISDIR(os.lstat(f"{self._real_root}/{path}").st_mode)
        except (OSError, ValueError):
            return False

    def text(self, path: str) -> str:
        """The file's text; empty where it cannot be read as text."""
        if path not in self._texts:
            inside = self._inside(path)
            self._texts[path] = _text(inside) if inside else ""
        return self._texts[path]

    @cached_property
    def _real_root(self) -> str:
        return os.path.realpath(self.root)

    @cached_property
    def _listing(self) -> tuple[tuple[str, ...], bool]:
        found, truncated = _listed(self._real_root)
        return tuple(sorted(found)), truncated

    def _inside(self, path: str) -> str | None:
        """The place of the file, links resolved; None where it is no file, or none of this repository."""
        if not path or path.startswith("/") or ".." in path.split("/"):
            return None
        return _inside(self._real_root, f"{self._real_root}/{path}")


def _inside(root: str, place: str) -> str | None:
    try:
        real = os.path.realpath(place)
        return real if real.startswith(f"{root.rstrip('/')}/") and Path(real).is_file() else None
    except (OSError, ValueError):
        return None


def _listed(root: str) -> tuple[list[str], bool]:
    """The files below the root, the shallow ones first, so that one huge folder hides nothing else."""
    files: list[str] = []
    waiting, folders = deque([""]), 0
    while waiting:
        folder = waiting.popleft()
        folders += 1
        entries = _entries(root, folder)
        if folder and any(name in _ENVIRONMENT_MARKS for name, _ in entries):
            continue
        for name, is_folder in entries:
            path = f"{folder}/{name}" if folder else name
            if not is_folder:
                files.append(path)
            elif not _is_skipped(f"{root}/{path}", name):
                waiting.append(path)
            if len(files) >= MOST_FILES or folders + len(waiting) > MOST_FILES:
                return files, True
    return files, False


def _entries(root: str, folder: str) -> list[tuple[str, bool]]:
    """Names in a folder, sorted, each with whether it is a folder; links to folders are left out."""
    try:
        with os.scandir(f"{root}/{folder}") as entries:
            found = [(entry.name, _is_folder(root, entry)) for entry in entries if _is_text(entry.name)]
    except OSError:
        return []
    return sorted((name, is_folder) for name, is_folder in found if is_folder is not None)


def _is_folder(root: str, entry: os.DirEntry[str]) -> bool | None:
    """Whether it is a folder; None for what is neither folder nor file, or a link that leads elsewhere."""
    if entry.is_symlink():
        return None if _inside(root, entry.path) is None else False
    if entry.is_dir(follow_symlinks=False):
        return True
    return False if entry.is_file(follow_symlinks=False) else None


def _is_text(name: str) -> bool:
    """Whether the name can be written down: names that are no UTF-8 come as lone surrogates."""
    return not any("\ud800" <= character <= "\udfff" for character in name)


def _is_skipped(folder: str, name: str) -> bool:
    if name.startswith("."):
        return name != ".github"
    if name in _BUILT:
        return not os.path.lexists(f"{folder}/__init__.py")
    return name in _SKIPPED or name.endswith(".egg-info")


def _text(place: str) -> str:
    try:
        with Path(place).open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        text = content.decode("utf-8-sig")
    except (OSError, ValueError):
        return ""
    return "" if len(content) > MOST_BYTES or "\0" in text else text
