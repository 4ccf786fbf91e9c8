"""What Python source says about itself: what it imports, which tests it holds. It is parsed, never run."""

from __future__ import annotations

import ast
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from agent_gate.syntax import parse_python

_MOST_PARTS = 16
_MOST_BASES = 16
"""So many classes that a class inherits from are looked at."""


@lru_cache(maxsize=64)
def parsed(text: str) -> ast.Module | None:
    """The syntax tree; None for what Python cannot parse."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an invalid escape in somebody's file is not our warning
            return parse_python(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def imported_modules(text: str) -> dict[str, int]:
    """Each name that is imported, in full, with the first line: `from a import b` is `a.b`.

    The standard library counts here; relative imports do not.
    """
    found: dict[str, int] = {}
    tree = parsed(text)
    for node in every_statement(tree) if tree else ():
        for name, line in _imported(node):
            found[name] = min(found.get(name, line), line)
    return dict(sorted(found.items(), key=lambda item: (item[1], item[0])))


def imported_packages(text: str) -> dict[str, int]:
    """The top-level packages that are imported, with the first line, without the standard library."""
    found: dict[str, int] = {}
    for name, line in imported_modules(text).items():
        top = name.partition(".")[0]
        if top not in sys.stdlib_module_names:
            found.setdefault(top, line)
    return found


def test_ids(text: str) -> frozenset[str]:
    """The tests as pytest names them by default: `test_a`, `TestX`, `TestX::test_b`.

    A test under a condition counts: whether it runs is seen when it runs. So does one of a
    `unittest.TestCase`, whatever the class is called, and one that a class of the same file inherits.
    """
    return frozenset(test_lines(text))


test_ids.__test__ = False  # type: ignore[attr-defined]  # pytest would collect it where it is imported


def test_lines(text: str) -> dict[str, int]:
    """The same tests, each with its first line."""
    tree = parsed(text)
    return dict(_test_ids(tree.body, "", {})) if tree else {}


test_lines.__test__ = False  # type: ignore[attr-defined]


def may_hold_test(text: str, test: str) -> bool:
    """Whether a test of that name can be in the file: False only where it certainly is not.

    A test may be bound by an assignment or an import, or be inherited from a class of another file.
    Parameters (`test_a[3]`) are passed over. A file that cannot be parsed holds no test.
    """
    tree = parsed(text)
    name = test.partition("[")[0]
    if tree is None or not name:
        return False
    body = tree.body
    *classes, last = name.split("::")
    for part in classes:
        found = next((n for n in statements(body) if isinstance(n, ast.ClassDef) and n.name == part), None)
        if found is None:
            return part in _bound(body) or "*" in _bound(body)
        if any(getattr(base, "id", "") not in _class_names(tree.body) for base in found.bases):
            return True
        body = found.body
    bound = _bound(body)
    return name in test_ids(text) or "*" in bound or (last.lower().startswith("test") and last in bound)


def is_test_file(path: str) -> bool:
    """Whether the path is one of tests: by its name, or below a folder for tests."""
    *folders, name = path.split("/")
    stem = name.removesuffix(".py")
    return (
        stem.startswith("test_")
        or stem.endswith("_test")
        or stem in {"conftest", "tests"}
        or not {"tests", "test"}.isdisjoint(folders)
    )


def _imported(node: ast.AST) -> Iterator[tuple[str, int]]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield alias.name, node.lineno
    elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
        for alias in node.names:
            yield (node.module if alias.name == "*" else f"{node.module}.{alias.name}"), node.lineno


def _test_ids(
    body: Iterable[ast.stmt], prefix: str, outer: Mapping[str, ast.ClassDef]
) -> Iterator[tuple[str, int]]:
    known = dict(outer) | {node.name: node for node in statements(body) if isinstance(node, ast.ClassDef)}
    yield from _test_functions(body, prefix)
    for node in statements(body):
        if isinstance(node, ast.ClassDef):
            line = _with_bases(node, known)
            if node.name.startswith("Test") or any(_is_test_case(each) for each in line):
                yield f"{prefix}{node.name}", node.lineno
                yield from _test_ids(node.body, f"{prefix}{node.name}::", known)
                for base in line[1:]:
                    yield from _test_functions(base.body, f"{prefix}{node.name}::")


def _test_functions(body: Iterable[ast.stmt], prefix: str) -> Iterator[tuple[str, int]]:
    for node in statements(body):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
            yield f"{prefix}{node.name}", node.lineno


def _with_bases(node: ast.ClassDef, known: Mapping[str, ast.ClassDef]) -> list[ast.ClassDef]:
    """The class and those of the same file that it inherits from."""
    found = [node]
    for each in found:
        bases = (known.get(last_name(base)) for base in each.bases)
        found.extend(base for base in bases if base is not None and base not in found)
        if len(found) > _MOST_BASES:
            break
    return found


def _is_test_case(node: ast.ClassDef) -> bool:
    return any(last_name(base).endswith("TestCase") for base in node.bases)


def last_name(node: ast.AST) -> str:
    """The last part of a dotted name: `path` of `app.path`; empty for what is no name."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def dotted_name(node: ast.AST | None) -> str:
    """`api.orders.router` as text; empty for any other expression, and for absurdly many parts."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute) and len(parts) < _MOST_PARTS:
        parts.append(node.attr)
        node = node.value
    return ".".join((node.id, *reversed(parts))) if isinstance(node, ast.Name) else ""


def every_statement(root: ast.Module) -> Iterator[ast.stmt]:
    """All statements of a file, those in functions and classes too, in no order. Expressions are not entered."""
    waiting: list[ast.AST] = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.stmt):
            yield node
        for block in ("body", "orelse", "finalbody", "handlers", "cases"):
            waiting.extend(getattr(node, block, ()))


def statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of one scope, those in `if`, `with`, `try` and loops too."""
    waiting = list(body)[::-1]
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            blocks = [inner for child in ast.iter_child_nodes(node) for inner in _block(child)]
            waiting.extend(reversed(blocks))


def _block(child: ast.AST) -> list[ast.stmt]:
    if isinstance(child, ast.stmt):
        return [child]
    return child.body if isinstance(child, ast.ExceptHandler | ast.match_case) else []


def _class_names(body: Iterable[ast.stmt]) -> set[str]:
    return {"object"} | {node.name for node in statements(body) if isinstance(node, ast.ClassDef)}


def _bound(body: Iterable[ast.stmt]) -> set[str]:
    """The names that a scope binds by assignment or import; `*` where an import brings unknown ones."""
    found: set[str] = set()
    for node in statements(body):
        if isinstance(node, ast.Import | ast.ImportFrom):
            found |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    return found
