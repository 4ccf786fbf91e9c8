"""Writes a git tree out as plain files: no git directory, no filters, no attributes.

`git archive` and `git checkout-index` obey `.gitattributes`, which a candidate may have written; this
writes the blobs as they are.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Collection
from pathlib import Path, PurePosixPath

from agent_gate.errors import RepositoryError
from agent_gate.vcs.repo import Entry, Repository

_SUBMODULE = "160000"
_SYMLINK = "120000"


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
    wanted: defaultdict[str, list[str]] = defaultdict(list)
    for path, entry in entries.items():
        _refuse_escape(path)
        if entry.mode == _SUBMODULE:
            (destination / path).mkdir(parents=True, exist_ok=True)
        else:
            wanted[entry.oid].append(path)
    for folder in {str(PurePosixPath(path).parent) for paths in wanted.values() for path in paths}:
        (destination / folder).mkdir(parents=True, exist_ok=True)
    links: list[tuple[Path, bytes]] = []
    for oid, content in repository.blobs(wanted):
        for path in wanted[oid]:
            if entries[path].mode == _SYMLINK:
                links.append((destination / path, content))
            else:
                _write(destination / path, content, entries[path])
    for target, content in links:
        target.symlink_to(os.fsdecode(content))


def _refuse_escape(path: str) -> None:
    if path.startswith("/") or any(part in {"", ".", ".."} for part in path.split("/")):
        raise RepositoryError(f"the tree holds the impossible path {path!r}", hint="run: git fsck")


def _write(target: Path, content: bytes, entry: Entry) -> None:
    mode = 0o755 if entry.mode == "100755" else 0o644
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
