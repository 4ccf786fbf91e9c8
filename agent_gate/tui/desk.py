"""What the screens share: the repository, the clock, the runs that are on their way, the drafts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from agent_gate.drafting.store import DraftStore
from agent_gate.engine.context import Context
from agent_gate.run.events import utc_now
from agent_gate.tui.drive import Drive

_LAST_WORDS_S = 20.0
"""How long the end of the program waits for processes that it has told to stop."""


@dataclass
class Desk:
    """One sitting in front of the terminal."""

    context: Context
    clock: Callable[[], datetime] = utc_now
    drives: dict[str, Drive] = field(default_factory=dict)

    @property
    def drafts(self) -> DraftStore:
        """Specs that are being written."""
        return DraftStore(self.context.repository.common_directory)

    @property
    def under_way(self) -> tuple[Drive, ...]:
        """Runs that this sitting carries on just now."""
        return tuple(drive for drive in self.drives.values() if drive.active)

    def carry_on(self, run_id: str, *, may_rebase: bool = False) -> Drive:
        """Carries a run on in the background; one that is on its way already is left alone."""
        known = self.drives.get(run_id)
        if known is not None and known.active:
            return known
        drive = Drive(self.context, run_id, began=self.clock(), may_rebase=may_rebase)
        self.drives[run_id] = drive
        drive.start()
        return drive

    def stop_all(self) -> None:
        """Stops what is on its way. Nothing that a journal holds is lost."""
        for drive in self.under_way:
            drive.cancel()
        for drive in self.drives.values():
            drive.wait(_LAST_WORDS_S)

    @property
    def place(self) -> str:
        """`shop ─ main@3f2a91c`: where we stand."""
        repository = self.context.repository
        branch = repository.branch()
        name = branch.removeprefix("refs/heads/") if branch else "detached"
        tip = repository.ref("HEAD")
        return f"{repository.root.name} ─ {name}@{tip[:7]}" if tip else f"{repository.root.name} ─ {name}"
