"""What every gate works with during one check."""

from __future__ import annotations

import asyncio
import os
import weakref
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from agent_gate import __version__, process
from agent_gate.domain.gate import GateDefinition, GateResult
from agent_gate.gating.cache import Cache
from agent_gate.gating.copies import Copies
from agent_gate.gating.request import CheckRequest, GateJob
from agent_gate.sandbox.base import Confinement
from agent_gate.sandbox.none import Unconfined

_Locks = weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, asyncio.Lock]]
_locks: _Locks = weakref.WeakKeyDictionary()
T = TypeVar("T")


@dataclass(frozen=True)
class GateContext:
    """The request, its copies, the cache, and a bound on how much runs at the same time."""

    request: CheckRequest
    copies: Copies
    cache: Cache
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(os.cpu_count() or 1))

    async def execute(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        timeout_s: float,
        writable: Sequence[Path] = (),
        read_only: Sequence[Path] = (),
        env: Mapping[str, str] | None = None,
        stdin: bytes | None = None,
    ) -> process.Completed:
        """Runs a command confined (or, where there is no sandbox, with nothing but a clean environment)."""
        confinement = Confinement(
            argv=tuple(argv),
            cwd=cwd,
            writable=tuple(writable),
            read_only=tuple(read_only),
            hidden=self.request.private_paths,
            env=env or {},
            limits=self.request.limits,
        )
        sandbox = self.request.sandbox or Unconfined()
        async with self.slots:
            wrapped, environment = sandbox.wrap(confinement)
            return await process.run(wrapped, cwd=cwd, env=environment, timeout_s=timeout_s, stdin=stdin)

    def job(
        self, definition: GateDefinition, tool_version: str = "", inputs: Mapping[str, str] | None = None
    ) -> GateJob:
        """The job that a gate is on this request's candidate."""
        request = self.request
        return GateJob(
            tree=request.tree,
            base_tree=request.base_tree,
            definition=definition,
            tool_version=tool_version,
            environment_digest=request.environment.digest if definition.executes else "",
            options=request.options(definition),
            asked_rules=request.asked_rules(definition),
            inputs=inputs or {},
            sandbox=request.sandbox_name,
            limits=request.limits,
            engine=__version__,
        )

    def base_job(self, job: GateJob) -> GateJob:
        """What a job has to know about the base alone; the same for every candidate on that base."""
        return job.model_copy(update={"tree": job.base_tree, "inputs": {"measured": "base"}})


@asynccontextmanager
async def measured_once(key: str) -> AsyncIterator[None]:
    """Lets one task at a time measure the same thing; the next one then finds it in the cache."""
    locks = _locks.setdefault(asyncio.get_running_loop(), {})
    async with locks.setdefault(key, asyncio.Lock()):
        yield


def errored(definition: GateDefinition, reason: str, hint: str = "", **more: str) -> GateResult:
    """A gate that should have looked and could not; it blocks."""
    return GateResult(
        gate=definition.id,
        definition_digest=definition.digest,
        status="errored",
        reason=reason,
        hint=hint,
        verifies=definition.verifies,
        tool_version=more.get("tool_version", ""),
        output_sha256=more.get("output_sha256", ""),
        sandbox=more.get("sandbox", ""),
    )


def skipped(definition: GateDefinition, reason: str) -> GateResult:
    """A gate that did not run, and why."""
    return GateResult(
        gate=definition.id,
        definition_digest=definition.digest,
        status="skipped",
        reason=reason,
        verifies=definition.verifies,
    )


async def together(*work: Coroutine[Any, Any, T]) -> tuple[T, ...]:
    """Runs coroutines side by side; the first failure cancels the others and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each) for each in work]
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return tuple(task.result() for task in tasks)
