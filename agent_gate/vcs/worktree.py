"""Writes a git tree out as plain files: no git directory, no filters, no attributes.

`git archive` and `git checkout-index` obey `.gitattributes`, which a candidate may have written; this
writes the blobs as they are.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path, PurePosixPath

from agent_gate.errors import RepositoryError
from agent_gate.vcs.repo import Entry, Repository

_SUBMODULE = "160000"
_SYMLINK = "120000"
_FOLDER_MODE = 0o755
"""Whatever the umask: a sandbox may read as somebody else."""


def materialise(
    repository: Repository, tree: str, destination: Path, only: Collection[str] | None = None
) -> None:
    """Writes the files of a tree (or `only` some of its paths) below `destination`.

    Submodules become empty folders. Symbolic links are made last, so that nothing is written through
    one. Raises RepositoryError for a tree whose paths would leave the destination.
    """
    entries = repository.entries(tree)
    if only is not None:
        entries = {path: entry for path, entry in entries.items() if path in set(only)}
    destination.mkdir(parents=True, exist_ok=True)
    destination.chmod(_FOLDER_MODE)
    _write_all(repository, entries, destination)


def switch(repository: Repository, folder: Path, old: str, new: str) -> None:
    """Turns the files of one tree into those of another; what it costs grows with their difference.

    `folder` holds exactly what `materialise` wrote for `old`. Raises RepositoryError for a tree whose
    paths would leave it.
    """
    gone: list[tuple[str, str]] = []
    wanted: dict[str, Entry] = {}
    output = repository.git("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", old, new)
    tokens = iter(output.split(b"\0")[:-1])
    for token in tokens:
        old_mode, new_mode, _, oid, status = token.decode().removeprefix(":").split(" ")
        path = os.fsdecode(next(tokens))
        if status != "A":
            gone.append((path, old_mode))
        if status != "D":
            wanted[path] = Entry(new_mode, oid)
    for path, mode in gone:
        _remove(folder, path, mode)
    _write_all(repository, wanted, folder)


def _write_all(repository: Repository, entries: Mapping[str, Entry], destination: Path) -> None:
    wanted: defaultdict[str, list[str]] = defaultdict(list)
    for path, entry in entries.items():
        _refuse_escape(path)
        wanted[entry.oid if entry.mode != _SUBMODULE else ""].append(path)
    submodules = wanted.pop("", [])
    _make_folders(destination, [*submodules, *(str(PurePosixPath(path).parent) for path in entries)])
    links: list[tuple[Path, bytes]] = []
    for oid, content in repository.blobs(wanted):
        for path in wanted[oid]:
            if entries[path].mode == _SYMLINK:
                links.append((destination / path, content))
            else:
                _write(destination / path, content, entries[path])
    for target, content in links:
        target.symlink_to(os.fsdecode(content))


def _make_folders(destination: Path, folders: Iterable[str]) -> None:
    needed = {parent for name in folders for parent in (PurePosixPath(name), *PurePosixPath(name).parents)}
    for name in sorted(needed - {PurePosixPath()}):
        folder = destination / name
        folder.mkdir(exist_ok=True)
        folder.chmod(_FOLDER_MODE)


def _remove(folder: Path, path: str, mode: str) -> None:
    """Removes what stands at a path, and the folders that are empty without it."""
    target = folder / path
    if mode == _SUBMODULE:
        target.rmdir()
    else:
        target.unlink()
    for parent in PurePosixPath(path).parents[:-1]:
        try:
            (folder / parent).rmdir()
        except OSError:
            return  # not empty


def _refuse_escape(path: str) -> None:
    if path.startswith("/") or any(part in {"", ".", ".."} for part in path.split("/")):
        raise RepositoryError(f"the tree holds the impossible path {path!r}", hint="run: git fsck")


def _write(target: Path, content: bytes, entry: Entry) -> None:
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb", buffering=0) as stream:
        stream.write(content)
        os.fchmod(descriptor, 0o755 if entry.mode == "100755" else 0o644)
