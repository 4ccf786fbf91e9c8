"""What Python source says about names: the packages it imports, and what it defines."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator

from agent_gate.syntax import parse_python


def parse(source: bytes) -> ast.Module | None:
    """The syntax tree; None for what Python cannot parse (other gates say so)."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an invalid escape in the candidate is not our warning
            return parse_python(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def imported_packages(source: bytes) -> set[str]:
    """The top-level packages of all absolute imports, wherever they stand in the file."""
    tree = parse(source)
    found: set[str] = set()
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            found.add(node.module.split(".")[0])
    return found - {"__future__"}


def definitions(source: bytes) -> dict[str, str]:
    """What a module defines, by qualified name (`Order.total`, `add.rounding`), with each function's
    parameters as text: functions, classes, parameters, assigned and imported names, attributes.
    """
    tree = parse(source)
    return dict(_defined(tree, "")) if tree else {}


def _defined(node: ast.AST, scope: str) -> Iterator[tuple[str, str]]:
    for child in ast.iter_child_nodes(node):
        inner = scope
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            inner = f"{scope}{child.name}."
            yield inner[:-1], ast.dump(child.args)
        elif isinstance(child, ast.ClassDef):
            inner = f"{scope}{child.name}."
            yield inner[:-1], ""
        elif isinstance(child, ast.arg):
            yield f"{scope}{child.arg}", ""
        elif isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
            yield f"{scope}{child.id}", ""
        elif isinstance(child, ast.Attribute) and isinstance(child.ctx, ast.Store):
            yield f"{scope}{child.attr}", ""
        elif isinstance(child, ast.alias):
            yield f"{scope}{(child.asname or child.name).split('.')[0]}", ""
        yield from _defined(child, inner)
