"""Marks that a change registers for its tests. They judge nothing, so they count beside the base's configuration.

Without them a new test with a new mark would be an error wherever the base is strict about marks.
"""

from __future__ import annotations

import configparser
import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from agent_gate.domain.gate import GateDefinition
from agent_gate.vcs.repo import Repository

_MOST = 200
_BYTES = 1024 * 1024
_LINE = re.compile(r"[A-Za-z_]\w{0,80}(?:\([^()\n]{0,200}\))?(?:\s*:[^\n]{0,1000})?")
"""What pytest takes as a marker: a name, perhaps parameters, perhaps what it is for."""
_TABLES = {
    "pyproject.toml": (("tool", "pytest", "ini_options"), ("tool", "pytest")),
    "pytest.toml": (("pytest",),),
    ".pytest.toml": (("pytest",),),
    "setup.cfg": (("tool:pytest",),),
}
_INI = (("pytest",),)


def registered_markers(repository: Repository, tree: str, definition: GateDefinition) -> tuple[str, ...]:
    """The lines that register marks, from all files in which the tree may configure pytest."""
    found: list[str] = []
    for name in definition.options["configuration"]:
        held = repository.read(tree, name)
        if held is not None and len(held[1]) <= _BYTES:
            data = _read(name, held[1])
            for table in _TABLES.get(name, _INI):
                found += _lines(data, table)
    return tuple(dict.fromkeys(line for line in found if _LINE.fullmatch(line)))[:_MOST]


def _read(name: str, content: bytes) -> Mapping[str, Any]:
    """The file's tables; none where it cannot be read, which other gates tell."""
    try:
        text = content.decode("utf-8-sig")
        if name.endswith(".toml"):
            return tomllib.loads(text)
        parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
        parser.read_string(text)
        return {section: dict(parser.items(section)) for section in parser.sections()}
    except (ValueError, configparser.Error, RecursionError, AttributeError):
        return {}


def _lines(data: Any, table: Sequence[str]) -> list[str]:
    for key in (*table, "markers"):
        data = data.get(key) if isinstance(data, dict) else None
    lines = data.splitlines() if isinstance(data, str) else data if isinstance(data, list) else []
    return [line.strip() for line in lines if isinstance(line, str) and line.strip()]
