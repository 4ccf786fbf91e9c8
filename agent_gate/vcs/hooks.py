"""Which hooks a person has configured, and the bytes that count.

A hook outside the work tree is the person's own and is taken as it is. One that is a file of the
repository (`core.hooksPath = .githooks`, or a link into the tree) is taken from the base commit: the
work tree may hold the very change that is judged. Source: githooks(5), and git's hook.c.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from agent_gate.domain.digest import canonical_json, sha256
from agent_gate.errors import RepositoryError
from agent_gate.vcs.git_command import GitError
from agent_gate.vcs.repo import Entry, Repository

PRE_COMMIT = "pre-commit"
COMMIT_MSG = "commit-msg"
_OWN_FOLDER = ".git/hooks"
_LINKS = 20
"""More links after one another than anybody makes; beyond lies a circle."""
_FOLDER_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class HookFile:
    """A file that lies beside a hook, or is one."""

    content: bytes
    executable: bool


@dataclass(frozen=True)
class Hook:
    """A configured hook, ready to be run in another repository."""

    name: str
    command: str
    """What git starts, relative to the root of the work tree."""
    content: bytes = b""
    files: Mapping[str, HookFile] = field(default_factory=dict)
    """What belongs into `.git/hooks`: the hook and what lies beside it. Empty for a tracked one."""
    tracked_folder: str = ""
    """The folder of the repository that `core.hooksPath` names."""
    tracked_file: str = ""
    """The file of the repository that is the hook."""
    problem: str = ""
    """Why it cannot be trusted, in a sentence; then there is no content."""

    def is_made_of(self, path: str) -> bool:
        """Whether a file of the repository takes part in the hook, so that only the base's version counts."""
        folder = self.tracked_folder
        return path == self.tracked_file or bool(folder and f"{path}/".startswith(f"{folder}/"))

    @property
    def digest(self) -> str:
        """Over all that would run."""
        files = {name: [sha256(file.content), file.executable] for name, file in self.files.items()}
        return sha256(canonical_json([self.name, self.command, sha256(self.content), files, self.problem]))


def find_hook(repository: Repository, name: str, base: str) -> Hook | None:
    """The hook of that name which git would run here, with tracked files as `base` (tree or commit) has them.

    None where there is none, or where it is not executable. Raises RepositoryError for a folder of hooks
    that cannot be read or holds more than hooks.
    """
    folder = _configured_folder(repository)
    if folder is None:
        return None
    folder, place = _follow(repository, folder)
    if place is not None:
        return _tracked_hook(repository, base, name, place)
    own, place = _follow(repository, folder / name)
    tracked = None if place is None else _in_base(repository, base, place)
    if place is not None and tracked is None:
        return _missing_from_base(repository, name, place)
    if place is None and not (own.is_file() and os.access(own, os.X_OK)):
        return None
    files = dict(_files(repository, base, folder))
    if name not in files or not files[name].executable:
        return None
    return Hook(
        name=name,
        command=f"{_OWN_FOLDER}/{name}",
        content=files[name].content,
        files=files,
        tracked_file=tracked[0] if tracked else "",
    )


def _configured_folder(repository: Repository) -> Path | None:
    """`core.hooksPath` as the user's configuration has it, else the repository's own folder.

    Our own setting, which turns hooks off for our own commands, is of the scope `command`.
    """
    try:
        output = repository.git("config", "-z", "--show-scope", "--type=path", "--get-all", "core.hooksPath")
    except GitError as error:
        if error.returncode != 1:
            raise
        output = b""
    words = [os.fsdecode(word) for word in output.split(b"\0")]
    stated = [value for scope, value in zip(words[::2], words[1::2], strict=False) if scope != "command"]
    if not stated:
        return repository.common_directory / "hooks"
    return repository.root / stated[-1] if stated[-1] else None


def _follow(repository: Repository, path: Path) -> tuple[Path, str | None]:
    """Where a path leads: to a path of the machine, or to a place in the work tree.

    Links that lie in the work tree are not followed here: a change may have put them there.
    """
    for _ in range(_LINKS):
        place = _place(repository, path)
        if place is not None or not path.is_symlink():
            return path, place
        path = Path(os.path.normpath(path.parent.resolve() / path.readlink()))
    return path, None


def _place(repository: Repository, path: Path) -> str | None:
    """The path relative to the work tree's root; None outside it, and in a git directory.

    By the name first, under whatever name the root is known, and then by what the name leads to.
    """
    common = repository.common_directory
    roots = [repository.root, *([common.parent] if common.name == ".git" else [])]
    spelled = Path(os.path.normpath(path))
    for root in roots:
        for top in (spelled, *spelled.parents):
            if top.exists() and top.samefile(root):
                below = spelled.relative_to(top)
                return None if below.parts[:1] == (".git",) else below.as_posix()
    resolved = spelled.resolve()
    if any(resolved.is_relative_to(directory) for directory in (repository.git_directory, common)):
        return None
    return next(
        (resolved.relative_to(root).as_posix() for root in roots if resolved.is_relative_to(root)), None
    )


def _tracked_hook(repository: Repository, base: str, name: str, folder: str) -> Hook | None:
    found = _in_base(repository, base, posixpath.normpath(posixpath.join(folder, name)))
    if found is None:
        return _missing_from_base(repository, name, posixpath.normpath(posixpath.join(folder, name)))
    path, entry = found
    if entry.mode != "100755":
        return None
    return Hook(
        name=name,
        command=path,
        content=repository.blob(entry.oid),
        tracked_folder=folder,
        tracked_file=path,
    )


def _missing_from_base(repository: Repository, name: str, place: str) -> Hook | None:
    """A hook that only the work tree has: nobody's version, unless it is in the history by now."""
    path = repository.root / place
    if not (path.is_file() and os.access(path, os.X_OK)):
        return None
    if repository.git("ls-files", "-z", "--", f":(top,literal){place}"):
        return None
    problem = f"git is configured to run {place}, a file of the work tree that the base commit does not hold"
    return Hook(name=name, command=place, problem=problem)


def _in_base(repository: Repository, base: str, path: str) -> tuple[str, Entry] | None:
    """A regular file of the base, and its path once all links of the base are followed."""
    entries = repository.entries(base)
    for _ in range(_LINKS):
        prefixes = [*(str(parent) for parent in reversed(Path(path).parents)), path]
        link = next((p for p in prefixes if p in entries and entries[p].mode == "120000"), None)
        if link is None:
            entry = entries.get(path)
            return (path, entry) if entry and entry.mode.startswith("100") else None
        target = os.fsdecode(repository.blob(entries[link].oid))
        rest = posixpath.relpath(path, link)
        path = posixpath.normpath(posixpath.join(posixpath.dirname(link), target, rest))
    return None


def _files(repository: Repository, base: str, folder: Path) -> Iterator[tuple[str, HookFile]]:
    """All that lies in a folder of hooks, so that a hook finds what it calls."""
    weight = 0
    for directory, folders, names in os.walk(folder):
        folders[:] = [each for each in folders if each != ".git"]
        for name in names:
            path = Path(directory) / name
            if name.endswith(".sample") or not path.is_file():
                continue
            weight += path.stat().st_size
            if weight > _FOLDER_BYTES:
                raise RepositoryError(
                    f"the folder of git hooks {folder} holds more than {_FOLDER_BYTES >> 20} MiB",
                    hint="let core.hooksPath name a folder that holds hooks only",
                )
            if found := _read(repository, base, path):
                yield path.relative_to(folder).as_posix(), found


def _read(repository: Repository, base: str, path: Path) -> HookFile | None:
    path, place = _follow(repository, path)
    if place is not None:
        found = _in_base(repository, base, place)
        return HookFile(repository.blob(found[1].oid), found[1].mode == "100755") if found else None
    if not path.is_file():
        return None
    try:
        return HookFile(path.read_bytes(), os.access(path, os.X_OK))
    except OSError as error:
        raise RepositoryError(
            f"the git hook {path} cannot be read: {error.strerror}", hint="git could not run it either"
        ) from None
