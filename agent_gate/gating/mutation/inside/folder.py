"""Brings a folder back to what it was, whatever a trial did to it. Python 3.9 or newer."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator


class Folder:
    """A copy of a tree, beside it another one that nobody can write to, and files of our own in it."""

    def __init__(self, path: str, pristine: str, own: dict[str, str]) -> None:
        self.path = path
        self.pristine = pristine
        self._own = {name: text.encode() for name, text in own.items()}
        for name, content in self._own.items():
            self._put(name, content)
        self._known = dict(self._entries())

    def content(self, name: str) -> bytes:
        """A file as it shall be."""
        if name in self._own:
            return self._own[name]
        with open(os.path.join(self.pristine, name), "rb") as stream:  # noqa: PTH118, PTH123
            return stream.read()

    def write(self, name: str, content: bytes) -> None:
        """Puts other content into a file, until the next `restore`."""
        self._remove(name)
        self._put(name, content)
        if name not in self._own:
            shutil.copymode(os.path.join(self.pristine, name), os.path.join(self.path, name))  # noqa: PTH118

    def restore(self) -> None:
        """Removes what was added, and brings back what was changed or removed.

        A file's change time tells: no program can set it (inode(7), ctime).
        """
        now = dict(self._entries())
        for name in sorted(now, reverse=True):  # what lies in a folder comes before the folder
            if now[name] != self._known.get(name):
                self._remove(name)
        for name in sorted(self._known):
            if now.get(name) != self._known[name]:
                self._bring_back(name)
                self._known[name] = self._mark(name)

    def _entries(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        for directory, folders, files in os.walk(self.path):
            for name in (*folders, *files):
                relative = os.path.relpath(os.path.join(directory, name), self.path)  # noqa: PTH118
                yield relative, self._mark(relative)

    def _mark(self, name: str) -> tuple[int, ...]:
        """Differs as soon as the entry is another one; of a folder only that it is one, and its mode."""
        found = os.lstat(os.path.join(self.path, name))  # noqa: PTH118
        if stat.S_ISDIR(found.st_mode):
            return (found.st_mode,)
        return found.st_mode, found.st_ino, found.st_size, found.st_ctime_ns

    def _put(self, name: str, content: bytes) -> None:
        with open(os.path.join(self.path, name), "wb") as stream:  # noqa: PTH118, PTH123
            stream.write(content)

    def _remove(self, name: str) -> None:
        target = os.path.join(self.path, name)  # noqa: PTH118
        if os.path.isdir(target) and not os.path.islink(target):  # noqa: PTH112, PTH114
            shutil.rmtree(target, ignore_errors=True)
        elif os.path.lexists(target):
            os.unlink(target)  # noqa: PTH108

    def _bring_back(self, name: str) -> None:
        if name in self._own:
            self._put(name, self._own[name])
            return
        source, target = (os.path.join(top, name) for top in (self.pristine, self.path))  # noqa: PTH118
        if os.path.isdir(source) and not os.path.islink(source):  # noqa: PTH112, PTH114
            os.makedirs(target, exist_ok=True)  # noqa: PTH103
            shutil.copymode(source, target)
        else:
            shutil.copy2(source, target, follow_symlinks=False)
