"""Where gate jobs are worked on: the seam behind which another machine can stand."""

from __future__ import annotations

from typing import Protocol

from agent_gate.domain.gate import GateResult
from agent_gate.gating import worker
from agent_gate.gating.job import GateJob
from agent_gate.gating.workplace import Workplace


class Executor(Protocol):
    """Works on jobs. Both methods may be cancelled at any time, and leave no process behind."""

    async def run(self, job: GateJob) -> GateResult:
        """The job's result; what went wrong is a result too."""

    async def measure_base(self, job: GateJob) -> None:
        """Learns ahead what the job has to know about the base, where that can be kept."""


class LocalExecutor:
    """Works here and now."""

    def __init__(self, workplace: Workplace) -> None:
        self._workplace = workplace

    async def run(self, job: GateJob) -> GateResult:
        """The job's result."""
        return await worker.work(self._workplace, job)

    async def measure_base(self, job: GateJob) -> None:
        """Puts it into this machine's cache."""
        await worker.measure_base(self._workplace, job)
