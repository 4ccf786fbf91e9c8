"""The journal of a run: an append-only file of events, fsynced line by line.

One process at a time may write (an exclusive lock on the run's folder). A line that was torn by a
crash has never been acted upon, since events are written before anybody is told: it is dropped.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import ValidationError
from ulid import ULID

from agent_gate.errors import JournalError, RunBusyError, UsageError
from agent_gate.run.events import JournalEvent, read_event
from agent_gate.run.state import RunState, apply, fold

JOURNAL_FILE = "events.jsonl"


@dataclass(frozen=True)
class _End:
    """The journal's end as its writer knows it: how many events, in how many bytes, to which state."""

    count: int
    size: int
    state: RunState | None


class Journal:
    """The events of one run, and the folder that holds what they refer to."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.path = directory / JOURNAL_FILE
        self._end: _End | None = None

    @property
    def run_id(self) -> str:
        """The run's ULID."""
        return self.directory.name

    def events(self) -> tuple[JournalEvent, ...]:
        """All events; a torn last line is left out, any other damage raises JournalError."""
        return tuple(self._read()[0])

    def state(self) -> RunState:
        """The fold over all events."""
        if self._end and self._end.state:
            return self._end.state
        return fold(self.events())

    def append(self, event: JournalEvent) -> JournalEvent:
        """Writes one event with its number, and returns it once it is on the disk.

        Only inside `writing()`: raises JournalError outside it, and for an event that does not fit
        the run's state.
        """
        if self._end is None:
            raise JournalError(
                f"run {self.run_id} was written to without its lock", hint="this is a bug of ours"
            )
        numbered = event.model_copy(update={"seq": self._end.count + 1, "run": self.run_id})
        # The state is worked out first: what does not fit is never written.
        state = apply(self._end.state, numbered) if self._end.state else fold((numbered,))
        data = f"{numbered.line()}\n".encode()
        self._write(data, self._end.size)
        self._end = _End(numbered.seq, self._end.size + len(data), state)
        return numbered

    def keep(self, folder: str, name: str, data: bytes) -> Path:
        """Stores a file beside the journal (`replies/`, `output/`), whole or not at all."""
        target = self.directory / folder / name
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = target.with_name(f".{target.name}.tmp")
        with draft.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(target)
        _sync_directory(target.parent)
        return target

    @contextmanager
    def writing(self) -> Iterator[Self]:
        """Holds the run's lock; raises RunBusyError where another process has it."""
        descriptor = os.open(self.directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise RunBusyError(
                    f"another process is working on run {self.run_id}",
                    hint=f"wait for it, then: agent-gate resume {self.run_id}",
                ) from None
            events, size = self._read()
            self._end = _End(len(events), size, fold(events) if events else None)
            try:
                yield self
            finally:
                self._end = None
        finally:
            os.close(descriptor)

    def _write(self, data: bytes, position: int) -> None:
        """Puts the bytes at the end of the whole lines, over whatever a crash left torn there."""
        created = not self.path.exists()
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(descriptor, position)
            os.lseek(descriptor, position, os.SEEK_SET)
            while data:
                data = data[os.write(descriptor, data) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if created:
            _sync_directory(self.directory)
            _sync_directory(self.directory.parent)

    def _read(self) -> tuple[list[JournalEvent], int]:
        """The events and the number of bytes that hold them."""
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return [], 0
        whole = data[: data.rfind(b"\n") + 1]
        events: list[JournalEvent] = []
        for number, line in enumerate(whole.split(b"\n")[:-1], start=1):
            try:
                event = read_event(line)
            except ValidationError as error:
                raise JournalError(
                    f"{self.path}:{number}: not an event that this version understands",
                    hint=f"{error.errors()[0]['msg']}; the run was perhaps written by a newer agent-gate",
                ) from None
            if event.seq != number:
                raise JournalError(
                    f"{self.path}:{number}: event {event.seq} stands where event {number} belongs",
                    hint="lines are missing or doubled: the journal is damaged; start a new run",
                )
            events.append(event)
        return events, len(whole)


def _sync_directory(directory: Path) -> None:
    """A new name is safe from a crash only once its folder is on the disk too."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class RunStore:
    """All runs of a repository, in `<git common dir>/agent-gate/runs/`."""

    def __init__(self, common_directory: Path) -> None:
        self.root = common_directory / "agent-gate" / "runs"

    def create(self) -> Journal:
        """A new, empty run; its folder is readable by its owner only."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.root.chmod(0o700)
        directory = self.root / str(ULID())
        directory.mkdir(mode=0o700)
        return Journal(directory)

    def all(self) -> tuple[Journal, ...]:
        """All runs, newest first."""
        if not self.root.is_dir():
            return ()
        folders = sorted((p for p in self.root.iterdir() if (p / JOURNAL_FILE).is_file()), reverse=True)
        return tuple(Journal(folder) for folder in folders)

    def find(self, name: str) -> Journal:
        """By unambiguous prefix, or `@` for the newest; raises UsageError."""
        runs = self.all()
        if name == "@" and runs:
            return runs[0]
        found = [run for run in runs if name and run.run_id.startswith(name.upper())]
        if len(found) == 1:
            return found[0]
        if not found:
            raise UsageError(f"no run {name!r} in this repository", hint="agent-gate runs lists them")
        listed = ", ".join(run.run_id for run in found[:5])
        raise UsageError(f"{name!r} means more than one run: {listed}", hint="write more of its id")
