"""Where in a module a fault tells something: not in annotations, docstrings and other words for people."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

_TYPING = {"TypeVar", "NewType", "ParamSpec", "TypeVarTuple", "NamedTuple", "namedtuple", "TypedDict", "cast"}
_LOGGERS = {"log", "logger", "logging", "_log", "_logger", "LOG", "LOGGER", "_LOG", "_LOGGER", "warnings"}
_MESSAGES = {"debug", "info", "warning", "warn", "error", "exception", "critical", "log"}
_COMPOUND = (
    ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.If, ast.For, ast.AsyncFor, ast.While, ast.With,
    ast.AsyncWith, ast.Try, ast.TryStar, ast.Match,
)  # fmt: skip


class Site(NamedTuple):
    """A node, and what is known of the place where it stands."""

    node: ast.AST
    lines: range
    """The lines of its statement; of a statement with a body those of its head."""
    quiet: bool

    @property
    def is_simple(self) -> bool:
        """A statement without a body, before which another one may stand in the same line."""
        return isinstance(self.node, ast.stmt) and not isinstance(self.node, _COMPOUND)


def sites(tree: ast.Module) -> Iterator[Site]:
    """All nodes in which a fault may be put, without recursion: the tree may be as deep as its writer likes."""
    waiting = [Site(node, range(0), quiet=False) for node in reversed(tree.body)]
    while waiting:
        node, lines, quiet = waiting.pop()
        if isinstance(node, ast.If) and _is_for_others(node.test):
            waiting.extend(Site(child, lines, quiet) for child in reversed(node.orelse))
            continue
        if _is_idle(node):
            continue
        lines = _lines(node, lines)
        quiet = quiet or _is_quiet(node)
        yield Site(node, lines, quiet)
        waiting.extend(Site(child, lines, quiet or muted) for child, muted in reversed(list(_below(node))))


def _lines(node: ast.AST, outer: range) -> range:
    """A statement's lines, as far as it is executed before what stands in its body."""
    first, last = getattr(node, "lineno", 0), getattr(node, "end_lineno", 0)
    match node:
        case ast.Match(subject=subject):
            last = subject.end_lineno or first
        case ast.match_case(pattern=pattern, body=[inner, *_]):
            first, last = pattern.lineno, max(inner.lineno - 1, pattern.lineno)
        case ast.stmt() | ast.ExceptHandler():
            first = min([first, *(decorator.lineno for decorator in getattr(node, "decorator_list", ()))])
            if body := getattr(node, "body", ()):
                last = max(body[0].lineno - 1, node.lineno)
        case _:
            return outer
    return range(first, last + 1)


def _is_idle(node: ast.AST) -> bool:
    """Nothing that a test could see depends on it: words, types, the names that a module tells of itself."""
    match node:
        case ast.Expr(value=ast.Constant()) | ast.Import() | ast.ImportFrom() | ast.Global() | ast.Nonlocal():
            return True
        case ast.FunctionDef(decorator_list=decorators) | ast.AsyncFunctionDef(decorator_list=decorators):
            return any(_name(decorator) == "overload" for decorator in decorators)
        case ast.Assign(value=ast.Call(func=function)) | ast.Call(func=function) if (
            _name(function) in _TYPING
        ):
            return True
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name.startswith("__") and name.endswith("__")
        case _:
            return type(node).__name__ in {"TypeAlias", "TypeVar", "ParamSpec", "TypeVarTuple"}


def _is_quiet(node: ast.AST) -> bool:
    match node:
        case ast.Assert():
            return True
        case ast.FunctionDef(name="__repr__"):
            return True
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Subscript() | ast.BinOp() | ast.Name()):
            return name[:1].isupper() and not name.isupper()  # the name of a type
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=owner, attr=name))):
            return name in _MESSAGES and _name(owner) in _LOGGERS
        case _:
            return False


def _below(node: ast.AST) -> Iterator[tuple[ast.AST, bool]]:
    """The children in which faults tell something, and whether little is to be expected there."""
    match node:
        case ast.JoinedStr():
            return  # before Python 3.12 what stands in an f-string has no exact place
        case ast.AnnAssign(value=value):
            yield from ((child, False) for child in (value,) if child is not None)
            return
        case ast.arg() | ast.keyword(arg="stacklevel"):
            return
        case ast.FunctionDef(returns=returned) | ast.AsyncFunctionDef(returns=returned):
            omitted = {id(returned)}
        case _:
            omitted = set[int]()
    muted = {id(child) for child in getattr(node, "decorator_list", ())}
    if isinstance(node, ast.Raise):
        muted |= {id(node.exc)}
    for child in ast.iter_child_nodes(node):
        if id(child) not in omitted:
            yield child, id(child) in muted


def _is_for_others(test: ast.expr) -> bool:
    """`if TYPE_CHECKING:` and `if __name__ == "__main__":`, whose bodies no test runs."""
    if isinstance(test, ast.Compare):
        test = test.left
    return _name(test) in {"TYPE_CHECKING", "__name__"}


def _name(node: ast.AST) -> str:
    """`c` for `c` and for `a.b.c`."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""
