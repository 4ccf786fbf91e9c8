"""`gates`: every gate, what it is, whether this machine can run it, and whether it sees its canary."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import click

from agent_gate.cli.options import json_option, repo_option
from agent_gate.cli.output import marked, say, tell
from agent_gate.domain.visible import visible_line
from agent_gate.engine.context import Context
from agent_gate.engine.inventory import GateInventory, inventory
from agent_gate.errors import RepositoryError


@click.command()
@json_option
@repo_option
def gates(*, as_json: bool, directory: Path) -> None:
    """List every gate: its tool, its version, whether it is available here, and its canary.

    The canary is a known-bad change: a gate that does not flag it is not believed when it is silent. One
    that was flagged is remembered on this machine; "in run" means a gate that proves itself each time.
    Outside a repository, or before its first commit, the built-in ones.
    """
    try:
        context: Context | None = Context.open(directory, tell=tell)
        listed = asyncio.run(inventory(context))
    except RepositoryError:
        listed = asyncio.run(inventory(None))
    for item in listed:
        say(json.dumps(_as_json(item)) if as_json else _line(item))


def _line(item: GateInventory) -> str:
    """One line a gate; why it cannot run, or is not believed, stands where its title would."""
    definition, canary = item.definition, item.canary
    problem = f"not available: {item.problem}" if item.problem else canary.reason
    told = visible_line(problem or definition.title)
    state = f"{visible_line(item.tool):13} {f'canary {canary.status}':14}"
    text = f"{definition.id:12} {definition.stage:8} {state} {told}"
    return marked("passed" if canary.believed and not item.problem else "errored", text)


def _as_json(item: GateInventory) -> dict[str, object]:
    return {
        "schema": 1,
        "gate": item.definition.id,
        "title": item.definition.title,
        "stage": item.definition.stage,
        "verifies": list(item.definition.verifies),
        "executes": item.definition.executes,
        "tool": item.tool,
        "available": not item.problem,
        "problem": item.problem,
        "canary": {"status": item.canary.status, "reason": item.canary.reason},
        "definition": item.definition.model_dump(mode="json", by_alias=True),
        "definition_digest": item.definition.digest,
    }
