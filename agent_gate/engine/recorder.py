"""Journal first, emit second: nobody is told of an event that a crash could undo."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from agent_gate.run.events import JournalEvent, LiveEvent, Progress
from agent_gate.run.journal import Journal
from agent_gate.run.state import RunState, apply

Emit = Callable[[LiveEvent], None]
SomeEvent = TypeVar("SomeEvent", bound=JournalEvent)


def silent(_event: LiveEvent) -> None:
    """Tells nobody."""


class Recorder:
    """One process's hand on a run: it holds the lock, the state so far, and the subscriber."""

    def __init__(self, journal: Journal, emit: Emit) -> None:
        self.journal = journal
        self.state: RunState = journal.state()
        self._emit = emit

    def record(self, event: JournalEvent) -> JournalEvent:
        """Writes the event to the disk, moves the state on, then tells the subscriber."""
        written = self.journal.append(event)
        self.state = apply(self.state, written)
        self._emit(written)
        return written

    def tell(self, event: LiveEvent) -> None:
        """Tells the subscriber something that is not kept."""
        self._emit(event)

    def progress(self, step: str, message: str) -> None:
        """Tells what a step is doing just now."""
        self._emit(Progress(run=self.state.run_id, step=step, message=message))
