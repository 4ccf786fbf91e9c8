"""The part of a test folder's code by which pytest itself works otherwise: hooks, plugins, what is ignored."""

from __future__ import annotations

import ast
from collections import Counter

from agent_gate.gating.checks.imports import parse

_NAMES = ("pytest_plugins", "collect_ignore", "collect_ignore_glob")


def alters_pytest(before: bytes | None, after: bytes | None) -> bool:
    """Whether two versions of a file differ in that part; what cannot be parsed does."""
    return _hooks(before) != _hooks(after) if before != after else False


def _hooks(source: bytes | None) -> Counter[str]:
    if source is None:
        return Counter()
    tree = parse(source)
    if tree is None:
        return Counter(["unreadable"])
    return Counter(ast.dump(node) for node in ast.walk(tree) if _is_hook(node))


def _is_hook(node: ast.AST) -> bool:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return node.name.startswith("pytest_") or any(
            "hookimpl" in ast.dump(each) for each in node.decorator_list
        )
    if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return any(isinstance(target, ast.Name) and target.id in _NAMES for target in targets)
    return isinstance(node, ast.ImportFrom) and any(
        alias.name == "*" or (alias.asname or alias.name).startswith("pytest_") for alias in node.names
    )
