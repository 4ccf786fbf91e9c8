"""Source that answers the tests' own inputs with the tests' own answers.

A heuristic, so it only asks: mutation of the changed lines and tests that the change has not seen show more.
Small numbers, empty values and truth values are everybody's base case and never count.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from agent_gate.domain.visible import quoted
from agent_gate.gating.integrity.constancy import own_nodes
from agent_gate.gating.integrity.places import Function
from agent_gate.gating.integrity.sign import Sign
from agent_gate.gating.integrity.source import Source

RULE = "test-input"
BASE_CASES = frozenset({"None", "True", "False", "0", "1", "-1", "0.0", "1.0", "''", "b''", "..."})
TRIVIAL = BASE_CASES | {"2", "10", "100"}
"""Values that everybody names, and that tell nothing alone."""
_LONGEST_ROW = 60
"""A test with more literals than this says nothing about which of them belong together."""
_MOST_CASES = 200


class SpecialCase(NamedTuple):
    """Inputs that source compares with, and the constant that it answers."""

    inputs: frozenset[str]
    answer: frozenset[str]
    line: int


class Row(NamedTuple):
    """Literals that stand together in a test: in one statement, or in one row of a table of cases."""

    literals: frozenset[str]
    path: str
    text: str


def special_cases(source: Source) -> Iterator[SpecialCase]:
    """Branches and tables of a source file that answer constants with constants."""
    found = 0
    for function in source.nodes:
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        general = _has_general_answer(function)
        for node in own_nodes(function):
            for case in _of_node(node, function, general=general):
                found += 1
                if found <= _MOST_CASES and _tells(case):
                    yield case


Rows = Mapping[str, Sequence[Row]]
"""The rows of the tests, by each literal that stands in them."""


def rows(tests: Iterable[Source]) -> Rows:
    """What stands together in the tests."""
    found: dict[str, list[Row]] = {}
    for source in tests:
        for node in source.nodes:
            if isinstance(node, ast.Assert | ast.Expr | ast.Tuple | ast.Dict):
                literals = _literals(node)
                if 1 < len(literals) <= _LONGEST_ROW:
                    row = Row(literals, source.path, source.line(node.lineno).strip()[:160])
                    for literal in literals:
                        found.setdefault(literal, []).append(row)
    return found


def signs(source: Source, tests: Rows) -> Iterator[Sign]:
    """The special cases that are in a test, with the test's line."""
    for case in special_cases(source):
        row = next(rows_with(tests, case.inputs | case.answer), None)
        if row is not None:
            inputs = ", ".join(sorted(case.inputs))
            message = (
                f"the answer to {quoted(inputs)} stands here as a constant, as {row.path!r} has it (`{row.text}`): "
                "look at whether this works for any other input"
            )
            yield Sign(RULE, case.line, source.line(case.line), message)


def rows_with(tests: Rows, wanted: frozenset[str]) -> Iterator[Row]:
    """The rows in which all of these literals stand."""
    rarest = min((tests.get(literal, ()) for literal in wanted), key=len)
    return (row for row in rarest if wanted <= row.literals)


def _tells(case: SpecialCase) -> bool:
    """Whether input and answer say enough to be the tests' own; one word for another is a table of names."""
    several = len(case.inputs) > 1
    telling = case.inputs - (BASE_CASES if several else TRIVIAL)
    if not telling or not case.answer:
        return False
    numeric = all(not literal.startswith(("'", "b'", '"')) for literal in case.inputs | case.answer)
    return several or (numeric and bool(case.answer - TRIVIAL))


def _of_node(node: ast.AST, function: Function, *, general: bool) -> Iterator[SpecialCase]:
    parameters = _parameters(function)
    if isinstance(node, ast.If) and general:
        answer = node.body[0].value if isinstance(node.body[0], ast.Return) else None
        yield from _compared(node.test, answer, parameters)
    elif isinstance(node, ast.IfExp) and general:
        yield from _compared(node.test, node.body, parameters)
    elif isinstance(node, ast.Match) and general:
        for case in node.cases:
            answer = case.body[0].value if isinstance(case.body[0], ast.Return) else None
            inputs = _literals(case.pattern)
            if answer is not None and is_literal(answer) and inputs:
                yield SpecialCase(inputs, _literals(answer), case.pattern.lineno)
    elif isinstance(node, ast.Dict) and len(node.keys) == len(node.values):
        for key, value in zip(node.keys, node.values, strict=True):
            if key is not None and isinstance(key, ast.Tuple) and is_literal(key) and is_literal(value):
                yield SpecialCase(_literals(key), _literals(value), key.lineno)


def _compared(test: ast.expr, answer: ast.expr | None, parameters: frozenset[str]) -> Iterator[SpecialCase]:
    """`if (a, b) == (-1, 2): return 1`, `if a == -1 and b == 2: …`: of parameters only, and of nothing else."""
    if answer is None or not is_literal(answer):
        return
    parts = test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) else [test]
    inputs: frozenset[str] = frozenset()
    for part in parts:
        if not (
            isinstance(part, ast.Compare)
            and len(part.ops) == 1
            and isinstance(part.ops[0], ast.Eq | ast.Is | ast.In)
        ):
            return
        left, right = part.left, part.comparators[0]
        if is_literal(left):
            left, right = right, left
        names = {node.id for node in ast.walk(left) if isinstance(node, ast.Name)}
        if not (
            is_literal(right) and names and names <= parameters | {"tuple", "list", "str", "repr", "sorted"}
        ):
            return
        inputs |= _literals(right)
    if inputs:
        yield SpecialCase(inputs, _literals(answer), test.lineno)


def _has_general_answer(function: Function) -> bool:
    """Whether it returns anything but constants: a function that only maps names to names is a table."""
    values = [node.value for node in own_nodes(function) if isinstance(node, ast.Return)]
    return any(value is not None and not is_literal(value) for value in values)


def _parameters(function: Function) -> frozenset[str]:
    arguments = function.args
    every = (
        *arguments.posonlyargs,
        *arguments.args,
        *arguments.kwonlyargs,
        arguments.vararg,
        arguments.kwarg,
    )
    return frozenset(argument.arg for argument in every if argument is not None)


def is_literal(node: ast.expr) -> bool:
    """A constant, or a collection of constants."""
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.operand, ast.Constant)
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return all(is_literal(item) for item in node.elts)
    if isinstance(node, ast.Dict):
        return all(key is not None and is_literal(key) for key in node.keys) and all(
            is_literal(v) for v in node.values
        )
    return isinstance(node, ast.Constant)


def _literals(node: ast.AST) -> frozenset[str]:
    """All constants in a node, negative numbers as such."""
    found: set[str] = set()
    waiting: list[ast.AST] = [node]
    while waiting and len(found) <= _LONGEST_ROW:
        current = waiting.pop()
        if (
            isinstance(current, ast.UnaryOp)
            and isinstance(current.op, ast.USub)
            and isinstance(current.operand, ast.Constant)
        ):
            found.add(f"-{current.operand.value!r}"[:200])
        elif isinstance(current, ast.Constant):
            found.add(repr(current.value)[:200])
        else:
            waiting.extend(ast.iter_child_nodes(current))
    return frozenset(found)
