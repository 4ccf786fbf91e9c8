"""Every gate that exists for a repository, whether this machine can run it, and whether it sees its canary."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from agent_gate.domain.gate import GateDefinition
from agent_gate.domain.policy import Policy
from agent_gate.engine.context import Context
from agent_gate.errors import AgentGateError, SetupError
from agent_gate.gating.cache import Cache, cache_directory
from agent_gate.gating.canary import canary_result
from agent_gate.gating.catalog import load_catalog
from agent_gate.gating.context import together
from agent_gate.gating.environment import Environment, find_environment
from agent_gate.gating.tools import ask_version, find_tool, gate_tool
from agent_gate.gating.workplace import Workplace, open_workplace
from agent_gate.sandbox.find import find_sandbox
from agent_gate.vcs.repo import Repository


@dataclass(frozen=True)
class CanaryState:
    """Whether a gate flags the known-bad change that its definition brings."""

    status: Literal["passed", "in run", "failed", "errored", "not run"]
    """`in run`: the check proves itself anew each time, and brings no canary."""
    reason: str = ""
    """Why it is neither passed nor proved in each run."""

    @property
    def believed(self) -> bool:
        """The gate's silence counts."""
        return self.status in {"passed", "in run"}


@dataclass(frozen=True)
class GateInventory:
    """One gate, and its tool on this machine."""

    definition: GateDefinition
    tool: str
    """The tool's name and version, or that the check is built in."""
    canary: CanaryState
    problem: str = ""
    """Why it cannot run here; empty where it can."""


async def inventory(context: Context | None) -> tuple[GateInventory, ...]:
    """All built-in gates, and those that the repository's HEAD defines, by id.

    Runs the canaries that are not remembered yet on this machine. Where the repository's policy or its
    environment is not in order, none is run, and each says so: the list itself is still whole.
    """
    catalog = context.catalog(context.repository.resolve("HEAD")) if context else load_catalog()
    async with AsyncExitStack() as stack:
        try:
            place: Workplace | str = await stack.enter_async_context(_workplace(context))
        except AgentGateError as error:
            place = error.message
        gates = sorted(catalog.values(), key=lambda gate: gate.id)
        return await together(*(_examine(gate, place) for gate in gates))


@asynccontextmanager
async def _workplace(context: Context | None) -> AsyncIterator[Workplace]:
    """The environment and the sandbox of the repository's gates, over a throw-away repository."""
    with tempfile.TemporaryDirectory(prefix="agent-gate-gates-") as folder:
        aside = await asyncio.to_thread(Repository.make, Path(folder))
        environment = await (_environment(context) if context else find_environment(Policy(), aside.root))
        sandbox = (await find_sandbox()).sandbox
        cache = Cache(cache_directory(), enabled=context.use_cache if context else True)
        async with open_workplace(aside, environment, sandbox, cache) as workplace:
            yield workplace


async def _environment(context: Context) -> Environment:
    head = context.repository.resolve("HEAD")
    return await context.environment(context.policy(head).policy, head)


async def _examine(definition: GateDefinition, place: Workplace | str) -> GateInventory:
    """`place` is where canaries are run, or why there is none."""
    name, version, problem = definition.tool or "built in", "", ""
    if definition.tool:
        tool = (
            find_tool(definition.tool) if isinstance(place, str) else gate_tool(definition, place.environment)
        )
        if tool is None:
            problem = f"{definition.tool} is not installed"
        else:
            values = {} if isinstance(place, str) else {"python": str(place.environment.python)}
            try:
                version = await ask_version(definition.version, tool, values)
            except SetupError as error:
                problem = error.message
    if definition.executes and not problem:
        probe = await find_sandbox()
        problem = "" if probe.sandbox else f"no sandbox: {probe.reason}"
    canary = await _canary(definition, version, problem or place)
    return GateInventory(definition, f"{name} {version}".strip(), canary, problem)


async def _canary(definition: GateDefinition, version: str, place: Workplace | str) -> CanaryState:
    if isinstance(place, str):
        return CanaryState("not run", place)
    try:
        result = await canary_result(place, definition, version)
    except AgentGateError as error:
        return CanaryState("errored", error.message)
    return CanaryState(result.status, result.reason)
