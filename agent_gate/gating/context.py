"""What a gate works with: one job at one workplace."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, overload

from agent_gate import process
from agent_gate.domain.gate import Finding, GateDefinition, GateResult
from agent_gate.gating.cache import Cache
from agent_gate.gating.copies import Copies
from agent_gate.gating.diff import FileDiff
from agent_gate.gating.environment import Environment
from agent_gate.gating.job import GateJob
from agent_gate.gating.workplace import Workplace
from agent_gate.sandbox.base import Confinement
from agent_gate.sandbox.none import Unconfined
from agent_gate.sandbox.run import run_confined
from agent_gate.vcs.repo import Repository

_Locks = weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, asyncio.Lock]]
_locks: _Locks = weakref.WeakKeyDictionary()
T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True)
class GateContext:
    """The job, which says what is asked, and the workplace, which says with what."""

    job: GateJob
    workplace: Workplace

    @property
    def definition(self) -> GateDefinition:
        """The gate."""
        return self.job.definition

    @property
    def repository(self) -> Repository:
        """The repository that holds both trees."""
        return self.workplace.repository

    @property
    def environment(self) -> Environment:
        """The interpreter of the code under test, and what is installed for it."""
        return self.workplace.environment

    @property
    def copies(self) -> Copies:
        """Trees as plain files."""
        return self.workplace.copies

    @property
    def cache(self) -> Cache:
        """What was found out before."""
        return self.workplace.cache

    async def diff(self) -> tuple[FileDiff, ...]:
        """Each file that the change touches, renames followed."""
        return await self.workplace.diff(self.job.base_tree, self.job.tree)

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
        output_cap: int = process.OUTPUT_CAP,
        on_output: Callable[[bytes], None] | None = None,
    ) -> process.Completed:
        """Runs a command confined (or, where there is no sandbox, with nothing but a clean environment).

        Time spent waiting for other commands to end does not count.
        """
        confinement = Confinement(
            argv=tuple(argv),
            cwd=cwd,
            writable=tuple(writable),
            read_only=tuple(read_only),
            hidden=self.workplace.private_paths,
            env=env or {},
            limits=self.job.limits,
        )
        sandbox = self.workplace.sandbox or Unconfined()
        async with self.workplace.slots:
            return await run_confined(
                sandbox,
                confinement,
                timeout_s=timeout_s,
                stdin=stdin,
                output_cap=output_cap,
                on_output=on_output,
            )


@asynccontextmanager
async def measured_once(key: str) -> AsyncIterator[None]:
    """Lets one task at a time measure the same thing; the next one then finds it in the cache."""
    locks = _locks.setdefault(asyncio.get_running_loop(), {})
    async with locks.setdefault(key, asyncio.Lock()):
        yield


def judged(context: GateContext, findings: Iterable[Finding], reason: str = "", **fields: Any) -> GateResult:
    """The result of a gate that looked: failed where a finding that the change introduces blocks.

    `reason` is told where it failed; without one, the first of these findings.
    """
    found = tuple(findings)
    blocks = [finding for finding in found if finding.introduced and finding.level == "block"]
    return GateResult(
        gate=context.definition.id,
        definition_digest=context.definition.digest,
        status="failed" if blocks else "passed",
        reason=(reason or blocks[0].message) if blocks else "",
        findings=found,
        verifies=context.definition.verifies,
        **fields,
    )


def errored(context: GateContext, reason: str, hint: str = "", **fields: Any) -> GateResult:
    """The result of a gate that should have looked and could not; it blocks."""
    return could_not_look(context.definition, reason, hint, **fields)


def could_not_look(definition: GateDefinition, reason: str, hint: str = "", **fields: Any) -> GateResult:
    """The same, of a gate that got no job."""
    return GateResult(
        gate=definition.id,
        definition_digest=definition.digest,
        status="errored",
        reason=reason,
        hint=hint,
        verifies=definition.verifies,
        **fields,
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


@overload
async def together(first: Coroutine[Any, Any, T], second: Coroutine[Any, Any, U], /) -> tuple[T, U]: ...


@overload
async def together(*work: Coroutine[Any, Any, T]) -> tuple[T, ...]: ...


async def together(*work: Coroutine[Any, Any, Any]) -> tuple[Any, ...]:
    """Runs coroutines side by side; the first failure cancels the others and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each) for each in work]
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return tuple(task.result() for task in tasks)


async def to_end(function: Callable[..., T], *arguments: Any) -> T:
    """Runs a function in a thread that has ended when this comes back, also where it is cancelled.

    So nothing is written any more into a folder that goes away next.
    """
    thread = asyncio.ensure_future(asyncio.to_thread(function, *arguments))
    try:
        return await asyncio.shield(thread)
    except asyncio.CancelledError:
        await asyncio.wait([thread])
        raise
