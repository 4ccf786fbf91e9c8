"""Names of files: such as deceive, such as git itself obeys, and such as other systems cannot hold."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence

from agent_gate.gating.diff import FileDiff
from agent_gate.gating.scope.remark import Remark

_DEVICES = {"con", "prn", "aux", "nul", "conin$", "conout$"} | {
    f"{port}{number}" for port in ("com", "lpt") for number in "123456789¹²³"
}
"""Names that Windows keeps for devices, with any ending (Microsoft, "Naming Files, Paths, and Namespaces")."""
_FORBIDDEN = frozenset('<>:"|?*\\')
_LONGEST_PART = 255
"""Bytes of one name on ext4, XFS, APFS and NTFS."""
_LONGEST_PATH = 200
"""Characters; Windows takes 260 with the folder that the checkout lies in."""


def name_remarks(diff: Sequence[FileDiff], entries: Callable[[], Iterable[str]]) -> Iterator[Remark]:
    """About the names that the change brings. `entries` gives all paths of the candidate."""
    for file in diff:
        if not file.is_deleted:
            yield from _deceptive(file.path)
    brought = [file.path for file in diff if not file.is_deleted and file.path != file.old_path]
    if not brought:
        return
    paths = list(entries())
    yield from _collisions(brought, paths)
    remarks = [remark for path in brought for remark in _not_portable(path)]
    if remarks:
        usual = {remark.rule for path in set(paths) - set(brought) for remark in _not_portable(path)}
        yield from (remark for remark in remarks if remark.rule not in usual)


def _deceptive(path: str) -> Iterator[Remark]:
    if any(unicodedata.category(character) in {"Cc", "Cf", "Cs"} for character in path):
        yield Remark("characters", path, f"the name {path!a} holds control or invisible characters")
    if any(is_git(part) for part in path.split("/")):
        yield Remark("git-directory", path, f"{path!a} names a git directory")


def is_git(part: str) -> bool:
    """`.git` as any file system may read it: case, trailing dots and spaces, streams, short names,
    ignored characters (git's own verify_dotfile, is_ntfs_dotgit and is_hfs_dotgit).
    """
    visible = "".join(
        c for c in unicodedata.normalize("NFKC", part) if unicodedata.category(c) not in {"Cc", "Cf"}
    )
    name = visible.casefold().split(":")[0].rstrip(". ")
    return name in {".git", "git~1"}


def _not_portable(path: str) -> Iterator[Remark]:
    parts = path.split("/")
    if any(_is_refused_by_windows(part) for part in parts):
        yield Remark("windows-name", path, f"{path!a}: Windows cannot check out a file of this name", "ask")
    if len(path) > _LONGEST_PATH or any(len(p.encode(errors="replace")) > _LONGEST_PART for p in parts):
        yield Remark(
            "long-path", path, f"a path of {len(path)} characters cannot be checked out everywhere", "ask"
        )


def _is_refused_by_windows(part: str) -> bool:
    return (
        part.casefold().split(".")[0].rstrip() in _DEVICES
        or part.endswith((".", " "))
        or not _FORBIDDEN.isdisjoint(part)
    )


def _collisions(brought: Iterable[str], paths: Iterable[str]) -> Iterator[Remark]:
    """Files or folders that are one on a file system which ignores case, or composes accents."""
    spelled: dict[str, set[str]] = {}
    for path in brought:
        for name in _prefixes(path):
            spelled.setdefault(_folded(name), set()).add(name)
    others: dict[str, str] = {}
    for path in paths:
        for name in _prefixes(path):
            key = _folded(name)
            if key in spelled and (name not in spelled[key] or len(spelled[key]) > 1):
                others.setdefault(key, name)
    for key, other in sorted(others.items()):
        for name in sorted(spelled[key] - {other}):
            yield Remark(
                "case-collision",
                name,
                f"{name!a} and {other!a} are one where case or accents do not count",
                "ask",
            )


def _prefixes(path: str) -> Iterator[str]:
    """The path and the folders that it lies in."""
    parts = path.split("/")
    return ("/".join(parts[:size]) for size in range(1, len(parts) + 1))


def _folded(name: str) -> str:
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", name).casefold())
