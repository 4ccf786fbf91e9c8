"""Objects that are equal to everything: an assertion about them holds whatever the code does."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from agent_gate.domain.gate import Level
from agent_gate.gating.integrity.constancy import own_nodes, returned, truth
from agent_gate.gating.integrity.sign import Sign
from agent_gate.gating.integrity.source import Source, dotted, text_of

RULE = "constant-comparison"
_COMPARING = frozenset({"__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__contains__", "__instancecheck__", "__subclasscheck__"})  # fmt: skip
_BLOCKING = frozenset({"__eq__", "__ne__", "__bool__"})
_VALUES = frozenset(
    {"int", "float", "str", "bytes", "list", "tuple", "dict", "set", "frozenset", "complex", "Decimal"}
)
_Body = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def signs(source: Source, *, is_test: bool) -> Iterator[Sign]:
    """Comparisons and truth values that depend on nothing; in tests they only ask (a matcher may be meant)."""
    if not source.words & (_COMPARING | _BLOCKING):
        return
    for name, body, line, is_sentinel in _methods(source):
        said = _constant(name, body)
        if said is None or (name == "__bool__" and said == "False" and (is_sentinel or is_test)):
            continue
        level: Level = "ask" if is_test or name not in _BLOCKING else "block"
        message = f"{name} always answers {said}: an assertion about such an object holds or fails whatever the code does"
        yield Sign(RULE, line, source.line(line), message, level, detail=name)


def _methods(source: Source) -> Iterator[tuple[str, _Body, int, bool]]:
    """All definitions of the special methods: in a class, assigned, or in the table that `type(…)` is given.

    The last part tells whether the class is a mere sentinel, a value that stands for nothing.
    """
    functions = {n.name: n for n in source.nodes if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}
    for node in source.nodes:
        if isinstance(node, ast.ClassDef):
            is_sentinel = _is_sentinel(node)
            for item in own_nodes(node):
                if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef) and _is_special(item.name):
                    yield item.name, item, item.lineno, is_sentinel
        for name, value in _assigned(node):
            body = value if isinstance(value, ast.Lambda) else functions.get(dotted(value))
            if _is_special(name) and body is not None:
                yield name, body, value.lineno, False


def _assigned(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """`Number.__eq__ = f`, `{"__eq__": f}`, `setattr(Number, "__eq__", f)`."""
    if isinstance(node, ast.Assign):
        yield from ((dotted(target).rpartition(".")[2], node.value) for target in node.targets)
    elif isinstance(node, ast.Dict):
        yield from ((text_of(key) or "", value) for key, value in zip(node.keys, node.values, strict=True))
    elif isinstance(node, ast.Call) and len(node.args) == 3:
        yield text_of(node.args[1]) or "", node.args[2]


def _is_special(name: str) -> bool:
    return name in _COMPARING or name == "__bool__"


def _is_sentinel(node: ast.ClassDef) -> bool:
    """A class of special methods only, and no kind of number, text or collection: it stands for "nothing"."""
    methods = (n.name for n in node.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    values = {dotted(base).rpartition(".")[2] for base in node.bases} & _VALUES
    return not values and all(name.startswith("__") and name.endswith("__") for name in methods)


def _constant(name: str, body: _Body) -> str | None:
    """`True` or `False` where the method answers nothing else, whatever it is compared with."""
    values = returned(body)
    answers = {_answer(value) for value in values}
    if len(answers) == 1 and (only := answers.pop()) in {"True", "False"}:
        return only
    return "the same" if name in {"__eq__", "__ne__"} and _ignores_other(body, values) else None


def _answer(value: ast.expr | None) -> str:
    if value is None:
        return "nothing"  # a stub, or a method that only raises
    known = truth(value)
    if isinstance(value, ast.Constant) and value.value is ...:
        return "nothing"
    return "?" if known is None else str(known)


def _ignores_other(body: _Body, values: list[ast.expr | None]) -> bool:
    """An equality that never looks at what it is compared with; one that only raises or defers is none."""
    arguments = [*body.args.posonlyargs, *body.args.args]
    if len(arguments) < 2 or body.args.vararg:
        return False
    meant = [value for value in values if value is not None and dotted(value) != "NotImplemented"]
    if not meant or any(_delegates(value) for value in meant):
        return False
    other = arguments[1].arg
    return not any(isinstance(n, ast.Name) and n.id == other for n in own_nodes(body))


def _delegates(value: ast.expr) -> bool:
    """`self._raise()`, or a comparison that is handed to something else with all arguments."""
    return isinstance(value, ast.Call | ast.Await)
