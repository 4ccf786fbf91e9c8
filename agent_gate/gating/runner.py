"""Runs the gates: side by side within a stage, one stage after the other, never longer than needed."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import groupby
from pathlib import Path

from pydantic import ValidationError

from agent_gate.domain.gate import GateDefinition, GateResult
from agent_gate.domain.pattern import matches
from agent_gate.domain.verdict import NOT_APPLICABLE
from agent_gate.errors import AgentGateError
from agent_gate.gating.cache import Cache, cache_directory
from agent_gate.gating.checks import CHECKS
from agent_gate.gating.context import GateContext, errored, skipped, together
from agent_gate.gating.copies import Copies
from agent_gate.gating.request import CheckRequest, GateJob
from agent_gate.gating.tool_gate import measure_tool_base, run_tool
from agent_gate.gating.tools import ask_version, find_tool

STATIC_GATE_BLOCKS = "a static gate blocks"
OnStarted = Callable[[str], None]
OnFinished = Callable[[GateResult], None]


def _ignore(_: object) -> None:
    return


async def run_gates(
    request: CheckRequest, on_started: OnStarted = _ignore, on_finished: OnFinished = _ignore
) -> tuple[GateResult, ...]:
    """The results of all requested gates, in their order.

    `on_started` gets a gate's id, `on_finished` its result, as it happens. The candidate's code runs only
    if no gate of an earlier stage blocks, or with `run_all`. When this returns, also by cancellation, no
    process of a gate is left.
    """
    results: dict[str, GateResult] = {}
    blocked = False
    async with gate_context(request) as context:
        for _, group in groupby(request.definitions, key=lambda gate: gate.stage):
            gates = list(group)
            if blocked and not request.run_all:
                finished = tuple(skipped(gate, STATIC_GATE_BLOCKS) for gate in gates)
                for result in finished:
                    on_finished(result)
            else:
                finished = await together(*(_gate(context, gate, on_started, on_finished) for gate in gates))
            results.update({result.gate: result for result in finished})
            blocked = blocked or any(_blocks(request, result) for result in finished)
    return tuple(results[gate.id] for gate in request.definitions)


async def measure_base(request: CheckRequest) -> None:
    """Measures the base for all requested gates into the cache, while the model is still typing.

    Needs no candidate. `run_gates` in the same process waits for what is being measured instead of
    measuring it twice. Without a cache there is nowhere to keep it, and nothing is done.
    """
    if not request.use_cache:
        return
    async with gate_context(request) as context:
        await together(*(_base(context, gate) for gate in request.definitions if _may_run(request, gate)))


@asynccontextmanager
async def gate_context(request: CheckRequest) -> AsyncIterator[GateContext]:
    """What the gates work with on one request; its copies are gone afterwards."""
    with tempfile.TemporaryDirectory(
        dir=_temporary_root(), prefix="agent-gate-", ignore_cleanup_errors=True
    ) as folder:
        copies = Copies(request.repository, Path(folder))
        yield GateContext(request, copies, Cache(cache_directory(), enabled=request.use_cache))


def _temporary_root() -> str:
    """Resolved, so that a module's `__file__` begins with the name that we know the copy by."""
    return os.path.realpath(tempfile.gettempdir())


async def _base(context: GateContext, definition: GateDefinition) -> None:
    try:
        if definition.check:
            await CHECKS[definition.check].measure_base(context, definition)
        else:
            await measure_tool_base(context, definition)
    except AgentGateError:
        return  # the same happens when the candidate is judged, and becomes that gate's result


async def _gate(
    context: GateContext, definition: GateDefinition, on_started: OnStarted, on_finished: OnFinished
) -> GateResult:
    on_started(definition.id)
    started = time.monotonic()
    try:
        result = await _result(context, definition)
    except AgentGateError as error:
        result = errored(definition, error.message, error.hint)
    result = result.model_copy(update={"duration_ms": int((time.monotonic() - started) * 1000)})
    on_finished(result)
    return result


async def _result(context: GateContext, definition: GateDefinition) -> GateResult:
    request = context.request
    if not await asyncio.to_thread(_applies, request, definition):
        return skipped(definition, NOT_APPLICABLE)
    if not _may_run(request, definition):
        return errored(
            definition,
            "it runs the candidate's code, and there is no sandbox",
            "install bubblewrap, or agree to run it unconfined: --allow-unsandboxed",
        )
    job = await _job(context, definition)
    cached = _read(context.cache.get(job.digest), definition)
    if cached is not None:
        return cached.model_copy(update={"cached": True})
    check = CHECKS[definition.check].run if definition.check else run_tool
    result = await check(context, definition)
    if result.status != "errored":
        context.cache.put(job.digest, result.model_dump(mode="json"))
    return result


async def _job(context: GateContext, definition: GateDefinition) -> GateJob:
    if definition.check:
        check = CHECKS[definition.check]
        return context.job(definition, inputs=check.inputs(context.request))
    tool = find_tool(definition.tool)
    values = {"python": str(context.request.environment.python)}
    version = await ask_version(definition.version, tool, values) if tool else ""
    return context.job(definition, version)


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
    if "*" in definition.scope:
        return True
    paths = [*request.repository.entries(request.tree), *(file.path for file in request.changed)]
    return any(matches(path, definition.scope) for path in paths)


def _may_run(request: CheckRequest, definition: GateDefinition) -> bool:
    return not definition.executes or request.sandbox is not None or request.allow_unsandboxed


def _blocks(request: CheckRequest, result: GateResult) -> bool:
    if result.status == "passed" or (result.status == "skipped" and result.reason == NOT_APPLICABLE):
        return False
    required = request.policy.required_gates([file.path for file in request.changed])
    advisory = result.gate in request.policy.gates.advisory
    return not advisory or result.gate in required or _is_needed(request, result)


def _is_needed(request: CheckRequest, result: GateResult) -> bool:
    clauses = request.spec.clauses if request.spec else ()
    verifiers = [verifier for clause in clauses for verifier in clause.verified_by]
    return any(v.kind in result.verifies or (v.kind == "gate" and v.target == result.gate) for v in verifiers)
