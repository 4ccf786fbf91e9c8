"""Names that a file has from the standard library, by where they come from: two ways to import one thing are one."""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterable, Iterator

from agent_gate.gating.integrity.shapes import Shape


def standard_names(nodes: Iterable[ast.AST]) -> dict[str, Shape]:
    """`collections.abc.Set` for `Set`, and so on. A name that the file binds a second time is left out."""
    found: dict[str, str] = {}
    bound: Counter[str] = Counter()
    for node in nodes:
        for name in _bound(node):
            bound[name] += 1
        if isinstance(node, ast.Import | ast.ImportFrom):
            found |= _origins(node)
    return {name: Shape(origin, origin) for name, origin in found.items() if bound[name] == 1}


def _origins(node: ast.Import | ast.ImportFrom) -> dict[str, str]:
    if isinstance(node, ast.ImportFrom):
        prefix = f"{node.module}." if node.module and not node.level else ""
        named = {alias.asname or alias.name: f"{prefix}{alias.name}" for alias in node.names if prefix}
    else:
        named = {alias.asname: alias.name for alias in node.names if alias.asname}
    return {
        name: origin for name, origin in named.items() if origin.partition(".")[0] in sys.stdlib_module_names
    }


def _bound(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Import() | ast.ImportFrom():
            yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield node.name
        case ast.arg():
            yield node.arg
        case ast.Name(ctx=ast.Store() | ast.Del()):
            yield node.id
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name
        case ast.MatchMapping(rest=str(name)):
            yield name
        case _:
            return
