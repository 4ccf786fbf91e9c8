"""A tool's configuration, as the base states it."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from agent_gate.domain.gate import Choice, ConfigurationSource, GateDefinition
from agent_gate.domain.pattern import matches
from agent_gate.vcs.repo import Entry, Repository


@dataclass(frozen=True)
class Configuration:
    """The arguments that configure a tool, and the base's file that they rest on (empty: our default)."""

    argv: tuple[str, ...]
    path: str = ""
    chosen: tuple[str, ...] = ()
    """What the names of the rules begin with that the base asks for; an empty name stands for all."""


def find_configuration(repository: Repository, base_tree: str, definition: GateDefinition) -> Configuration:
    """The first source that the base really has; with a table, only if the file holds it."""
    for source in definition.configuration:
        found = repository.read(base_tree, source.path)
        if found is not None and _configures(found[1], source):
            chosen = _chosen(found[1], source, definition.choice)
            return Configuration(source.argv or definition.configured_argv, source.path, chosen)
    return Configuration(definition.default_argv)


def pinned_tree(repository: Repository, base_tree: str, tree: str, definition: GateDefinition) -> str:
    """The tree, with the base's version of every file that the definition pins.

    A pinned file that the change adds is not there, one that it deletes is: tools find their
    configuration for themselves, beside the sources, and it has to be the base's.
    """
    if not definition.pinned or tree == base_tree:
        return tree
    base, entries = repository.entries(base_tree), repository.entries(tree)
    changes: dict[str, Entry | None] = {
        path: base.get(path)
        for path in sorted({*base, *entries})
        if base.get(path) != entries.get(path) and matches(path, definition.pinned)
    }
    return repository.write_tree(tree, changes) if changes else tree


def _configures(content: bytes, source: ConfigurationSource) -> bool:
    if not source.table:
        return True
    table = _table(_read(content, source.path), source.table)
    if table is None:
        return False
    return not source.keys or (isinstance(table, Mapping) and any(key in table for key in source.keys))


def _chosen(content: bytes, source: ConfigurationSource, choice: Choice | None) -> tuple[str, ...]:
    data = _read(content, source.path)
    table = _table(data, source.table) if source.table else data
    if choice is None or table is None or any(_table(table, key) is not None for key in choice.keys):
        return ("",)
    lists = [_table(table, key) for key in choice.added]
    named = [name for names in lists if isinstance(names, list) for name in names if isinstance(name, str)]
    return tuple("" if name == "ALL" else name for name in named)


def _read(content: bytes, path: str) -> Any:
    """The file's data by its format: TOML, JSON, or INI; None where it is none of that."""
    try:
        text = content.decode()
        match PurePosixPath(path).suffix:
            case ".toml":
                return tomllib.loads(text)
            case ".json":
                return json.loads(text)
            case _:
                return _read_ini(text)
    except (ValueError, RecursionError):
        return None


def _read_ini(text: str) -> dict[str, dict[str, str]]:
    """Raises ValueError."""
    import configparser  # most projects have no such file

    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
        return {name: dict(parser[name]) for name in parser.sections()}
    except configparser.Error as error:
        raise ValueError(str(error)) from None


def _table(data: Any, name: str) -> Any:
    """The table of a dotted name; a section of an INI file may have dots in its own."""
    if isinstance(data, Mapping) and name in data:
        return data[name]
    for key in name.split("."):
        data = data.get(key) if isinstance(data, Mapping) else None
    return data
