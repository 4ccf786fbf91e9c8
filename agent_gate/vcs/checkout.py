"""Takes the checked-out work tree and its index from one commit to the next, under `index.lock`.

The lock is git's own, so no other git command works on the index meanwhile; it holds the run's id, so
that a landing that was killed is known as ours. The new index is made in a draft beside it and takes
the index's place last: until then everything can be undone, and a killed update can be told apart file
by file, because each file is either as before, as after, missing, or a beginning of the one after.
"""

from __future__ import annotations

import os
import shutil
import stat
import time
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Self

from agent_gate.errors import AwaitingDecision, RepositoryError
from agent_gate.vcs.git_command import GitError
from agent_gate.vcs.repo import Entry, Repository

_ABSENT = "0" * 40
_SYMLINK = "120000"
_EXECUTABLE = "100755"
_SUBMODULE = "160000"
_LOCK_WAIT_S = 1.0
"""Editors hold `index.lock` for moments when they ask for the status."""
_ORPHAN_PAUSE_S = 0.3
"""A git command outlives the process that started it; while it does, files change."""


class Collision(Exception):  # noqa: N818 - not an error: the landing goes elsewhere
    """Local changes, or files that git does not track, stand where the commit has something else."""


class Checkout:
    """An update of work tree and index from `base` to `commit`, undone unless it is finished."""

    def __init__(self, repository: Repository, base: str, commit: str, run_id: str) -> None:
        self._repository = repository
        self._base = base
        self._commit = commit
        self._run_id = run_id
        self._marker = f"agent-gate {run_id}\n"
        self._index = repository.git_directory / "index"
        self._lock = repository.git_directory / "index.lock"
        self._draft = repository.git_directory / f"agent-gate-index-{run_id}"
        self._draft_lock = self._draft.with_name(f"{self._draft.name}.lock")
        self._resuming = False
        self._touched = False
        self._finished = False

    @property
    def interrupted(self) -> bool:
        """Whether an update of the same run was killed, and has left its lock."""
        return _content(self._lock) == self._marker

    def resume(self) -> Self:
        """Takes over what the killed update left; to be entered instead of a new one."""
        self._resuming = True
        return self

    def __enter__(self) -> Self:
        if not self._resuming:
            self._acquire()
        try:
            self._draw_up()
        except BaseException:
            if not self._resuming:
                self._release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Undoes what was not finished; where the branch has moved, the lock stays for `resume`."""
        if not self._finished:
            if self._repository.ref("HEAD") == self._commit:
                return
            if self._touched:
                self._back()
        self._release()

    def forward(self) -> None:
        """Updates the work tree and the draft; raises Collision, with nothing changed, where it cannot."""
        if path := self._in_the_way():
            raise Collision(f"{path} is not tracked and would be overwritten")
        try:
            self._read_tree("-n", "-m", "-u", self._base, self._commit)
        except GitError as error:
            raise Collision(error.stderr.strip().splitlines()[0].removeprefix("error: ")) from None
        self._touched = True
        self._read_tree("-m", "-u", self._base, self._commit)

    def forward_index(self) -> None:
        """Updates the draft alone: where the branch has moved, what a person edited since shows as changed."""
        self._read_tree("-i", "-m", self._base, self._commit)

    def finish(self) -> None:
        """The draft becomes the index; from here on nothing is undone."""
        self._draft.replace(self._index)
        self._finished = True

    def _acquire(self) -> None:
        claim = self._draft.with_name(f"{self._draft.name}.claim")
        claim.write_text(self._marker)
        try:
            deadline = time.monotonic() + _LOCK_WAIT_S
            while not _linked(claim, self._lock):
                if time.monotonic() > deadline:
                    raise AwaitingDecision(
                        f"{_holder(self._lock)} holds {self._lock}; nothing was landed",
                        hint=f"when no git command is running, remove that file; then: agent-gate resume {self._run_id}",
                    )
                time.sleep(0.05)
        finally:
            claim.unlink(missing_ok=True)

    def _draw_up(self) -> None:
        """Makes the draft: a copy of the index, in which a killed update's files count as updated."""
        seen = None
        while self._draft_lock.exists() and seen != (seen := self._times()):
            time.sleep(_ORPHAN_PAUSE_S)
        self._draft_lock.unlink(missing_ok=True)
        self._draft.unlink(missing_ok=True)
        if self._index.exists():
            shutil.copy2(self._index, self._draft)
        if self._resuming:
            self._stage_updated_files()
            self._touched = True
        self._on_draft("update-index", "-q", "--refresh")

    def _in_the_way(self) -> str:
        """A file that git does not know where the commit adds one; git itself would overwrite ignored ones."""
        files = self._repository.changed_files(self._base, self._commit)
        removed = {file.path for file in files if file.status == "deleted"}
        listed = self._repository.git("ls-files", "-z", env={"GIT_INDEX_FILE": str(self._draft)})
        tracked = {os.fsdecode(path) for path in listed.split(b"\0")}
        for path in (file.path for file in files if file.status == "added" and file.path not in tracked):
            folders = (str(folder) for folder in PurePosixPath(path).parents)
            if os.path.lexists(self._repository.root / path):
                return path
            for folder in folders:
                if folder not in removed | tracked and not self._is_folder(folder):
                    return folder
        return ""

    def _back(self) -> None:
        try:
            self._read_tree("-m", "-u", self._commit, self._base)
        except GitError as error:
            raise RepositoryError(
                f"the landing of run {self._run_id} could not be undone, because files changed meanwhile: "
                f"{error.stderr.strip()}",
                hint=f"git status shows them; what the run brought is: git diff {self._base[:12]} {self._commit[:12]}",
            ) from error

    def _release(self) -> None:
        for path in (self._draft_lock, self._draft, self._lock):
            path.unlink(missing_ok=True)

    def _read_tree(self, *args: str) -> None:
        self._on_draft("read-tree", *args)

    def _on_draft(self, *args: str, stdin: bytes | None = None) -> None:
        self._repository.git(*args, stdin=stdin, env={"GIT_INDEX_FILE": str(self._draft)})

    def _stage_updated_files(self) -> None:
        """Stages what has arrived already: git's merge then keeps it instead of taking it for a local change."""
        before, after = self._repository.entries(self._base), self._repository.entries(self._commit)
        changed = sorted(path for path in {*before, *after} if before.get(path) != after.get(path))
        hashes = self._hashes([path for path in changed if self._is_file(path)])
        gone, arrived = [], []
        for path in changed:
            entry = after.get(path)
            if entry is None and not self._is_file(path) and not (self._repository.root / path).is_symlink():
                gone.append(f"0 {_ABSENT}\t{path}")
            elif entry is not None and self._has_arrived(path, entry, hashes.get(path, "")):
                arrived.append(f"{entry.mode} {entry.oid}\t{path}")
            elif entry is not None and path in hashes and not _is(before.get(path), hashes[path]):
                self._drop_beginning(path)
        records = "".join(f"{record}\0" for record in (*gone, *arrived))
        self._on_draft("update-index", "-z", "--index-info", stdin=os.fsencode(records))

    def _is_file(self, path: str) -> bool:
        try:
            return stat.S_ISREG((self._repository.root / path).lstat().st_mode)
        except (FileNotFoundError, NotADirectoryError):
            return False

    def _is_folder(self, path: str) -> bool:
        """Whether a folder stands there, or nothing yet."""
        target = self._repository.root / path
        return not os.path.lexists(target) or (target.is_dir() and not target.is_symlink())

    def _times(self) -> dict[str, int]:
        """When each file that the update changes was last written; nothing for those that are missing."""
        paths = (f.path for f in self._repository.changed_files(self._base, self._commit))
        places = {path: self._repository.root / path for path in paths}
        return {path: place.lstat().st_mtime_ns for path, place in places.items() if os.path.lexists(place)}

    def _hashes(self, paths: list[str]) -> dict[str, str]:
        """The blob ids that the files would have, after the repository's own filters."""
        names = "".join(f"{_quoted(path)}\n" for path in paths).encode()
        return dict(
            zip(
                paths, self._repository.text("hash-object", "--stdin-paths", stdin=names).split(), strict=True
            )
        )

    def _has_arrived(self, path: str, entry: Entry, oid: str) -> bool:
        target = self._repository.root / path
        if entry.mode == _SUBMODULE:
            return False
        if entry.mode == _SYMLINK:
            return target.is_symlink() and _points_to(target) == self._repository.blob(entry.oid)
        if oid != entry.oid:
            return False
        executable = bool(target.lstat().st_mode & stat.S_IXUSR)
        return (
            executable == (entry.mode == _EXECUTABLE) or self._repository.config("core.fileMode") == "false"
        )

    def _drop_beginning(self, path: str) -> None:
        """Removes a file whose writing was cut off: all that it holds is in the file that replaces it."""
        target = self._repository.root / path
        whole = self._repository.git("cat-file", "--filters", f"{self._commit}:{path}")
        content = target.read_bytes()
        if len(content) < len(whole) and whole.startswith(content):
            target.unlink()


def _is(entry: Entry | None, oid: str) -> bool:
    return entry is not None and entry.oid == oid


def _points_to(link: Path) -> bytes:
    return os.fsencode(os.readlink(link))  # noqa: PTH115 - Path would tidy the target


def _quoted(path: str) -> str:
    """A path as git reads it from a list of lines, whatever characters it has."""
    return '"' + "".join(f"\\{byte:03o}" for byte in os.fsencode(path)) + '"'


def _linked(source: Path, target: Path) -> bool:
    """Whether the file stands under its second name now; it appears there with its whole content, or not."""
    try:
        os.link(source, target)
    except FileExistsError:
        return False
    return True


def _content(path: Path) -> str:
    try:
        return path.read_bytes()[:200].decode(errors="replace")
    except FileNotFoundError:
        return ""


def _holder(lock: Path) -> str:
    name, _, run = _content(lock).strip().partition(" ")
    return f"the run {run}" if name == "agent-gate" else "another git command"
