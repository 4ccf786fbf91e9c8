"""Every gate that exists for a repository, and whether this machine can run it."""

from __future__ import annotations

from dataclasses import dataclass

from agent_gate.domain.gate import GateDefinition
from agent_gate.engine.context import Context
from agent_gate.errors import SetupError
from agent_gate.gating.catalog import load_catalog
from agent_gate.gating.tools import ask_version, find_tool
from agent_gate.sandbox.find import find_sandbox


@dataclass(frozen=True)
class GateInventory:
    """One gate, and its tool on this machine."""

    definition: GateDefinition
    tool: str
    """The tool's name and version, or that the check is built in."""
    problem: str = ""
    """Why it cannot run here; empty where it can."""


async def inventory(context: Context | None) -> tuple[GateInventory, ...]:
    """All built-in gates, and those that the repository's HEAD defines."""
    catalog = context.catalog(context.repository.resolve("HEAD")) if context else load_catalog()
    return tuple([await _examine(definition) for definition in catalog.values()])


async def _examine(definition: GateDefinition) -> GateInventory:
    name, problem = definition.tool or "built in", ""
    if definition.tool:
        tool = find_tool(definition.tool)
        if tool is None:
            problem = f"{definition.tool} is not installed"
        else:
            try:
                name = f"{definition.tool} {await ask_version(definition.version, tool, {})}".strip()
            except SetupError as error:
                problem = error.message
    if definition.executes and not problem:
        probe = await find_sandbox()
        problem = "" if probe.sandbox else f"no sandbox: {probe.reason}"
    return GateInventory(definition, name, problem)
