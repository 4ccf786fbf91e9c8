"""What a node of Python source can be turned into: small faults, each one replacement of exact bytes.

The kinds are those that mutation testing has used since Mothra (King and Offutt 1991, "A Fortran language
system for mutation-based software testing"): relational, arithmetic and logical operators, constants,
negated conditions, removed statements, replaced results. A replacement has as many line ends as what it
replaces, so every other line keeps its number.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from agent_gate.gating.mutation.source import Source

_COMPARISONS: Mapping[type[ast.cmpop], tuple[str, str]] = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
}
_ARITHMETIC: Mapping[type[ast.operator], tuple[str, str]] = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "/"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "*"),
    ast.Mod: ("%", "*"),
    ast.Pow: ("**", "*"),
    ast.LShift: ("<<", ">>"),
    ast.RShift: (">>", "<<"),
    ast.BitAnd: ("&", "|"),
    ast.BitOr: ("|", "&"),
    ast.BitXor: ("^", "&"),
}
_UNARY: Mapping[type[ast.unaryop], str] = {ast.Not: "negation", ast.USub: "arithmetic"}
_COMMENT = re.compile(rb"#[^\r\n]*")
_WORD = re.compile(rb"\w")

_MAX_BITS = 1024
MAX_SPAN = 4000
"""Bytes. A longer expression or statement is data more than logic, and is left alone."""
KINDS = (
    "comparison", "condition", "connective", "arithmetic", "constant", "negation", "bound", "result",
    "statement", "handler", "jump", "text", "value", "wider",
)  # fmt: skip
"""The kinds of fault, the most telling first."""
CRUDE = "value"
"""A fault that mostly ends in a crash: only for a line in which there is no other."""
QUIET = frozenset({"wider"})
"""An `except` that catches more: seldom noticed, also by good tests."""


class Edit(NamedTuple):
    """One replacement: `data[start:end]` becomes `text`."""

    kind: str
    start: int
    end: int
    text: bytes


def edits(source: Source, node: ast.AST) -> Iterator[Edit]:  # noqa: C901, PLR0912 - a table
    """The faults that can be put in at one node, not looking at the nodes below it."""
    match node:
        case ast.Compare():
            yield from _compare(source, node)
        case ast.BinOp():
            yield from _operator(source, "arithmetic", node.left, node.right, _ARITHMETIC.get(type(node.op)))
        case ast.AugAssign():
            pair = _ARITHMETIC.get(type(node.op))
            marked = (f"{pair[0]}=", f"{pair[1]}=") if pair else None
            yield from _operator(source, "arithmetic", node.target, node.value, marked)
            yield from _removed(source, node)
        case ast.BoolOp():
            words = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
            yield from _operator(source, "connective", node.values[0], node.values[1], words)
        case ast.UnaryOp():
            yield from _unary(source, node)
        case ast.Constant() | ast.JoinedStr():
            yield from _constant(source, node)
        case ast.If() | ast.IfExp():
            yield from _replaced(source, "condition", node.test, "not ({})")
        case ast.While():
            yield from _replaced(source, "condition", node.test, "False")
        case ast.comprehension(ifs=[first, *_]):
            yield from _replaced(source, "condition", first, "not ({})")
        case ast.match_case(guard=ast.expr() as guard):
            yield from _replaced(source, "condition", guard, "not ({})")
        case ast.Slice(upper=ast.expr() as upper) if not isinstance(upper, ast.Constant):
            yield from _replaced(source, "bound", upper, "({}) - 1")
        case ast.Call(func=ast.Name(id="range"), args=[*_, last]) if not isinstance(
            last, ast.Constant | ast.Starred
        ):
            yield from _replaced(source, "bound", last, "({}) - 1")
        case ast.stmt() | ast.ExceptHandler():
            yield from _statement(source, node)


def _statement(source: Source, node: ast.stmt | ast.ExceptHandler) -> Iterator[Edit]:
    match node:
        case ast.Return(value=ast.expr() as value) if not _stands_for_itself(value):
            yield from _replaced(source, "result", value, "None")
        case ast.Expr(value=ast.Yield(value=ast.expr() as value)) if not _stands_for_itself(value):
            yield from _replaced(source, "result", value, "None")
        case ast.Expr(value=ast.Call() | ast.Await(value=ast.Call())) | ast.Raise() | ast.Delete():
            yield from _removed(source, node)
        case ast.Break():
            yield Edit("jump", *source.span(node), b"continue")
        case ast.Continue():
            yield Edit("jump", *source.span(node), b"break")
        case ast.ExceptHandler(type=ast.expr() as caught):
            yield from _replaced(source, "handler", caught, "()")
            if not (isinstance(caught, ast.Name) and caught.id in {"Exception", "BaseException"}):
                yield from _replaced(source, "wider", caught, "Exception")
        case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value) if not _stands_for_itself(
            value
        ):
            yield from _replaced(source, "value", value, "None")
        case _:
            return


def _compare(source: Source, node: ast.Compare) -> Iterator[Edit]:
    sides = [node.left, *node.comparators]
    for left, operator, right in zip(sides, node.ops, sides[1:], strict=False):
        yield from _operator(source, "comparison", left, right, _COMPARISONS[type(operator)])


def _operator(
    source: Source, kind: str, left: ast.expr, right: ast.expr, words: tuple[str, str] | None
) -> Iterator[Edit]:
    """Exchanges the operator between two operands; besides it there are brackets and comments only."""
    first, last = source.span(left)[1], source.span(right)[0]
    if words is None or last - first > MAX_SPAN:
        return
    gap = _COMMENT.sub(lambda found: b" " * len(found[0]), source.data[first:last])
    found = re.search(rb"[\s\\]+".join(re.escape(word.encode()) for word in words[0].split()), gap)
    if found and b"\n" not in found[0]:
        start, end = first + found.start(), first + found.end()
        yield Edit(kind, start, end, _padded(source, start, end, words[1]))


def _unary(source: Source, node: ast.UnaryOp) -> Iterator[Edit]:
    kind = _UNARY.get(type(node.op), "")
    start, end = source.span(node)
    if kind and end - start <= MAX_SPAN and not isinstance(node.operand, ast.Constant):
        operand = source.data[slice(*source.span(node.operand))].decode()
        yield Edit(kind, start, end, _padded(source, start, end, f"({operand})"))


def _constant(source: Source, node: ast.Constant | ast.JoinedStr) -> Iterator[Edit]:
    start, end = source.span(node)
    kind, other = ("text", '"X"') if isinstance(node, ast.JoinedStr) else _other(node.value)
    if other and end - start <= MAX_SPAN:
        yield Edit(kind, start, end, _padded(source, start, end, other))


def _other(value: object) -> tuple[str, str]:
    """The kind of fault, and another value as source; empty where there is none worth a try."""
    match value:
        case bool():
            return "constant", str(not value)
        case int() if value.bit_length() < _MAX_BITS:
            return "constant", str(value + 1)
        case float() if value + 1 != value:
            return "constant", repr(value + 1)
        case str():
            return "text", ascii(f"{value}X")
        case bytes():
            return "text", repr(value + b"X")
        case _:
            return "", ""


def _replaced(source: Source, kind: str, node: ast.expr, pattern: str) -> Iterator[Edit]:
    """Replaces an expression; `{}` stands for its own text."""
    start, end = source.span(node)
    if end - start <= MAX_SPAN:
        own = source.data[start:end].decode()
        yield Edit(kind, start, end, _padded(source, start, end, pattern.replace("{}", own, 1)))


def _removed(source: Source, node: ast.stmt) -> Iterator[Edit]:
    start, end = source.span(node)
    if end - start <= MAX_SPAN:
        yield Edit("statement", start, end, _padded(source, start, end, "pass", "None"))


def _padded(source: Source, start: int, end: int, text: str, bracketed: str = "") -> bytes:
    """The text with as many line ends as what it replaces: in brackets, where line ends mean nothing."""
    missing = source.data.count(b"\n", start, end) - text.count("\n")
    new = f"({bracketed or text}" + "\n" * missing + ")" if missing > 0 else text
    before, after = source.data[start - 1 : start], source.data[end : end + 1]
    left = " " if _WORD.match(before) and _WORD.match(new.encode()) else ""
    right = " " if _WORD.match(after) and _WORD.search(new.encode()[-1:]) else ""
    return f"{left}{new}{right}".encode()


def _stands_for_itself(value: ast.expr) -> bool:
    """Has a fault of its own kind already, or is a `yield`, without which a function is another thing."""
    return isinstance(value, ast.Constant | ast.JoinedStr | ast.Yield | ast.YieldFrom)
