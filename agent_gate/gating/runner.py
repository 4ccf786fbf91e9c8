"""Runs the gates: side by side within a stage, one stage after the other, never longer than needed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import groupby

from pydantic import ValidationError

from agent_gate.domain.gate import (
    EARLIER_GATE_BLOCKS,
    NOT_APPLICABLE,
    STATIC_GATE_BLOCKS,
    GateDefinition,
    GateResult,
    Stage,
)
from agent_gate.domain.pattern import matches
from agent_gate.errors import AgentGateError
from agent_gate.gating.cache import Cache, cache_directory
from agent_gate.gating.checks import CHECKS
from agent_gate.gating.configuration import find_configuration
from agent_gate.gating.context import could_not_look, skipped, together
from agent_gate.gating.executor import Executor, LocalExecutor
from agent_gate.gating.job import GateJob
from agent_gate.gating.programs import is_program
from agent_gate.gating.request import CheckRequest
from agent_gate.gating.tools import tool_version
from agent_gate.gating.workplace import Workplace, open_workplace

_SIDE_BY_SIDE: frozenset[Stage] = frozenset({"static", "tests"})
"""Gates of the other stages measure: each has the machine to itself."""
OnStarted = Callable[[str], None]
OnFinished = Callable[[GateResult], None]


def _ignore(_: object) -> None:
    return


async def run_gates(
    request: CheckRequest, on_started: OnStarted = _ignore, on_finished: OnFinished = _ignore
) -> tuple[GateResult, ...]:
    """The results of all requested gates, in their order.

    `on_started` gets a gate's id, `on_finished` its result, as it happens. A stage begins only if no gate
    of an earlier one blocks, or with `run_all`. When this returns, also by cancellation, no process of a
    gate is left.
    """
    results: dict[str, GateResult] = {}
    held_up = ""
    async with request_workplace(request) as workplace:
        runner = _Runner(request, workplace, LocalExecutor(workplace), on_started, on_finished)
        for stage, group in groupby(request.definitions, key=lambda gate: gate.stage):
            gates = list(group)
            if held_up and not request.run_all:
                finished: Sequence[GateResult] = [skipped(gate, held_up) for gate in gates]
                for result in finished:
                    on_finished(result)
            elif stage in _SIDE_BY_SIDE:
                finished = await together(*(runner.run(gate) for gate in gates))
            else:
                finished = [await runner.run(gate) for gate in gates]
            results.update({result.gate: result for result in finished})
            if not held_up and any(request.holds_up(result) for result in finished):
                held_up = STATIC_GATE_BLOCKS if stage == "static" else EARLIER_GATE_BLOCKS
    return tuple(results[gate.id] for gate in request.definitions)


async def measure_base(request: CheckRequest) -> None:
    """Measures the base for all requested gates into the cache, while the model is still typing.

    Needs no candidate. `run_gates` in the same process waits for what is being measured instead of
    measuring it twice. Without a cache there is nowhere to keep it, and nothing is done.
    """
    if not request.use_cache:
        return
    async with request_workplace(request) as workplace:
        executor = LocalExecutor(workplace)
        await together(
            *(_measure(request, executor, gate) for gate in request.definitions if request.may_run(gate))
        )


@asynccontextmanager
async def request_workplace(request: CheckRequest) -> AsyncIterator[Workplace]:
    """A workplace on this machine for one request."""
    cache = Cache(cache_directory(), enabled=request.use_cache)
    async with open_workplace(request.repository, request.environment, request.sandbox, cache) as workplace:
        yield workplace


async def _measure(request: CheckRequest, executor: Executor, definition: GateDefinition) -> None:
    try:
        job = await _job(request, definition)
    except AgentGateError:
        return  # the same happens when the candidate is judged, and becomes that gate's result
    await executor.measure_base(job)


class _Runner:
    """One request's gates: from a definition to a job, to a result that is known already or is made."""

    def __init__(
        self,
        request: CheckRequest,
        workplace: Workplace,
        executor: Executor,
        on_started: OnStarted,
        on_finished: OnFinished,
    ) -> None:
        self._request = request
        self._cache = workplace.cache
        self._executor = executor
        self._on_started = on_started
        self._on_finished = on_finished

    async def run(self, definition: GateDefinition) -> GateResult:
        """The gate's result, told to both listeners."""
        self._on_started(definition.id)
        started = time.monotonic()
        try:
            result = await self._result(definition)
        except AgentGateError as error:
            result = could_not_look(definition, error.message, error.hint)
        result = result.model_copy(update={"duration_ms": int((time.monotonic() - started) * 1000)})
        self._on_finished(result)
        return result

    async def _result(self, definition: GateDefinition) -> GateResult:
        request = self._request
        if not await asyncio.to_thread(_applies, request, definition):
            return skipped(definition, NOT_APPLICABLE)
        if not request.may_run(definition):
            return could_not_look(
                definition,
                "it runs the candidate's code, and there is no sandbox",
                "install bubblewrap, or agree to run it unconfined: --allow-unsandboxed",
            )
        job = await _job(request, definition)
        cached = _read(self._cache.get(job.digest), definition)
        if cached is not None:
            return cached.model_copy(update={"cached": True})
        result = await self._executor.run(job)
        if result.status != "errored":
            self._cache.put(job.digest, result.model_dump(mode="json"))
        return result


async def _job(request: CheckRequest, definition: GateDefinition) -> GateJob:
    version = await tool_version(definition, request.environment)
    inputs = await asyncio.to_thread(CHECKS[definition.check].inputs, request) if definition.check else {}
    return request.job(definition, version, inputs)


def _read(stored: object, definition: GateDefinition) -> GateResult | None:
    try:
        result = GateResult.model_validate(stored) if stored is not None else None
    except ValidationError:
        return None  # written by another version: judged anew
    fits = result is not None and result.definition_digest == definition.digest and result.status != "errored"
    return result if fits else None


def _applies(request: CheckRequest, definition: GateDefinition) -> bool:
    """Whether there is anything to look at: a file in scope, also one that the change deletes."""
    if definition.check and not CHECKS[definition.check].applies(request):
        return False
    if definition.requires_configuration:
        configuration = find_configuration(request.repository, request.base_tree, definition)
        if not configuration.path:
            return False
    if "*" in definition.scope:
        return True
    entries = request.repository.entries(request.tree)
    paths = [*entries, *(file.path for file in request.changed)]
    return any(matches(path, definition.scope) for path in paths) or _changes_program(request, definition)


def _changes_program(request: CheckRequest, definition: GateDefinition) -> bool:
    """Whether a changed file is a program that no pattern of names tells."""
    if not definition.first_line:
        return False
    repository, entries = request.repository, request.repository.entries(request.tree)
    changed = {file.path: entries[file.path] for file in request.changed if file.path in entries}
    regular = {path: entry for path, entry in changed.items() if entry.mode.startswith("100")}
    contents = dict(repository.blobs({entry.oid for entry in regular.values()}))
    return any(
        is_program(definition.first_line, path, contents[entry.oid], entry.mode)
        for path, entry in regular.items()
    )
