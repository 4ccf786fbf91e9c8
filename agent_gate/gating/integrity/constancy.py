"""What an expression or a function always comes to, as far as it can be told without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

_DEPTH = 50
_CONTAINERS = ast.Tuple | ast.List | ast.Set | ast.Dict


def truth(node: ast.expr, depth: int = 0) -> bool | None:
    """Whether an expression is always true or always false; None where that depends."""
    if depth > _DEPTH:
        return None
    if isinstance(node, ast.Constant):
        return bool(node.value)
    if isinstance(node, _CONTAINERS):
        return _container_truth(node)
    if isinstance(node, ast.Compare):
        return _comparison_truth(node)
    if isinstance(node, ast.BoolOp):
        return _combined_truth(node, depth)
    return _wrapped_truth(node, depth)


def _combined_truth(node: ast.BoolOp, depth: int) -> bool | None:
    wanted = isinstance(node.op, ast.Or)
    values = [truth(value, depth + 1) for value in node.values[:_DEPTH]]
    if wanted in values:
        return wanted
    return None if None in values or len(node.values) > _DEPTH else not wanted


def _wrapped_truth(node: ast.expr, depth: int) -> bool | None:
    """Of `not x`, `x if y else z`, `(name := x)`, `bool(x)`, and a function, which is always true."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        inner = truth(node.operand, depth + 1)
        return None if inner is None else not inner
    if isinstance(node, ast.IfExp):
        values = [truth(node.body, depth + 1), truth(node.orelse, depth + 1)]
        return values[0] if values[0] == values[1] else None
    if isinstance(node, ast.NamedExpr):
        return truth(node.value, depth + 1)
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "bool"
        and len(node.args) == 1
    ):
        return truth(node.args[0], depth + 1)
    return True if isinstance(node, ast.Lambda) else None


def _container_truth(node: ast.Tuple | ast.List | ast.Set | ast.Dict) -> bool | None:
    if isinstance(node, ast.Dict):
        return True if any(key is not None for key in node.keys) else None if node.keys else False
    if any(not isinstance(item, ast.Starred) for item in node.elts):
        return True
    return None if node.elts else False


def _comparison_truth(node: ast.Compare) -> bool | None:
    """A comparison of two equal literals or of a name with itself."""
    if len(node.ops) != 1:
        return None
    left, right = node.left, node.comparators[0]
    equal = isinstance(node.ops[0], ast.Eq | ast.Is | ast.LtE | ast.GtE)
    if isinstance(left, ast.Constant) and isinstance(right, ast.Constant):
        if isinstance(node.ops[0], ast.Eq):
            return left.value == right.value
        if isinstance(node.ops[0], ast.NotEq):
            return left.value != right.value
        return None
    if isinstance(left, ast.Name) and isinstance(right, ast.Name) and left.id == right.id and equal:
        return True
    return None


def returned(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> list[ast.expr | None]:
    """All that a function returns; None stands for a bare return and for running off the end of the body."""
    if isinstance(function, ast.Lambda):
        return [function.body]
    found: list[ast.expr | None] = [
        node.value for node in own_nodes(function) if isinstance(node, ast.Return)
    ]
    if not ends(function.body):
        found.append(None)
    return found


def own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function without those of the functions and classes in it, in the order of the text."""
    waiting = list(reversed(list(ast.iter_child_nodes(function))))
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            waiting.extend(reversed(list(ast.iter_child_nodes(node))))


def ends(body: list[ast.stmt], depth: int = 0) -> bool:
    """Whether control never leaves a block at its end."""
    if not body or depth > _DEPTH:
        return False
    last = body[-1]
    if isinstance(last, ast.Return | ast.Raise | ast.Continue | ast.Break):
        return True
    if isinstance(last, ast.If):
        return ends(last.body, depth + 1) and ends(last.orelse, depth + 1)
    if isinstance(last, ast.With | ast.AsyncWith):
        return ends(last.body, depth + 1)
    if isinstance(last, ast.Try):
        handled = all(ends(handler.body, depth + 1) for handler in last.handlers)
        return ends(last.finalbody, depth + 1) or (handled and ends([*last.body, *last.orelse], depth + 1))
    return isinstance(last, ast.While) and truth(last.test) is True
