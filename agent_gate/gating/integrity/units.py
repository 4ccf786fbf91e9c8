"""The tests of a file, as values: what each asserts, when it is skipped, and with which cases it runs."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from agent_gate.gating.integrity.assertions import Assertion
from agent_gate.gating.integrity.marks import Case, cases, module_marks, skips
from agent_gate.gating.integrity.places import Function
from agent_gate.gating.integrity.reach import reached
from agent_gate.gating.integrity.shapes import Shape, called_name, shape
from agent_gate.gating.integrity.source import Source
from agent_gate.gating.integrity.standard_names import standard_names

_MOST_TESTS = 5000
"""Of one file; a longer one is examined so far, and `beyond` tells it."""
_MOST_ROWS = 300
"""Of one table; what further rows claim is not spelled out."""


@dataclass(frozen=True)
class Unit:
    """A test function, or a function of the test side that asserts something for tests."""

    path: str
    qualified: str
    """`TestOrders.test_total`."""
    function: Function
    source: Source
    assertions: tuple[Assertion, ...]
    skips: Mapping[str, int]
    """What may skip it: line of the mark by its normal form."""
    cases: tuple[Case, ...]
    is_collected: bool
    """pytest or unittest runs it, by its name and by where it stands."""
    helpers: Mapping[str, Function]
    constants: Mapping[str, Shape]

    @property
    def name(self) -> str:
        """Without its class."""
        return self.function.name

    @property
    def node(self) -> str:
        """Its id for pytest, without parameters: `tests/test_orders.py::TestOrders::test_total`."""
        return f"{self.path}::{self.qualified.replace('.', '::')}"

    @property
    def line(self) -> int:
        """Where its `def` stands."""
        return self.function.lineno

    @property
    def live(self) -> tuple[Assertion, ...]:
        """The assertions that can fail."""
        return tuple(made for made in self.assertions if not made.why_void)

    @property
    def own(self) -> tuple[Assertion, ...]:
        """Those that can fail and stand in the function itself."""
        return tuple(made for made in self.live if made.is_own)

    @cached_property
    def spelled_out(self) -> tuple[Assertion, ...]:
        """The assertions that can fail, once for each row of its one table that is not skipped."""
        return tuple(
            made
            for case in self.cases[:_MOST_ROWS]
            if case.given and not case.skips
            for made in reached(
                self.function, self.helpers, {**self.constants, **dict(case.given)}, frozenset()
            )
            if not made.why_void
        )

    @cached_property
    def body(self) -> str:
        """The function without its name and its docstring; equal for a test that was only renamed."""
        statements = self.function.body
        first = statements[0] if statements else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            statements = statements[1:]
        decorators = "|".join(shape(decorator, {}).text for decorator in self.function.decorator_list)
        return f"{decorators}|{shape(self.function.args, {}).text}|" + "|".join(
            shape(s, {}).text for s in statements
        )

    def text(self, made: Assertion) -> str:
        """An assertion as it is written, on one line."""
        return " ".join(self.source.excerpt(made.line, made.end_line).split())[:200]


@dataclass(frozen=True)
class Group:
    """A module or a class, and what may skip all in it."""

    path: str
    qualified: str
    """Empty for the module."""
    line: int
    source: Source
    skips: Mapping[str, int]


def helpers(sources: Iterable[Source]) -> dict[str, Function]:
    """The functions that a test may call to assert something, by name; of two of one name, neither."""
    found: dict[str, Function | None] = {}
    for source in sources:
        for _, function, _ in _functions(source.tree.body, "", True):
            if _asserts(function) and not function.name.startswith("test"):
                found[function.name] = None if function.name in found else function
    return {name: function for name, function in found.items() if function is not None}


def units(source: Source, known: Mapping[str, Function], *, is_module: bool) -> Iterator[Unit]:
    """The tests of a file, and its functions that assert; `is_module`: its name says that tests are in it."""
    own = {**known, **helpers([source])}
    constants = {**standard_names(source.nodes), **_constants(source.tree.body)}
    tables = _tables(source.tree.body)
    marks = module_marks(source)
    for number, (qualified, function, collected) in enumerate(_functions(source.tree.body, "", True)):
        is_test = function.name.startswith("test") and is_module and collected
        if number >= _MOST_TESTS or not (function.name.startswith("test") or _asserts(function)):
            continue
        table, parameters = cases(source, function, tables, constants)
        yield Unit(
            path=source.path,
            qualified=qualified,
            function=function,
            source=source,
            assertions=reached(function, own, constants, parameters),
            skips=skips(source, function.decorator_list, function.body, marks),
            cases=table,
            is_collected=is_test and not _is_fixture(source, function),
            helpers=own,
            constants=constants,
        )


def groups(source: Source) -> Iterator[Group]:
    """The module and its classes, where tests are in them."""
    marks = module_marks(source)
    tests = [
        name
        for name, function, _ in _functions(source.tree.body, "", True)
        if function.name.startswith("test")
    ]
    owners = {name.split(".")[0] for name in tests if "." in name}
    if tests:
        yield Group(source.path, "", 1, source, skips(source, [], source.tree.body, marks))
    for node in source.tree.body:
        if isinstance(node, ast.ClassDef) and node.name in owners:
            found = skips(source, node.decorator_list, node.body, marks)
            yield Group(source.path, node.name, node.lineno, source, found)


def _functions(body: list[ast.stmt], prefix: str, collected: bool) -> Iterator[tuple[str, Function, bool]]:
    """Functions at the top of a module and of its classes, also under conditions; not those in functions."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{prefix}{node.name}", node, collected
        elif isinstance(node, ast.ClassDef):
            inside = (
                collected and (node.name.startswith("Test") or bool(node.bases)) and not _is_off(node.body)
            )
            yield from _functions(node.body, f"{prefix}{node.name}.", inside)
        elif isinstance(node, ast.If | ast.Try | ast.With):
            for part in (node.body, getattr(node, "orelse", []), getattr(node, "finalbody", [])):
                yield from _functions(part, prefix, collected)


def _is_off(body: list[ast.stmt]) -> bool:
    """`__test__ = False`."""
    return any(
        isinstance(node, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id == "__test__" for target in node.targets)
        and isinstance(node.value, ast.Constant)
        and not node.value.value
        for node in body
    )


def _is_fixture(source: Source, function: Function) -> bool:
    return any(
        source.name(d.func if isinstance(d, ast.Call) else d).rpartition(".")[2]
        in {"fixture", "property", "contextmanager"}
        for d in function.decorator_list
    )


def _asserts(function: Function) -> bool:
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call) and called_name(node).startswith(("assert", "raises")):
            return True
    return False


def _constants(body: list[ast.stmt]) -> dict[str, Shape]:
    """The module's own constants: what an assertion compares with may stand there."""
    found: dict[str, Shape] = {}
    for node in body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            value = shape(node.value, found)
            if value.is_constant or isinstance(node.value, ast.Dict):
                found[node.targets[0].id] = value
    return found


def _tables(body: list[ast.stmt]) -> dict[str, ast.expr]:
    """The module's own lists: a table of cases may stand there."""
    return {
        target.id: node.value
        for node in body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.List | ast.Tuple)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def beyond(source: Source) -> int:
    """How many functions of a file are not examined, because there are too many."""
    return max(sum(1 for _ in _functions(source.tree.body, "", True)) - _MOST_TESTS, 0)
