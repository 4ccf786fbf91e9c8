"""Moves a branch and the evidence notes in one git transaction, with their old values.

Source: git-update-ref(1), `--stdin`. A transaction is all or nothing while git lives. A killed git leaves
its lock files, and may have renamed some of them already, one after the other: so the note stands
first, and a landing that is taken up again removes the locks that the killed one must have left.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from agent_gate.errors import AwaitingDecision
from agent_gate.vcs.git_command import GitError
from agent_gate.vcs.notes import NOTES_REF, note_message, prepare_note
from agent_gate.vcs.repo import Repository

ABSENT = "0" * 40
_TRIES = 5
_LOCK_PAUSE_S = 1.0
"""A living git holds the lock of a ref for milliseconds."""


class RefUpdate:
    """What one run has to move: its commit's branch, and the note of its tree."""

    def __init__(
        self,
        repository: Repository,
        commit: str,
        tree: str,
        lines: Sequence[str],
        run_id: str,
        *,
        recovering: bool,
    ) -> None:
        self._repository = repository
        self._commit = commit
        self._tree = tree
        self._lines = lines
        self._run_id = run_id
        self._recovering = recovering

    def move(self, branch: str, old: str, *, standing: tuple[str, str] | None = None) -> None:
        """Moves the branch from `old` (`ABSENT`: makes it) to the commit, and the note with it.

        `standing` names another ref that must still hold its value. Raises GitError where a ref has
        another value than expected, and AwaitingDecision where another process holds one.
        """
        update = [f"update {branch} {self._commit} {old}"]
        if standing:
            update.append(f"verify {standing[0]} {standing[1]}")
        self._transact(update, branch)

    def complete_note(self, branch: str) -> None:
        """Adds what the note lacks where a killed transaction moved the branch alone."""
        self._transact([], branch)

    def _transact(self, updates: list[str], branch: str) -> None:
        for last in (*[False] * (_TRIES - 1), True):
            note, old_note = prepare_note(self._repository, self._tree, self._lines, self._run_id)
            if not updates and note == old_note:
                return
            commands = (
                "start",
                f"update {NOTES_REF} {note} {old_note or ABSENT}",
                *updates,
                "prepare",
                "commit",
            )
            stdin = "".join(f"{command}\n" for command in commands).encode()
            try:
                self._repository.git(
                    "update-ref", "-m", f"agent-gate: run {self._run_id}", "--stdin", stdin=stdin
                )
            except GitError as error:
                if self._repository.ref(branch) == self._commit:
                    updates = []  # a transaction that outlived its killed process came first
                    continue
                if self._recovering and self._clear_stale_locks(branch):
                    continue
                if last or self._repository.ref(NOTES_REF) == old_note:
                    raise self._explained(error) from None
            else:
                return

    def _clear_stale_locks(self, branch: str) -> bool:
        """Removes the locks that a killed transaction of this run left; whether there were any.

        A ref's lock holds the ref's new value, so a lock of ours names our commit or our note. It is
        empty for HEAD, which is locked only for its log, and in the moment before git writes the value.
        """
        common = self._repository.common_directory
        locks = {path: _state(path) for path in (common / f"{branch}.lock", common / f"{NOTES_REF}.lock")}
        head = self._repository.git_directory / "HEAD.lock"
        locks[head] = _state(head)
        if not any(locks.values()):
            return False
        time.sleep(_LOCK_PAUSE_S)
        stale = {path for path, state in locks.items() if state and state == _state(path)}
        if not stale or not all(self._is_ours(path) for path in stale):
            return not stale
        for path in stale:
            path.unlink(missing_ok=True)
        return True

    def _is_ours(self, lock: Path) -> bool:
        value = lock.read_text(errors="replace").strip()
        if value in {"", self._commit}:
            return True
        note = self._repository.ref(f"{value}^{{commit}}")
        if note is None:
            return False
        return (
            self._repository.text("log", "-1", "--format=%B", note).strip()
            == note_message(self._run_id).strip()
        )

    def _explained(self, error: GitError) -> Exception:
        if ".lock': File exists" not in error.stderr:
            return error
        return AwaitingDecision(
            f"another git command holds a ref; nothing was landed: {error.stderr.strip()}",
            hint=f"when no git command is running, remove that file; then: agent-gate resume {self._run_id}",
        )


def _state(path: Path) -> tuple[int, ...]:
    """Which file stands there, and when it was written; nothing where there is none."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return ()
    return found.st_ino, found.st_mtime_ns
