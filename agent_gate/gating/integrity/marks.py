"""What stands at a test: marks that may skip it, and the table of its cases."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from agent_gate.gating.integrity.places import Function
from agent_gate.gating.integrity.shapes import Bindings, Shape, called_name, shape
from agent_gate.gating.integrity.source import Source, dotted

_SKIPS = frozenset({"skip", "skipif", "xfail", "skipIf", "skipUnless", "expectedFailure", "SkipTest"})
_CALLS = frozenset(
    {"pytest.skip", "pytest.xfail", "pytest.importorskip", "unittest.SkipTest", "unittest.skip"}
)
_HARMLESS = frozenset({
    "parametrize", "fixture", "usefixtures", "filterwarnings", "patch", "object", "dict", "multiple", "given", "settings",
    "example", "seed", "reproduce_failure", "note", "asyncio", "anyio", "trio", "tryfirst", "override_settings",
    "modify_settings", "tag", "freeze_time", "activate", "data", "unpack", "ddt", "expand", "parameterized", "staticmethod",
    "classmethod", "inlineCallbacks", "wraps", "benchmark", "timeout", "flaky", "xdist_group", "pytest_asyncio", "django_db",
    "requires", "overload", "override", "final", "mock_aws", "use_cassette", "respx_mock", "image_comparison", "gen_test",
    "unittest_run_loop", "runs_in_hwfilter", "deferred", "vcr", "rule", "invariant", "initialize", "precondition",
})  # fmt: skip
_HARMLESS_HEADS = (
    "pytest.mark.",
    "hypothesis.",
    "unittest.mock.",
    "mock.",
    "responses.",
    "respx.",
    "django.",
)


class Case(NamedTuple):
    """One row of a table of cases."""

    values: tuple[str, ...]
    """The shapes of its values, in the order of the table."""
    skips: bool
    """Marked so that it may be skipped or fail."""
    line: int
    text: str
    constants: frozenset[str]
    given: tuple[tuple[str, Shape], ...] = ()
    """Each parameter with its value, where the test has this one table."""


Marks = Mapping[str, ast.Call | ast.Attribute]


def module_marks(source: Source) -> Marks:
    """Names that the module gives to a mark: `windows = pytest.mark.skipif(…)`."""
    return {
        target.id: node.value
        for node in source.tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Call | ast.Attribute)
        and _is_skip(source, node.value)
        for target in node.targets
        if isinstance(target, ast.Name) and target.id != "pytestmark"
    }


def skips(source: Source, decorators: list[ast.expr], body: list[ast.stmt], marks: Marks) -> dict[str, int]:
    """What may skip a function, a class or a module, in a form without the reason; each with its line."""
    found: dict[str, int] = {}
    for decorator in decorators:
        mark = _resolved(decorator, marks)
        if _is_skip(source, mark):
            found.setdefault(_normal(mark), decorator.lineno)
        elif _is_unknown(source, mark):
            found.setdefault(f"decorator {_normal(mark)}", decorator.lineno)
    for node in body:
        names = {dotted(target) for target in node.targets} if isinstance(node, ast.Assign) else set()
        if isinstance(node, ast.Assign) and "pytestmark" in names:
            listed = node.value.elts if isinstance(node.value, ast.List | ast.Tuple) else [node.value]
            meant = (_resolved(mark, marks) for mark in listed)
            found |= {_normal(mark): node.lineno for mark in meant if _is_skip(source, mark)}
        elif isinstance(node, ast.Assign) and "__test__" in names:
            found.setdefault(f"__test__ = {_normal(node.value)}", node.lineno)
        for call, under in _skipping_calls(source, node):
            found.setdefault(f"{under}{_normal(call)}", call.lineno)
    return found


def cases(
    source: Source, function: Function, tables: Mapping[str, ast.expr], names: Bindings
) -> tuple[tuple[Case, ...], frozenset[str]]:
    """The rows of a test's tables, and the names of the parameters that they give values to."""
    rows: list[Case] = []
    parameters: list[str] = []
    tables_seen = 0
    for decorator in function.decorator_list:
        if not (
            isinstance(decorator, ast.Call) and called_name(decorator) in {"parametrize", "expand", "data"}
        ):
            continue
        values = _argument(decorator, 1, "argvalues") if called_name(decorator) == "parametrize" else None
        named = _parameters(_argument(decorator, 0, "argnames"))
        parameters += named
        tables_seen += 1
        table = values if values is not None else ast.List(decorator.args)
        table = tables.get(dotted(table), table)
        rows += _rows(source, table, names, decorator, named)
    if tables_seen > 1:
        rows = [row._replace(given=()) for row in rows]
    return tuple(rows), frozenset(parameters)


def _rows(
    source: Source, table: ast.expr, names: Bindings, decorator: ast.Call, named: list[str]
) -> Iterator[Case]:
    if not isinstance(table, ast.List | ast.Tuple | ast.Set):
        said = shape(table, names)
        yield Case(
            (said.text,), False, decorator.lineno, source.line(decorator.lineno).strip(), said.constants
        )
        return
    for item in table.elts:
        line = getattr(item, "lineno", decorator.lineno)
        is_param = isinstance(item, ast.Call) and called_name(item) == "param"
        values = (
            item.args
            if is_param and isinstance(item, ast.Call)
            else item.elts
            if isinstance(item, ast.Tuple)
            else [item]
        )
        found = [shape(value, names) for value in values]
        marked = (
            [k.value for k in item.keywords if k.arg == "marks"]
            if is_param and isinstance(item, ast.Call)
            else []
        )
        marks = [
            m
            for value in marked
            for m in (value.elts if isinstance(value, ast.List | ast.Tuple) else [value])
        ]
        text = " ".join(source.excerpt(line, getattr(item, "end_lineno", line) or line).split())
        yield Case(
            tuple(each.text for each in found),
            any(_is_skip(source, mark) for mark in marks),
            line,
            text[:200],
            frozenset().union(*(each.constants for each in found)),
            tuple(zip(named, found, strict=True)) if len(named) == len(found) else (),
        )


def _argument(call: ast.Call, position: int, name: str) -> ast.expr | None:
    if len(call.args) > position:
        return call.args[position]
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


def _parameters(node: ast.expr | None) -> list[str]:
    """The names of a table's columns, in their order."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [name.strip() for name in node.value.split(",") if name.strip()]
    items = node.elts if isinstance(node, ast.List | ast.Tuple) else []
    return [str(item.value) for item in items if isinstance(item, ast.Constant)]


def _resolved(node: ast.expr, marks: Marks) -> ast.expr:
    return marks.get(dotted(node.func if isinstance(node, ast.Call) else node), node)


def _is_skip(source: Source, node: ast.expr) -> bool:
    called = node.func if isinstance(node, ast.Call) else node
    name = source.name(called) or dotted(called)
    return name.rpartition(".")[2] in _SKIPS and name != "SkipTest"


def _is_unknown(source: Source, node: ast.expr) -> bool:
    """A decorator that may do anything with the test; those of well-known libraries do no harm."""
    called = node.func if isinstance(node, ast.Call) else node
    name = source.name(called) or dotted(called)
    return not (
        name.startswith(_HARMLESS_HEADS)
        or name.rpartition(".")[2] in _HARMLESS
        or any(p in _HARMLESS for p in name.split("."))
    )


def _normal(node: ast.expr) -> str:
    """A mark without its reason: who rewords that skips nothing new."""
    if isinstance(node, ast.Call):
        plain = [k for k in node.keywords if k.arg not in {"reason", "msg"}]
        name = called_name(node)
        arguments = (
            []
            if name in {"skip", "SkipTest", "skipTest"}
            else node.args[:1]
            if name.startswith("skip")
            else node.args
        )
        return shape(ast.Call(node.func, arguments, plain), {}).text
    return shape(ast.Call(node, [], []), {}).text


def _skipping_calls(source: Source, node: ast.stmt) -> Iterator[tuple[ast.Call, str]]:
    """Calls that skip from within, those under a condition too, with the condition; not those in functions in it."""
    waiting: list[tuple[ast.AST, str]] = [(node, "")]
    while waiting:
        current, under = waiting.pop()
        if isinstance(current, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            continue
        if isinstance(current, ast.Call) and _skips(source, current):
            yield current, under
        if isinstance(current, ast.If):
            condition = f"if {_condition(current.test).text}: "
            waiting.extend((child, condition) for child in (*current.body, *current.orelse))
            waiting.append((current.test, under))
        else:
            waiting.extend((child, under) for child in ast.iter_child_nodes(current))


def _condition(test: ast.expr) -> Shape:
    return shape(test, {})


def _skips(source: Source, call: ast.Call) -> bool:
    name = source.name(call.func)
    return name in _CALLS or called_name(call) == "skipTest"
