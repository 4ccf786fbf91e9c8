"""`gates`: every gate, what it is, and whether this machine can run it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import click

from agent_gate.cli.options import json_option, repo_option
from agent_gate.cli.output import marked, say
from agent_gate.domain.visible import visible_line
from agent_gate.engine.context import Context
from agent_gate.engine.inventory import GateInventory, inventory
from agent_gate.errors import RepositoryError


@click.command()
@json_option
@repo_option
def gates(*, as_json: bool, directory: Path) -> None:
    """List every gate: its tool, its version, and whether it is available here.

    Outside a repository, or before its first commit, the built-in ones.
    """
    try:
        context: Context | None = Context.open(directory)
        listed = asyncio.run(inventory(context))
    except RepositoryError:
        listed = asyncio.run(inventory(None))
    for item in listed:
        say(json.dumps(_as_json(item)) if as_json else _line(item))


def _line(item: GateInventory) -> str:
    definition = item.definition
    state = f"not available: {item.problem}" if item.problem else item.tool
    text = (
        f"{definition.id:10} {definition.stage:7} {visible_line(definition.title):34} {visible_line(state)}"
    )
    return marked("errored" if item.problem else "passed", text)


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
        "definition": item.definition.model_dump(mode="json", by_alias=True),
        "definition_digest": item.definition.digest,
    }
