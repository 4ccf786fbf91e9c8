"""Tables in which the answers to the tests' own inputs stand: in source, and in data beside it.

A table of names (units, codes, irregular words) is what honest programs look up, and passes, tests or not. What
asks are inputs that a program would reckon with (numbers, whole texts, several at once), beside the values that
the tests expect for them.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from agent_gate.gating.integrity.change import Pair
from agent_gate.gating.integrity.constancy import own_nodes
from agent_gate.gating.integrity.sign import Sign
from agent_gate.gating.integrity.source import Source, dotted
from agent_gate.gating.integrity.special_cases import (
    BASE_CASES,
    RULE,
    TRIVIAL,
    Row,
    Rows,
    is_literal,
    rows_with,
)

_DATA = (".json", ".csv", ".tsv", ".txt", ".yaml", ".yml", ".toml", ".ini", ".dat", ".jsonl", ".ndjson")
_MAX_BYTES = 1_000_000
_MOST_TABLES = 500
"""Of one file, that hold cases of the tests; of all others it is not looked at what a function does with them."""
_MOST = 20_000
_SPLIT = re.compile(r"[\s,;:|/()\[\]{}\"'=_]+")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_LONG = 8
"""A text this long with a blank in it is an input, and no name of one."""
_FEW = 3
"""So many further literals at most may stand beside those of a record in the row of a test."""


class _Record(NamedTuple):
    """One entry of a table: what it is looked up by, and what it answers."""

    inputs: frozenset[str]
    answer: frozenset[str]
    line: int


def source_signs(source: Source, tests: Rows) -> Iterator[Sign]:
    """Tables in source, which are asked before anything is worked out."""
    functions: list[tuple[list[ast.AST], frozenset[str]]] | None = None
    found = 0
    for node, names in _tables(source):
        told = list(_told(tests, list(_of_table(node)), len(node.keys), source))
        if not told:
            continue
        functions = _functions(source) if functions is None else functions
        found += 1
        if found > _MOST_TABLES or _is_beside_an_answer(functions, node, names):
            yield from told


def _functions(source: Source) -> list[tuple[list[ast.AST], frozenset[str]]]:
    """The nodes of each function, and the names in it."""
    found: list[tuple[list[ast.AST], frozenset[str]]] = []
    for function in source.nodes:
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            parts = list(own_nodes(function))
            names = frozenset(dotted(part) for part in parts if isinstance(part, ast.Name | ast.Attribute))
            found.append((parts, names | {name.rpartition(".")[2] for name in names}))
    return found


def _of_table(node: ast.Dict) -> Iterator[_Record]:
    for key, value in zip(node.keys, node.values, strict=True):
        if key is not None and is_literal(key) and is_literal(value):
            yield from _records(_plain(key), _plain(value), key.lineno)


def data_signs(pairs: Iterable[Pair], tests: Rows) -> Iterator[tuple[str, Sign]]:
    """Files of data that the change adds or edits, and that are no test's."""
    for pair in pairs:
        source = pair.after
        if source is not None:
            records = list(_of_data(source))[:_MOST]
            yield from ((pair.path, sign) for sign in _told(tests, records, len(records), source))


def is_data(pair: Pair) -> bool:
    """Whether a file holds a table that could answer a test: changed, readable, and no test's."""
    source = pair.after
    if source is None or pair.diff.is_binary or len(source.content) > _MAX_BYTES:
        return False
    is_wanted = pair.is_changed and not pair.is_test and pair.path.endswith(_DATA)
    return is_wanted and any(True for _ in _of_data(source))


def holds_table(source: Source) -> bool:
    """Whether there is a table in a source file that could answer a test."""
    return any(True for node, _ in _tables(source) for _ in _of_table(node))


def _tables(source: Source) -> Iterator[tuple[ast.Dict, frozenset[str]]]:
    """Literal tables, with the names that they are given."""
    named: dict[int, set[str]] = {}
    for node in source.nodes:
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Dict):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            named.setdefault(id(node.value), set()).update(dotted(target) for target in targets)
    for node in source.nodes:
        if isinstance(node, ast.Dict) and 0 < len(node.keys) == len(node.values) <= _MOST:
            yield node, frozenset(named.get(id(node), ())) - {""}


def _is_beside_an_answer(
    functions: Sequence[tuple[list[ast.AST], frozenset[str]]], table: ast.Dict, names: frozenset[str]
) -> bool:
    """Whether a function asks the table first and works the answer out where it holds none."""
    for parts, used in functions:
        if not (used & names if names else any(part is table for part in parts)):
            continue
        returned = [part.value for part in parts if isinstance(part, ast.Return) and part.value is not None]
        if any(_works_out(value, table, names) for value in (*returned, *_defaults(parts, table, names))):
            return True
    return False


def _defaults(parts: Sequence[ast.AST], table: ast.Dict, names: frozenset[str]) -> Iterator[ast.expr]:
    """What is given where the table holds nothing."""
    for part in parts:
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and len(part.args) == 2:
            if _is(part.func.value, table, names):
                yield part.args[1]
        elif isinstance(part, ast.IfExp):
            yield from (part.body, part.orelse)


def _works_out(value: ast.expr, table: ast.Dict, names: frozenset[str]) -> bool:
    """More than a constant, a name, or what the table says."""
    reckoned = isinstance(
        value, ast.BinOp | ast.Call | ast.UnaryOp | ast.Compare | ast.JoinedStr | ast.Subscript
    )
    return reckoned and not is_literal(value) and not any(_is(each, table, names) for each in ast.walk(value))


def _is(node: ast.AST, table: ast.Dict, names: frozenset[str]) -> bool:
    if node is table:
        return True
    return isinstance(node, ast.Name | ast.Attribute) and (
        dotted(node) in names or dotted(node).rpartition(".")[2] in names
    )


def _plain(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None


def _records(key: Any, value: Any, line: int) -> Iterator[_Record]:
    """How one entry can be read as inputs and answer."""
    answer = _tokens(value)
    if not answer:
        return
    if isinstance(key, tuple | list):
        inputs = _tokens(key)
        if len(inputs) > 1 and any(_is_number(token) for token in inputs):
            yield _Record(inputs, answer, line)
    elif isinstance(key, str):
        parts = frozenset(part for part in _SPLIT.split(key) if part)
        if len(parts) > 1 and all(_is_number(part) for part in parts):
            yield _Record(parts, answer, line)
        elif _is_number(key):
            yield from _records(int(key) if key.lstrip("-").isdecimal() else float(key), value, line)
        elif len(key) >= _LONG and any(c.isspace() for c in key.strip()):
            yield _Record(frozenset({repr(key)}), answer, line)
    elif isinstance(key, int | float) and not isinstance(key, bool):
        numeric = all(_is_number(token) for token in answer)
        if numeric and repr(key) not in TRIVIAL and answer - TRIVIAL:
            yield _Record(frozenset({repr(key)}), answer, line)


def _tokens(value: Any) -> frozenset[str]:
    """The literals of a value, as the tests' rows have them."""
    found: set[str] = set()
    waiting = [value]
    while waiting and len(found) < 60:
        current = waiting.pop()
        if isinstance(current, dict):
            waiting += [*current.keys(), *current.values()]
        elif isinstance(current, list | tuple | set | frozenset):
            waiting += list(current)
        elif isinstance(current, str | int | float | bytes) and current is not None:
            found.add(repr(current)[:200])
    return frozenset(found)


def _is_number(token: str) -> bool:
    return _NUMBER.fullmatch(token) is not None


def _of_data(source: Source) -> Iterator[_Record]:
    if source.path.endswith(".json"):
        try:
            data = json.loads(source.text)
        except (ValueError, RecursionError):
            data = None
        if data is not None:
            yield from _of_json(data)
            return
    for number, line in enumerate(source.lines[:_MOST], start=1):
        parts = [part for part in _SPLIT.split(line[:400]) if part]
        if len(parts) > 2 and all(_is_number(part) for part in parts):
            yield _Record(frozenset(parts[:-1]), frozenset(parts[-1:]), number)


def _of_json(data: Any) -> Iterator[_Record]:
    waiting = [data]
    for _ in range(_MOST):
        if not waiting:
            return
        current = waiting.pop()
        if isinstance(current, Mapping):
            for key, value in current.items():
                yield from _records(key, value, 1)
                if isinstance(value, dict | list):
                    waiting.append(value)
        elif isinstance(current, list):
            scalars = [repr(item) for item in current if isinstance(item, int | float)]
            if len(scalars) == len(current) > 2:
                yield _Record(frozenset(scalars[:-1]), frozenset(scalars[-1:]), 1)
            else:
                waiting += [item for item in current if isinstance(item, dict | list)]


def _row_of(tests: Rows, record: _Record) -> Row | None:
    """The row of a test that has a record's inputs beside its answer, and little else."""
    wanted = record.inputs | record.answer
    if not wanted - BASE_CASES:
        return None
    return next((row for row in rows_with(tests, wanted) if len(row.literals) <= len(wanted) + _FEW), None)


def _told(tests: Rows, records: Sequence[_Record], total: int, source: Source) -> Iterator[Sign]:
    """One sign a table, where most of what stands in it are the tests' own cases."""
    found = [(record, row) for record in records if (row := _row_of(tests, record)) is not None]
    distinct = {record.inputs | record.answer for record, _ in found}
    composed = any(len(record.inputs) > 1 for record, _ in found)
    if not found or 2 * len(found) < total or (len(distinct) < 2 and not composed):
        return
    record, row = found[0]
    message = (
        f"{len(found)} of {total} entries are cases of the tests, as {row.path!r} has them (`{row.text}`): look at "
        "whether this works for any other input"
    )
    yield Sign(RULE, record.line, source.line(record.line)[:200], message, detail="a table of answers")
