"""Objects that are equal to everything: an assertion about them holds whatever the code does."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from agent_gate.domain.gate import Level
from agent_gate.gating.integrity.constancy import own_nodes, returned, truth
from agent_gate.gating.integrity.shapes import called_name
from agent_gate.gating.integrity.sign import Sign
from agent_gate.gating.integrity.source import Source, dotted, text_of

RULE = "constant-comparison"
_COMPARING = frozenset({"__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__contains__", "__instancecheck__", "__subclasscheck__"})  # fmt: skip
_EQUALITY = frozenset({"__eq__", "__ne__"})
_BLOCKING = frozenset({"__eq__", "__ne__", "__bool__"})
_VALUES = frozenset(
    {"int", "float", "str", "bytes", "list", "tuple", "dict", "set", "frozenset", "complex", "Decimal"}
)
_MOST = 50
_SETTING = frozenset({"setattr", "__setattr__", "__init__", "update"})
_Body = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


class _Method(NamedTuple):
    """A special method, wherever it is defined."""

    name: str
    body: _Body | None
    """None where what it does stands elsewhere."""
    line: int
    is_sentinel: bool = False
    """Of a value that stands for nothing."""
    is_value: bool = False
    """Of a kind of number, text or collection."""
    is_late: bool = False
    """Put in at run time: assigned, or in the table that `type(…)` is given."""


def signs(source: Source, *, is_test: bool) -> Iterator[Sign]:
    """Comparisons and truth values that depend on nothing; in tests they only ask (a matcher may be meant)."""
    yield from _same_fields(source, is_test=is_test)
    if not source.words & (_COMPARING | _BLOCKING):
        return
    for method in _methods(source):
        name, line = method.name, method.line
        said = _constant(name, method.body) if method.body else None
        if name == "__bool__" and said == "False" and (method.is_sentinel or is_test):
            continue
        if said is not None:
            level: Level = "ask" if is_test or name not in _BLOCKING else "block"
            message = f"{name} always answers {said}: an assertion about such an object holds or fails whatever the code does"
            yield Sign(RULE, line, source.line(line), message, level, detail=name)
        elif name in _EQUALITY and not is_test and (doubt := _doubt(method)):
            message = f"{name} {doubt}: look at what is equal now that was not before"
            yield Sign(RULE, line, source.line(line), message, detail=f"{name} {doubt}")


def _same_fields(source: Source, *, is_test: bool) -> Iterator[Sign]:
    """A data class of which no field is compared: all its objects are equal."""
    if source.words.isdisjoint({"compare", "eq"}):
        return
    for node in source.nodes:
        if not isinstance(node, ast.ClassDef) or not node.decorator_list or node.bases:
            continue
        fields = [each for each in node.body if isinstance(each, ast.AnnAssign)]
        if fields and all(_is_left_out(each.value) for each in fields) and not _defines_equality(node):
            message = f"no field of {node.name!r} is compared, so all its objects are equal: an assertion about one holds whatever it is"
            yield Sign(
                RULE,
                node.lineno,
                source.line(node.lineno),
                message,
                "ask" if is_test else "block",
                detail="compare=False",
            )


def _is_left_out(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Call) and any(
        keyword.arg in {"compare", "eq"}
        and isinstance(keyword.value, ast.Constant)
        and keyword.value.value is False
        for keyword in value.keywords
    )


def _defines_equality(node: ast.ClassDef) -> bool:
    """By a method, or `eq=False` for the class: then identity counts."""
    own = any(isinstance(each, ast.FunctionDef) and each.name == "__eq__" for each in node.body)
    return own or any(_is_left_out(decorator) for decorator in node.decorator_list)


def _doubt(method: _Method) -> str:
    """Why a reader of the class would not expect what is equal."""
    if method.is_late:
        return "is put in at run time, where nobody looks for it"
    body = method.body
    if body is None:
        return ""
    if _ignores(body, 0) and (method.is_value or _is_about_any_value(body)):
        return "never looks at the value that it belongs to"
    return "changes what it compares" if _changes(body) else ""


def _is_about_any_value(body: _Body) -> bool:
    """`isinstance(other, (int, float))`: of values that are no objects of the class."""
    return any(isinstance(node, ast.Name) and node.id in _VALUES for node in own_nodes(body))


def _changes(body: _Body) -> bool:
    """One of the two takes something over from the other, and is equal then."""
    both = {argument.arg for argument in (*body.args.posonlyargs, *body.args.args)[:2]}
    for node in own_nodes(body):
        if isinstance(node, ast.Assign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            owners = {
                dotted(target).partition(".")[0] for target in targets if isinstance(target, ast.Attribute)
            }
        elif isinstance(node, ast.Call) and dotted(node.func).rpartition(".")[2] in _SETTING:
            owners = {dotted(each) for each in node.args[:1]} | {dotted(node.func).partition(".")[0]}
        else:
            continue
        named = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
        if owners & both and both <= named:
            return True
    return False


def _methods(source: Source) -> Iterator[_Method]:
    """All definitions of the special methods: in a class, assigned, or in the table that `type(…)` is given."""
    functions = {n.name: n for n in source.nodes if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}
    own: set[int] = set()
    for node in source.nodes:
        if isinstance(node, ast.ClassDef):
            kinds = _is_sentinel(node), _is_value(node)
            for item in own_nodes(node):
                own.add(id(item))
                if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef) and _is_special(item.name):
                    yield _Method(item.name, item, item.lineno, *kinds)
        for name, value in _assigned(node):
            body = value if isinstance(value, ast.Lambda) else functions.get(dotted(value))
            if _is_special(name) and not _is_inherited(value):
                yield _Method(name, body, value.lineno, is_late=id(node) not in own)


def _is_inherited(value: ast.expr) -> bool:
    """`__eq__ = object.__eq__`, `__ne__ = None`: what the class has from elsewhere, or has no more."""
    return isinstance(value, ast.Constant) or dotted(value).rpartition(".")[2] in _COMPARING


def _assigned(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """`Number.__eq__ = f`, `{"__eq__": f}`, `dict(__eq__=f)`, `setattr(Number, "__eq__", f)`."""
    if isinstance(node, ast.Assign):
        yield from ((dotted(target).rpartition(".")[2], node.value) for target in node.targets)
    elif isinstance(node, ast.Dict):
        yield from ((text_of(key) or "", value) for key, value in zip(node.keys, node.values, strict=True))
    elif isinstance(node, ast.Call) and len(node.args) == 3 and called_name(node) in _SETTING:
        yield text_of(node.args[1]) or "", node.args[2]
    elif isinstance(node, ast.Call) and dotted(node.func).rpartition(".")[2] in {
        "type",
        "dict",
        "update",
        "make_class",
    }:
        yield from ((keyword.arg or "", keyword.value) for keyword in node.keywords)


def _is_special(name: str) -> bool:
    return name in _COMPARING or name == "__bool__"


def _is_sentinel(node: ast.ClassDef) -> bool:
    """A class of special methods only, and no kind of number, text or collection: it stands for "nothing"."""
    methods = (n.name for n in node.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    return not _is_value(node) and all(name.startswith("__") and name.endswith("__") for name in methods)


def _is_value(node: ast.ClassDef) -> bool:
    return bool({dotted(base).rpartition(".")[2] for base in node.bases} & _VALUES)


def _constant(name: str, body: _Body) -> str | None:
    """`True` or `False` where the method answers nothing else, whatever it is compared with."""
    values = returned(body)
    answers = {_answer(_of_two(value, body) if value is not None else None) for value in values}
    if len(answers) == 1 and (only := answers.pop()) in {"True", "False"}:
        return only
    return "the same" if name in {"__eq__", "__ne__"} and _ignores_other(body, values) else None


def _of_two(value: ast.expr, body: _Body) -> ast.expr:
    """The answer for two different objects: `a is not b` is true of them. One object is equal to itself anyway."""
    both = {argument.arg for argument in (*body.args.posonlyargs, *body.args.args)[:2]}
    if isinstance(value, ast.BoolOp):
        return ast.BoolOp(value.op, [_of_two(each, body) for each in value.values[:_MOST]])
    if isinstance(value, ast.Compare) and len(value.ops) == 1 and isinstance(value.ops[0], ast.IsNot):
        sides = {dotted(value.left), dotted(value.comparators[0])}
        return ast.Constant(True) if sides == both else value
    return value


def _answer(value: ast.expr | None) -> str:
    if value is None:
        return "nothing"  # a stub, or a method that only raises
    known = truth(value)
    if isinstance(value, ast.Constant) and value.value is ...:
        return "nothing"
    return "?" if known is None else str(known)


def _ignores_other(body: _Body, values: list[ast.expr | None]) -> bool:
    """An equality that never looks at what it is compared with; one that only raises or defers is none."""
    meant = [value for value in values if value is not None and dotted(value) != "NotImplemented"]
    if not meant or any(_delegates(value) for value in meant):
        return False
    return _ignores(body, 1)


def _ignores(body: _Body, position: int) -> bool:
    """Whether a method never looks at one of its arguments."""
    arguments = [*body.args.posonlyargs, *body.args.args]
    if len(arguments) < 2 or body.args.vararg:
        return False
    name = arguments[position].arg
    return not any(isinstance(n, ast.Name) and n.id == name for n in own_nodes(body))


def _delegates(value: ast.expr) -> bool:
    """`self._raise()`, or a comparison that is handed to something else with all arguments."""
    return isinstance(value, ast.Call | ast.Await)
