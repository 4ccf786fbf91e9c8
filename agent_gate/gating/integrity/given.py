"""What the names of a file are given, so that a rule can look through them."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from agent_gate.gating.integrity.source import Source, dotted

_VALUES = 4
"""So many values of one name are looked at."""
_PARTS = 120
"""So many parts of one expression are looked at."""
Given = Mapping[str, Sequence[ast.expr]]


def given_values(source: Source) -> Given:
    """What names stand for, in all of the file; a parameter for what it is when nothing is given."""
    found: dict[str, list[ast.expr]] = defaultdict(list)
    for node in source.nodes:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                found[dotted(target)].append(node.value)
        elif isinstance(node, ast.NamedExpr):
            found[node.target.id].append(node.value)
        elif isinstance(node, ast.arguments):
            names = [*node.posonlyargs, *node.args]
            for argument, value in zip(reversed(names), reversed(node.defaults), strict=False):
                found[argument.arg].append(value)
            for argument, default in zip(node.kwonlyargs, node.kw_defaults, strict=True):
                found[argument.arg] += [default] if default is not None else []
    return {name: values[:_VALUES] for name, values in found.items() if name}


def whole(node: ast.expr, given: Given) -> ast.expr:
    """What a name stands for that stands for one thing."""
    for _ in range(3):
        values = given.get(dotted(node), ())
        if len(values) != 1:
            return node
        node = values[0]
    return node


def parts_of(node: ast.expr, given: Given) -> Iterator[ast.AST]:
    """All parts of an expression, and of what its names stand for."""
    waiting: list[tuple[ast.AST, int]] = [(node, 0)]
    for _ in range(_PARTS):
        if not waiting:
            return
        current, depth = waiting.pop()
        yield current
        if depth < 3 and isinstance(current, ast.Name | ast.Attribute):
            waiting.extend((value, depth + 1) for value in given.get(dotted(current), ()))
        waiting.extend((child, depth) for child in ast.iter_child_nodes(current))
