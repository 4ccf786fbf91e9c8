"""Text that constants spell when Python puts them together: `"PYT" + "EST"`, `"".join([…])`, a decoded constant.

Only constants are put together, nothing is looked up, called or executed; size and steps are bounded, for the
code is hostile. What cannot be told is left as it stands.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from agent_gate.gating.folding_operations import (
    DECODERS,
    FUNCTIONS,
    UnknownError,
    combined,
    method,
    small,
    text,
)

_STEPS = 200_000
"""For one file, all of it together."""
_CHARACTERS = 16
"""So many characters or items count as one step."""
_DEPTH = 60


class Folded(ast.Constant):
    """A constant that stands for an expression of constants."""


class Folding(NamedTuple):
    """How many expressions were put together, and whether all of the file was looked at."""

    number: int
    is_whole: bool


def fold_texts(tree: ast.Module) -> Folding:
    """Puts a constant in place of every expression that spells a text.

    The tree itself is changed, from the outside in, so that the largest expression counts.
    """
    steps = _Steps(_constants(ast.walk(tree)))
    count = 0
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        for name, value in ast.iter_fields(node):
            items = value if isinstance(value, list) else [value]
            for index, item in enumerate(items):
                if not isinstance(item, ast.AST):
                    continue
                made = _in_place_of(item, steps)
                if made is item:
                    waiting.append(item)
                    continue
                count += 1
                if isinstance(value, list):
                    value[index] = made
                else:
                    setattr(node, name, made)
    return Folding(count, steps.left >= 0)


def spelled_texts(tree: ast.Module) -> Iterator[tuple[ast.expr, str]]:
    """The outermost expressions that spell a text, constants among them, each with what it spells; no names."""
    yield from _spelled(tree, _Steps(_constants(ast.walk(tree))))


def puts_together(nodes: Sequence[ast.AST]) -> bool:
    """Whether any text is put together, of all nodes of a tree; also where there is too much to say so."""
    steps = _Steps(_constants(nodes))
    for node in nodes:
        if isinstance(node, _MADE) and isinstance(steps.try_value(node), str | bytes):
            return True
    return steps.left < 0


def _spelled(tree: ast.Module, steps: _Steps) -> Iterator[tuple[ast.expr, str]]:
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, _FOLDABLE | ast.Constant) and not isinstance(node, ast.Name):
            value = steps.try_value(node)
            if isinstance(value, str | bytes):
                yield node, value if isinstance(value, str) else value.decode("latin-1")
                continue
        waiting.extend(ast.iter_child_nodes(node))


def _constants(nodes: Iterable[ast.AST]) -> Mapping[str, Any]:
    """What the names stand for that the file binds once, to a constant; others may be anything."""
    bound: Counter[str] = Counter()
    values: dict[str, ast.expr] = {}
    for node in nodes:
        reader = _BINDING.get(type(node))
        if reader is not None:
            bound.update(reader(node))
        elif isinstance(node, ast.Assign):
            if len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                values[node.targets[0].id] = node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            values[node.target.id] = node.value
    steps = _Steps({})
    found: dict[str, Any] = {}
    steps.names = found
    for name, value in values.items():
        if bound[name] == 1 and (known := steps.try_value(value)) is not None:
            found[name] = known
    return found


def _imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    return [alias.asname or alias.name.partition(".")[0] for alias in node.names]


_BINDING: Mapping[type[ast.AST], Callable[[Any], Iterable[str]]] = {
    ast.Name: lambda node: () if type(node.ctx) is ast.Load else (node.id,),
    ast.arg: lambda node: (node.arg,),
    ast.FunctionDef: lambda node: (node.name,),
    ast.AsyncFunctionDef: lambda node: (node.name,),
    ast.ClassDef: lambda node: (node.name,),
    ast.Import: _imported,
    ast.ImportFrom: _imported,
    ast.ExceptHandler: lambda node: (node.name or "",),
    ast.MatchAs: lambda node: (node.name or "",),
    ast.MatchStar: lambda node: (node.name or "",),
    ast.MatchMapping: lambda node: (node.rest or "",),
}
"""The names that a node binds."""


def _in_place_of(node: ast.AST, steps: _Steps) -> ast.AST:
    """A constant for what spells a text, else the node itself."""
    if not isinstance(node, _FOLDABLE) or isinstance(getattr(node, "ctx", None), ast.Store | ast.Del):
        return node
    value = steps.try_value(node)
    return ast.copy_location(Folded(value), node) if isinstance(value, str | bytes) else node


@dataclass
class _Steps:
    """Works out what expressions come to, and counts."""

    names: Mapping[str, Any]
    left: int = _STEPS
    known: dict[int, Any] = field(default_factory=dict)
    """By identity of the node, which lives as long as the tree: no expression is worked out twice."""

    def try_value(self, node: ast.expr) -> Any:
        """The value, or None where it cannot be told."""
        try:
            return self.value(node, {}, 0)
        except (UnknownError, ValueError, TypeError, AttributeError, LookupError, ArithmeticError):
            return None

    def value(self, node: ast.expr, local: Mapping[str, Any], depth: int) -> Any:
        """The value. Raises UnknownError, or what the operation itself raises."""
        if local:
            return self._worked_out(node, local, depth)
        key = id(node)
        if key not in self.known:
            self.known[key] = UnknownError
            self.known[key] = self._worked_out(node, local, depth)
        if self.known[key] is UnknownError:
            raise UnknownError
        return self.known[key]

    def _worked_out(self, node: ast.expr, local: Mapping[str, Any], depth: int) -> Any:
        self.left -= 1
        reader = _READERS.get(type(node))
        if reader is None or depth > _DEPTH or self.left < 0:
            raise UnknownError
        value = small(reader(self, node, local, depth + 1))
        if not isinstance(value, int):
            self.left -= len(value) // _CHARACTERS
        return value

    def constant(self, node: ast.Constant, _: Mapping[str, Any], __: int) -> Any:
        """Texts, bytes, whole numbers, truth values."""
        if isinstance(node.value, str | bytes | int):
            return node.value
        raise UnknownError

    def name(self, node: ast.Name, local: Mapping[str, Any], _: int) -> Any:
        """A name that is bound once."""
        if node.id in local:
            return local[node.id]
        if node.id in self.names:
            return self.names[node.id]
        raise UnknownError

    def items(self, node: ast.List | ast.Tuple, local: Mapping[str, Any], depth: int) -> Any:
        """A list or tuple of values."""
        values = [self.value(item, local, depth) for item in node.elts]
        return values if isinstance(node, ast.List) else tuple(values)

    def unary(self, node: ast.UnaryOp, local: Mapping[str, Any], depth: int) -> Any:
        """A number with a minus or a tilde."""
        value = self.value(node.operand, local, depth)
        if not isinstance(value, int) or isinstance(node.op, ast.Not):
            raise UnknownError
        if isinstance(node.op, ast.UAdd):
            return value
        return -value if isinstance(node.op, ast.USub) else ~value

    def binary(self, node: ast.BinOp, local: Mapping[str, Any], depth: int) -> Any:
        """Sums of texts and lists, formatted texts, arithmetic of small numbers.

        A long sum leans to the left: it is walked from its first part on, and each part of it is worked out once.
        """
        spine = [node]
        while isinstance(spine[-1].left, ast.BinOp) and (local or id(spine[-1].left) not in self.known):
            spine.append(spine[-1].left)
            if not local:
                self.known[id(spine[-1])] = UnknownError
        value = self.value(spine[-1].left, local, depth)
        for part in reversed(spine):
            self.left -= 1
            value = small(combined(part.op, value, self.value(part.right, local, depth)))
            if not local:
                self.known[id(part)] = value
        return value

    def joined(self, node: ast.JoinedStr, local: Mapping[str, Any], depth: int) -> str:
        """A text with braces in which only constants stand."""
        parts: list[str] = []
        for part in node.values:
            plain = isinstance(part, ast.FormattedValue) and part.format_spec is None
            if isinstance(part, ast.FormattedValue) and not (plain and part.conversion in {-1, ord("s")}):
                raise UnknownError
            value = part.value if isinstance(part, ast.FormattedValue) else part
            parts.append(text(self.value(value, local, depth)))
        return "".join(parts)

    def subscript(self, node: ast.Subscript, local: Mapping[str, Any], depth: int) -> Any:
        """One item or a slice."""
        value = self.value(node.value, local, depth)
        if not isinstance(value, str | bytes | list | tuple):
            raise UnknownError
        if isinstance(node.slice, ast.Slice):
            edges = (node.slice.lower, node.slice.upper, node.slice.step)
            return value[slice(*(None if edge is None else self.value(edge, local, depth) for edge in edges))]
        return value[self.value(node.slice, local, depth)]

    def comprehension(
        self, node: ast.ListComp | ast.GeneratorExp, local: Mapping[str, Any], depth: int
    ) -> list[Any]:
        """`chr(c ^ 7) for c in b"…"`."""
        (loop, *more) = node.generators
        if more or loop.ifs or loop.is_async or not isinstance(loop.target, ast.Name):
            raise UnknownError
        over = self.value(loop.iter, local, depth)
        if not isinstance(over, str | bytes | list | tuple):
            raise UnknownError
        return [self.value(node.elt, {**local, loop.target.id: item}, depth) for item in over]

    def call(self, node: ast.Call, local: Mapping[str, Any], depth: int) -> Any:
        """A method of a text, or one of a few functions."""
        if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
            raise UnknownError
        function = node.func
        name = _dotted(function)
        if name == "map" and len(node.args) == 2:
            called = FUNCTIONS.get(_dotted(node.args[0]))
            over = self.value(node.args[1], local, depth)
            if called is None or not isinstance(over, str | bytes | list | tuple):
                raise UnknownError
            return [called(item) for item in over]
        made = FUNCTIONS.get(name) or DECODERS.get(name.rpartition(".")[2] if "." in name else name)
        if made is None and isinstance(function, ast.Attribute):
            owner = self.value(function.value, local, depth)
            return method(owner, function.attr, [self.value(a, local, depth) for a in node.args])
        if made is None:
            raise UnknownError
        return made(*(self.value(argument, local, depth) for argument in node.args))


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return ""


_FOLDABLE = ast.BinOp | ast.JoinedStr | ast.Subscript | ast.Call | ast.Name
_MADE = ast.BinOp | ast.JoinedStr | ast.Subscript | ast.Call
_READERS: Mapping[type[ast.expr], Callable[..., Any]] = {
    ast.Constant: _Steps.constant,
    ast.Name: _Steps.name,
    ast.List: _Steps.items,
    ast.Tuple: _Steps.items,
    ast.UnaryOp: _Steps.unary,
    ast.BinOp: _Steps.binary,
    ast.JoinedStr: _Steps.joined,
    ast.Subscript: _Steps.subscript,
    ast.ListComp: _Steps.comprehension,
    ast.GeneratorExp: _Steps.comprehension,
    ast.Call: _Steps.call,
}
