"""What a project's own files say of it: its name, and the commands that it installs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from agent_gate.survey.python_source import parsed
from agent_gate.survey.work_tree import WorkTree

_ENTRY_POINT = re.compile(r"^[ \t]*([\w.-]+)\s*=\s*([\w.]+)\s*:\s*([\w.]+)", re.MULTILINE)


class Command(NamedTuple):
    """A command that the project installs, and the function that it calls."""

    name: str
    module: str
    function: str
    path: str
    line: int


def project_name(tree: WorkTree) -> str:
    """As pyproject.toml or setup.cfg has it; else the root folder's name."""
    tables = _pyproject(tree.text("pyproject.toml"))
    for table in (_table(tables, "project"), _table(tables, "tool", "poetry")):
        if isinstance(name := table.get("name"), str) and name.strip():
            return name.strip()
    named = re.search(r"^name\s*=\s*([\w.-]+)\s*$", tree.text("setup.cfg"), re.MULTILINE)
    return named[1] if named else tree.root.resolve().name


def commands_of(tree: WorkTree) -> Iterator[Command]:
    """The console scripts of pyproject.toml, setup.cfg and setup.py, as they are declared there."""
    text = tree.text("pyproject.toml")
    tables = _pyproject(text)
    for table in (_table(tables, "project", "scripts"), _table(tables, "tool", "poetry", "scripts")):
        for name, target in table.items():
            module, _, function = target.partition(":") if isinstance(target, str) else ("", "", "")
            if module:
                yield Command(name, module.strip(), function.strip(), "pyproject.toml", _line(text, name))
    yield from _in_ini(tree.text("setup.cfg"))
    yield from _in_setup(tree.text("setup.py"))


def _in_ini(text: str) -> Iterator[Command]:
    start = text.find("console_scripts")
    if start >= 0:
        end = re.compile(r"^\[", re.MULTILINE).search(text, start)
        for found in _ENTRY_POINT.finditer(text, start, end.start() if end else len(text)):
            yield Command(found[1], found[2], found[3], "setup.cfg", text.count("\n", 0, found.start(1)) + 1)


def _in_setup(text: str) -> Iterator[Command]:
    """From `entry_points={"console_scripts": ["shop = shop.cli:main"]}`."""
    root = parsed(text) if "console_scripts" in text else None
    for node in ast.walk(root) if root else ():
        for key, value in zip(node.keys, node.values, strict=True) if isinstance(node, ast.Dict) else ():
            if (
                isinstance(key, ast.Constant)
                and key.value == "console_scripts"
                and isinstance(value, ast.List)
            ):
                for each in value.elts:
                    declared = each.value if isinstance(each, ast.Constant) else ""
                    found = _ENTRY_POINT.match(declared) if isinstance(declared, str) else None
                    if found:
                        yield Command(found[1], found[2], found[3], "setup.py", each.lineno)


@lru_cache(maxsize=4)
def _pyproject(text: str) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}


def _table(tables: dict[str, Any], *keys: str) -> dict[str, Any]:
    for key in keys:
        found = tables.get(key)
        tables = found if isinstance(found, dict) else {}
    return tables


def _line(text: str, name: str) -> int:
    found = re.search(rf"^[ \t]*[\"']?{re.escape(name)}[\"']?\s*=", text, re.MULTILINE)
    return text.count("\n", 0, found.end()) + 1 if found else 1
