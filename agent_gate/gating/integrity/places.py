"""Where a node of the syntax tree stands: in which functions and classes, under which conditions."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from agent_gate.gating.integrity.source import Source, dotted

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Place:
    """What encloses a node."""

    functions: tuple[Function, ...] = ()
    classes: tuple[ast.ClassDef, ...] = ()
    is_main: bool = False
    """Under `if __name__ == "__main__"`."""
    is_version_check: bool = False
    """Under a condition on Python's version or the platform, or where an import failed."""
    forks: bool = False
    """In a function that starts a child process with `os.fork`."""
    is_handler: bool = False
    """In a function that the module registers for a signal."""
    is_decorator: bool = False
    calls: Mapping[ast.AST, ast.AST] = field(default_factory=dict)
    """For the function of a call, the call; for a raise, what is raised. One mapping for the whole module."""


def located(source: Source) -> Iterator[tuple[ast.AST, Place]]:
    """All nodes of a file with their places, in the order of the text; without recursion."""
    calls: dict[ast.AST, ast.AST] = {}
    handlers = _handlers(source)
    waiting: list[tuple[ast.AST, Place]] = [(source.tree, Place(calls=calls))]
    while waiting:
        node, place = waiting.pop()
        if isinstance(node, ast.Call):
            calls[node.func] = node
        elif isinstance(node, ast.Raise) and node.exc is not None:
            calls[node] = node.exc
        yield node, place
        children = list(_children(source, node, place, handlers))
        waiting.extend(reversed(children))


def _children(
    source: Source, node: ast.AST, place: Place, handlers: frozenset[str]
) -> Iterator[tuple[ast.AST, Place]]:
    if isinstance(node, Function):
        outside = replace(place, is_decorator=True)
        yield from ((decorator, outside) for decorator in node.decorator_list)
        yield node.args, place
        inside = replace(
            place,
            functions=(*place.functions, node),
            forks=place.forks or _forks(source, node),
            is_handler=place.is_handler or node.name in handlers,
        )
        yield from ((child, inside) for child in node.body)
    elif isinstance(node, ast.Lambda):
        yield from ((child, place) for child in ast.iter_child_nodes(node))
    elif isinstance(node, ast.ClassDef):
        inside = replace(place, classes=(*place.classes, node))
        yield from ((child, inside) for child in ast.iter_child_nodes(node))
    elif isinstance(node, ast.If):
        yield node.test, place
        under = replace(
            place,
            is_main=place.is_main or _is_main(node.test),
            is_version_check=place.is_version_check or _is_version_check(source, node.test),
        )
        yield from ((child, under) for child in node.body)
        yield from ((child, place) for child in node.orelse)
    elif isinstance(node, ast.ExceptHandler):
        caught = source.name(node.type).rpartition(".")[2] if node.type else ""
        under = replace(
            place, is_version_check=place.is_version_check or caught in {"ImportError", "ModuleNotFoundError"}
        )
        yield from ((child, under) for child in ast.iter_child_nodes(node))
    else:
        yield from ((child, place) for child in ast.iter_child_nodes(node))


def _is_main(test: ast.expr) -> bool:
    """`__name__ == "__main__"`, and nothing else that would be true on import."""
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        return any(_is_main(value) for value in test.values[:8])
    if not (isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq)):
        return False
    sides = (test.left, test.comparators[0])
    return any(dotted(side) == "__name__" for side in sides) and any(
        isinstance(side, ast.Constant) and side.value == "__main__" for side in sides
    )


def _is_version_check(source: Source, test: ast.expr) -> bool:
    wanted = {"sys.version_info", "sys.platform", "os.name", "sys.hexversion", "platform.system"}
    return any(source.name(n) in wanted for n in ast.walk(test) if isinstance(n, ast.Attribute | ast.Name))


def _forks(source: Source, function: Function) -> bool:
    return not source.words.isdisjoint({"fork", "forkpty"}) and any(
        isinstance(node, ast.Call) and source.name(node.func) in {"os.fork", "os.forkpty", "pty.fork"}
        for node in ast.walk(function)
    )


def _handlers(source: Source) -> frozenset[str]:
    """The names of functions that are given to `signal.signal` or to a loop's `add_signal_handler`."""
    found: set[str] = set()
    for node in source.nodes:
        if isinstance(node, ast.Call) and len(node.args) > 1:
            name = source.name(node.func) or (node.func.attr if isinstance(node.func, ast.Attribute) else "")
            if name == "signal.signal" or name.endswith("add_signal_handler"):
                found.add(dotted(node.args[1]).rpartition(".")[2])
    return frozenset(found - {""})
