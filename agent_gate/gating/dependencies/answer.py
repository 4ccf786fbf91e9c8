"""What a package index tells about one requirement, and how it is asked at all."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Protocol

from agent_gate.errors import SetupError
from agent_gate.gating.dependencies.requirement import Requirement


@dataclass(frozen=True)
class Answer:
    """An index's answer. What it does not tell is empty or None, never guessed."""

    requirement: Requirement
    exists: bool
    releases: int = 0
    version: str = ""
    """The version that would be installed here; empty where none fits."""
    installable: bool = True
    """Without running anything of the package: there is a wheel, for this interpreter."""
    withdrawn: str = ""
    """Yanked (PEP 592) or deprecated: the reason, or that there is none."""
    licence: str | None = None
    """As the package's metadata names it, empty where they name none; None where they could not be read."""
    origin: str = ""
    """Scheme and host from which the index has the package fetched; empty where that was not told."""
    old_enough: bool | None = None
    """Whether its first release was there at the date asked about; None where the index tells no dates."""


class UnreachableIndexError(SetupError):
    """The index could not be asked, or what it answered cannot be believed."""

    def __init__(self, message: str) -> None:
        super().__init__(
            message,
            hint="are you online, and is the index configured that pip or npm should use? then check again",
        )


class PackageIndex(Protocol):
    """An index, asked by its ecosystem's own client."""

    async def prove(self) -> frozenset[str]:
        """Shows that the index can tell what it does not have; the addresses that are configured.

        Raises UnreachableIndexError where it claims to have a package of a name that was drawn by lot, or
        cannot be reached.
        """

    async def ask(self, requirement: Requirement, *, is_new: bool) -> Answer:
        """Asks about one requirement; of one that is not new, not how old it is. Raises UnreachableIndexError."""


def name_by_lot() -> str:
    """A name that no package has: 80 random bits. What exists under it is an answer that cannot be believed."""
    return f"agent-gate-canary-{secrets.token_hex(10)}"
