"""A second look at tests that failed: the same tests once more, within what is left of the time."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from agent_gate.domain.gate import Outcome
from agent_gate.gating.context import GateContext
from agent_gate.gating.pytest_result import PytestRun, RunError
from agent_gate.gating.pytest_run import run_pytest

BAD: frozenset[Outcome] = frozenset({"failed", "errored"})


@dataclass(frozen=True)
class Deadline:
    """The end of the time that all runs over a candidate have together."""

    limit_s: float
    began: float = field(default_factory=time.monotonic)

    @property
    def left_s(self) -> float:
        """How many seconds are left; never nothing, so that a run that comes too late says so itself."""
        return max(self.began + self.limit_s - time.monotonic(), 0.1)


async def run_again(
    context: GateContext, tree: str, tests: Collection[str], until: Deadline, markers: Sequence[str] = ()
) -> PytestRun | None:
    """The same tests once more over the same tree, in a fresh copy; None where that shows nothing.

    With many failures it is not done: chance does not break many tests at a time.
    """
    if not tests or len(tests) > int(context.definition.options["again_at_most"]):
        return None
    functions = sorted({function_of(test) for test in tests})

    async def run() -> PytestRun | None:
        try:
            return await run_pytest(context, tree, functions, until.left_s, markers=markers)
        except RunError:
            return None  # what failed stays failed

    return await context.workplace.once(f"again {tree} {' '.join(functions)} {markers}", run)


def function_of(test: str) -> str:
    """A parametrised test's function: some ids cannot be asked for a second time."""
    return test.partition("[")[0]
