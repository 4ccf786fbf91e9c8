"""Expressions in a form that honest rewriting leaves alone: local names are replaced by what they stand for.

So `assert mean(xs) == 2` and `result = mean(xs)` with `assert result == 2` have one shape, and an assertion that
was given something else to look at has another one.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_LONGEST = 400
"""A longer shape is replaced by its digest, so that names in names never make it grow without end."""
_MOST = 200
"""As many called names and constants as a shape remembers."""
_OPERATORS = {ast.Eq: "==", ast.NotEq: "!=", ast.Is: "is", ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}  # fmt: skip


@dataclass(frozen=True)
class Shape:
    """An expression, its pattern without constants, and what it is made of."""

    text: str
    pattern: str
    calls: frozenset[str] = frozenset()
    """The last parts of the names that are called on the way to the value."""
    constants: frozenset[str] = frozenset()

    @property
    def is_constant(self) -> bool:
        """A literal, or a collection of literals."""
        return self.pattern == "?"


Bindings = Mapping[str, Shape]
NOTHING = Shape("", "")


def parameter(name: str) -> Shape:
    """A name that a table of cases gives a value to: any constant may stand in its place."""
    return Shape(name, "?")


def shape(node: ast.AST | None, names: Bindings) -> Shape:
    """The shape of an expression, where these local names are bound. Raises RecursionError on absurd nesting."""
    if isinstance(node, ast.Name):
        return names.get(node.id) or Shape(node.id, node.id)
    literal = _literal(node)
    if literal is not None or node is None:
        return literal or NOTHING
    return _KINDS.get(type(node), _generic)(node, names)


def _literal(node: ast.AST | None) -> Shape | None:
    """A constant, perhaps with a minus."""
    if isinstance(node, ast.Constant):
        said = short(repr(node.value))
    elif (
        isinstance(node, ast.UnaryOp)
        and isinstance(node.op, ast.USub)
        and isinstance(node.operand, ast.Constant)
    ):
        said = f"-{node.operand.value!r}"
    else:
        return None
    return Shape(said, "?", constants=frozenset({said}))


def _attribute(node: ast.Attribute, names: Bindings) -> Shape:
    return _joined("{}." + node.attr, (shape(node.value, names),))


def _awaited(node: ast.Await, names: Bindings) -> Shape:
    return shape(node.value, names)


def _collection(node: ast.Tuple | ast.List | ast.Set, names: Bindings) -> Shape:
    items = tuple(shape(item, names) for item in node.elts)
    made = _joined(f"{type(node).__name__}({', '.join(['{}'] * len(items))})", items)
    is_constant = all(item.is_constant for item in items)
    return Shape(made.text, "?", made.calls, made.constants) if is_constant else made


def _comparison(node: ast.Compare, names: Bindings) -> Shape:
    if len(node.ops) > 1:
        return _generic(node, names)
    sides = shape(node.left, names), shape(node.comparators[0], names)
    return _joined("({} " + _OPERATORS[type(node.ops[0])] + " {})", sides)


def called_name(node: ast.Call) -> str:
    """The last part of what is called; empty where that is an expression."""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _call(node: ast.Call, names: Bindings) -> Shape:
    if called_name(node) == "getattr" and len(node.args) == 2:
        attribute = node.args[1]
        if (
            isinstance(attribute, ast.Constant)
            and isinstance(attribute.value, str)
            and attribute.value.isidentifier()
        ):
            return shape(ast.Attribute(node.args[0], attribute.value), names)
    function = shape(node.func, names)
    if function.text == "typing.cast" and len(node.args) == 2:
        return shape(node.args[1], names)
    arguments = node.args
    if function.text == "range" and len(arguments) == 1:
        arguments = [ast.Constant(0), *arguments]  # where it begins is part of what it says
    keywords = sorted(node.keywords, key=lambda keyword: keyword.arg or "")
    parts = (function, *(shape(a, names) for a in arguments), *(shape(k.value, names) for k in keywords))
    form = ", ".join(["{}"] * len(arguments) + [f"{k.arg or '**'}={{}}" for k in keywords])
    made = _joined("{}(" + form + ")", parts)
    name = called_name(node)
    return Shape(made.text, made.pattern, _some(made.calls | {name}), made.constants) if name else made


def _generic(node: ast.AST, names: Bindings) -> Shape:
    """Any other node: its kind, its plain fields, and the shapes in it."""
    parts: list[Shape] = []
    form: list[str] = [type(node).__name__]
    for name, value in ast.iter_fields(node):
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, ast.expr_context):
                continue
            if isinstance(item, ast.AST):
                parts.append(shape(item, names))
                form.append("{}")
            elif item is not None and name != "type_comment":
                form.append(repr(item).replace("{", "{{").replace("}", "}}"))
    return _joined("[" + " ".join(form) + "]", tuple(parts))


def _joined(form: str, parts: tuple[Shape, ...]) -> Shape:
    return Shape(
        short(form.format(*(part.text for part in parts))),
        short(form.format(*(part.pattern for part in parts))),
        _some(frozenset().union(*(part.calls for part in parts))),
        _some(frozenset().union(*(part.constants for part in parts))),
    )


def _some(found: frozenset[str]) -> frozenset[str]:
    return found if len(found) <= _MOST else frozenset(sorted(found)[:_MOST])


def short(text: str) -> str:
    """The text itself, or its digest where it is long."""
    if len(text) <= _LONGEST:
        return text
    return f"#{hashlib.sha256(text.encode(errors='surrogatepass')).hexdigest()[:32]}"


_KINDS: Mapping[type[ast.AST], Callable[[Any, Bindings], Shape]] = {
    ast.Attribute: _attribute,
    ast.Await: _awaited,
    ast.Call: _call,
    ast.Compare: _comparison,
    ast.List: _collection,
    ast.Set: _collection,
    ast.Tuple: _collection,
}
