"""What a worker brings to a gate job: the repository's objects, an environment, a sandbox, a cache."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from agent_gate.gating.cache import Cache
from agent_gate.gating.copies import Copies
from agent_gate.gating.diff import FileDiff, read_diff
from agent_gate.gating.environment import Environment
from agent_gate.sandbox.base import Sandbox
from agent_gate.sandbox.left_behind import remove_tree
from agent_gate.vcs.repo import Repository
from agent_gate.vcs.warm import WarmTrees

T = TypeVar("T")


@dataclass(frozen=True)
class Workplace:
    """One machine's means. Made by `open_workplace`, whose end removes the copies of trees."""

    repository: Repository
    environment: Environment
    sandbox: Sandbox | None
    cache: Cache
    copies: Copies
    processors: int = field(default_factory=lambda: os.cpu_count() or 1)
    slots: asyncio.Semaphore = field(init=False)
    """As many commands run at the same time as there are processors."""
    _once: dict[str, asyncio.Task[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "slots", asyncio.Semaphore(self.processors))

    @property
    def sandbox_name(self) -> str:
        """How code is confined here: the sandbox's name, or `none`."""
        return self.sandbox.name if self.sandbox else "none"

    @property
    def private_paths(self) -> tuple[Path, ...]:
        """What no sandbox may show, wherever an interpreter happens to live."""
        return self.repository.root, self.repository.git_directory, self.repository.common_directory

    async def once(self, key: str, make: Callable[[], Awaitable[T]]) -> T:
        """What `make` gives, made once however many gates ask for it.

        It belongs to all who ask: one that is cancelled does not take it away from the others.
        """
        if key not in self._once:
            self._once[key] = asyncio.ensure_future(_as_coroutine(make))
        made: T = await asyncio.shield(self._once[key])
        return made

    async def diff(self, base_tree: str, tree: str) -> tuple[FileDiff, ...]:
        """Each file that differs between two trees."""
        return await self.once(
            f"diff {base_tree} {tree}",
            lambda: asyncio.to_thread(read_diff, self.repository, base_tree, tree),
        )

    async def close(self) -> None:
        """Ends what is still being made; nobody asks for it any more."""
        for task in self._once.values():
            task.cancel()
        await asyncio.gather(*self._once.values(), return_exceptions=True)


async def _as_coroutine(make: Callable[[], Awaitable[T]]) -> T:
    return await make()


@asynccontextmanager
async def open_workplace(
    repository: Repository, environment: Environment, sandbox: Sandbox | None, cache: Cache
) -> AsyncIterator[Workplace]:
    """A workplace on this machine, with a folder of its own for copies, gone afterwards."""
    folder = Path(tempfile.mkdtemp(dir=_temporary_root(), prefix="agent-gate-"))
    warm = WarmTrees(repository, cache.folder / "trees") if sandbox and cache.enabled else None
    copies = Copies(repository, folder, warm)
    workplace = Workplace(repository, environment, sandbox, cache, copies)
    try:
        yield workplace
    finally:
        await workplace.close()
        copies.close()
        with contextlib.suppress(OSError):  # what does not go is left to who cleans the temporary folder
            await asyncio.to_thread(remove_tree, folder)


def _temporary_root() -> str:
    """Resolved, so that a module's `__file__` begins with the name that we know the copy by."""
    return os.path.realpath(tempfile.gettempdir())
