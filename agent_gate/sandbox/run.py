"""Runs one confined command: a folder for what is temporary, the sandbox, a watch over its sums."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from agent_gate import process
from agent_gate.sandbox.base import Confinement, Sandbox
from agent_gate.sandbox.left_behind import remove_tree
from agent_gate.sandbox.watch import Watch


async def run_confined(
    sandbox: Sandbox,
    request: Confinement,
    *,
    timeout_s: float,
    stdin: bytes | None = None,
    output_cap: int = process.OUTPUT_CAP,
    on_output: Callable[[bytes], None] | None = None,
    grace_s: float = process.GRACE_S,
) -> process.Completed:
    """Runs the command to its end, its time limit, or the limit of a sum (`Completed.stopped`).

    When it returns, nothing of the command runs any more, and of its files only those in the request's
    writable folders are left. Raises SetupError where the command cannot be started.
    """
    async with _temporary_folder(sandbox) as folder:
        if folder:
            request = replace(request, writable=(*request.writable, folder), temporary=folder)
        argv, env = await asyncio.to_thread(sandbox.wrap, request)
        watch = await asyncio.to_thread(Watch, request)
        return await process.run(
            argv,
            cwd=request.cwd,
            env=env,
            timeout_s=timeout_s,
            stdin=stdin,
            output_cap=output_cap,
            on_output=on_output,
            grace_s=grace_s,
            watch=watch,
        )


@asynccontextmanager
async def _temporary_folder(sandbox: Sandbox) -> AsyncIterator[Path | None]:
    if sandbox.brings_temporary:
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="agent-gate-tmp-")).resolve()  # noqa: ASYNC240 - one name, once
    try:
        yield folder
    finally:
        await asyncio.to_thread(remove_tree, folder)
