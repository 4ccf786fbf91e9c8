"""A worker as a process: one job a line on standard input, its result on standard output.

What a cluster would start beside its own copy of the objects: `python -m agent_gate.gating.worker_process
REPOSITORY`. The job's environment must be the one that the worker's own interpreter belongs to, or be
named as a second argument.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable
from pathlib import Path

from agent_gate.gating.cache import Cache, cache_directory
from agent_gate.gating.environment import describe
from agent_gate.gating.job import GateJob
from agent_gate.gating.worker import work
from agent_gate.gating.workplace import open_workplace
from agent_gate.sandbox.find import find_sandbox
from agent_gate.vcs.repo import Repository


async def serve(repository: Path, python: Path, lines: Iterable[bytes]) -> None:
    """Works on the jobs one after the other. Raises SetupError and RepositoryError for what is not there."""
    opened = Repository.open(repository)
    environment = await describe(python, opened.root)
    probe = await find_sandbox()
    cache = Cache(cache_directory())
    async with open_workplace(opened, environment, probe.sandbox, cache) as workplace:
        for line in lines:
            result = await work(workplace, GateJob.model_validate_json(line))
            sys.stdout.buffer.write(result.model_dump_json().encode() + b"\n")
            sys.stdout.buffer.flush()


if __name__ == "__main__":
    interpreter = Path(sys.argv[2] if len(sys.argv) > 2 else sys.executable)
    asyncio.run(serve(Path(sys.argv[1]), interpreter, sys.stdin.buffer))
