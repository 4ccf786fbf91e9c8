"""A tool's configuration, as the base states it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import Any

from agent_gate.domain.gate import ConfigurationSource, GateDefinition
from agent_gate.vcs.repo import Repository


@dataclass(frozen=True)
class Configuration:
    """The arguments that configure a tool, and the base's file that they rest on (empty: our default)."""

    argv: tuple[str, ...]
    path: str = ""


def find_configuration(repository: Repository, base_tree: str, definition: GateDefinition) -> Configuration:
    """The first source that the base really has; a TOML file counts only if it holds the table."""
    for source in definition.configuration:
        found = repository.read(base_tree, source.path)
        if found is not None and (not source.table or _has_table(found[1], source)):
            return Configuration(source.argv or definition.configured_argv, source.path)
    return Configuration(definition.default_argv)


def _has_table(content: bytes, source: ConfigurationSource) -> bool:
    try:
        data: Any = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return False
    for key in source.table.split("."):
        data = data.get(key) if isinstance(data, dict) else None
    return data is not None
