"""Source that puts something else in the place of what everybody uses: of the runner, of built-ins, of the library.

A test compares by them, and counts on them as they are.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator

from agent_gate.domain.gate import Level
from agent_gate.domain.visible import quoted
from agent_gate.gating.integrity.awareness import RULE, TELLING
from agent_gate.gating.integrity.sign import Sign
from agent_gate.gating.integrity.source import Source, text_of

_PATCHED = frozenset({"pytest", "_pytest", "unittest", "builtins", "__builtins__", "doctest", "pluggy"})
_STANDARD = sys.stdlib_module_names - {"test", "__main__"}
_CONFIGURED = frozenset({
    "sys", "os", "logging", "warnings", "locale", "signal", "socket", "ssl", "threading", "readline", "http", "mimetypes",
    "faulthandler", "tempfile", "csv", "decimal", "cmd", "pdb", "asyncio", "multiprocessing", "gc", "tracemalloc", "urllib",
    "xml", "ctypes", "contextvars", "typing", "abc", "enum", "types", "argparse", "__future__", "zoneinfo", "idlelib",
})  # fmt: skip
"""Modules whose attributes programs set, as their manuals say."""
_KEPT = _STANDARD - _CONFIGURED
_SETTING = frozenset({"setattr", "builtins.setattr", "delattr"})


def signs(source: Source, *, is_testing: bool) -> Iterator[Sign]:
    """What stands in a file that is no test; `is_testing`: it is a plugin or a set of helpers for tests."""
    for node in source.nodes:
        if isinstance(node, ast.Assign | ast.AugAssign | ast.Delete):
            for target in [node.target] if isinstance(node, ast.AugAssign) else node.targets:
                for what, level in _replaced(source, target):
                    yield _sign(source, node, what, "ask" if is_testing else level)
        elif isinstance(node, ast.Call) and len(node.args) > 1 and set(source.names(node.func)) & _SETTING:
            for name in source.names(node.args[0]):
                if _is_everybodys(source, name):
                    block = _is_runner(name) and not is_testing
                    what = f"an attribute of {name} that is replaced"
                    yield _sign(source, node, what, "block" if block else "ask")


def _replaced(source: Source, target: ast.expr) -> Iterator[tuple[str, Level]]:
    """`unittest.TestCase.assertEqual = …`, `json.loads = …`, `sys.modules["json"] = …`."""
    if isinstance(target, ast.Attribute):
        for name in source.names(target.value):
            if _is_everybodys(source, name):
                yield f"an attribute of {name} that is replaced", "block" if _is_runner(name) else "ask"
    elif isinstance(target, ast.Subscript) and "sys.modules" in source.names(target.value):
        module = (text_of(target.slice) or "").split(".")[0]
        if module in _STANDARD | _PATCHED:
            yield f"the module {quoted(module)} that is replaced", "block" if _is_runner(module) else "ask"


def _is_everybodys(source: Source, name: str) -> bool:
    head = name.partition(".")[0]
    if head in _PATCHED:
        return True
    return head in _KEPT and any(head in _modules(node) for node in source.nodes)


def _modules(node: ast.AST) -> set[str]:
    """The first parts of the modules that a statement imports from elsewhere."""
    if isinstance(node, ast.Import):
        return {alias.name.partition(".")[0] for alias in node.names}
    return (
        {(node.module or "").partition(".")[0]}
        if isinstance(node, ast.ImportFrom) and not node.level
        else set()
    )


def _is_runner(name: str) -> bool:
    return name.partition(".")[0] in TELLING


def _sign(source: Source, node: ast.stmt | ast.expr, what: str, level: Level) -> Sign:
    message = f"{what}: all others, tests among them, get what is put in its place; look at why"
    return Sign(RULE, node.lineno, source.line(node.lineno), message, level, detail=what)
