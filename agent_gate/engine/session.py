"""What one process holds while it carries a run on: the model's worker and the base's measurement.

Both are started as early as possible: the worker warms up while the prompt is built, and the base is
measured while the model is thinking.
"""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import AsyncExitStack

from agent_gate.engine.context import Change, Context
from agent_gate.engine.recorder import Recorder
from agent_gate.gating.runner import measure_base
from agent_gate.llm.client import Budget, ModelClient, open_client
from agent_gate.run.state import RunState


class Session:
    """Made by `advance`; everything it starts ends with the stack."""

    def __init__(self, context: Context, recorder: Recorder, stack: AsyncExitStack) -> None:
        self.context = context
        self.recorder = recorder
        self.stopped = False
        """Set by a step after which going on would only repeat it: a provider error, a moved base."""
        self._stack = stack
        self._model: ModelClient | None = None
        self._measurement: asyncio.Task[None] | None = None

    @property
    def state(self) -> RunState:
        """Where the run stands."""
        return self.recorder.state

    async def model(self) -> ModelClient:
        """The run's model, warming up from the first call on; its budget is what the run has left."""
        if self._model is None:
            started = self.state.started
            budget = Budget(
                limit_microusd=started.budget_microusd,
                spent_microusd=self.state.cost_microusd,
                unknown_price=self.state.policy.model.unknown_price,
            )
            self._model = open_client(
                started.model, budget=budget, on_notice=lambda text: self.recorder.progress("model", text)
            )
            self._stack.push_async_callback(self._model.close)
            await self._model.start()
        return self._model

    def change(self, *, of_candidate: bool) -> Change:
        """The candidate on its base, or (while there is none) the base alone."""
        state = self.state
        candidate = state.candidate if of_candidate else None
        return Change(
            base_commit=state.base,
            tree=candidate.tree if candidate else self.context.repository.tree_of(state.base),
            files=candidate.files if candidate else (),
            policy=state.policy,
            spec=state.started.spec,
            allow_unsandboxed=state.started.allow_unsandboxed,
            ref=state.started.ref,
        )

    def begin_measuring_base(self) -> None:
        """Measures the base in the background; what it learns is in the cache when the gates ask."""
        if self._measurement is None:
            self._measurement = asyncio.create_task(self._measure_base())
            self._stack.push_async_callback(self._end_measurement)

    async def _measure_base(self) -> None:
        await measure_base(await self.context.check_request(self.change(of_candidate=False)))

    async def base_measured(self) -> None:
        """Waits for the measurement, if one was begun."""
        if self._measurement is not None:
            await self._measurement

    async def _end_measurement(self) -> None:
        assert self._measurement is not None  # noqa: S101 - only then this is called
        self._measurement.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._measurement
