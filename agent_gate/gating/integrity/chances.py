"""Source that now and then does another thing, with odds that are written in it.

A fault in a thousand calls is seen by no test. Who samples, tries again or plays has odds that are given, or
draws a value; what asks is a branch on nothing but chance and constants.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from agent_gate.gating.integrity.given import Given, given_values, parts_of
from agent_gate.gating.integrity.sign import Sign
from agent_gate.gating.integrity.source import Source

RULE = "chance"
_MODULES = ("random.", "secrets.", "numpy.random.", "uuid.uuid", "os.urandom", "os.getrandom")
_CLOCKS = frozenset({"time.time_ns", "time.time", "time.perf_counter_ns", "time.monotonic_ns", "time.perf_counter", "time.monotonic"})  # fmt: skip
_WORDS = frozenset({"random", "secrets", "uuid", "urandom", "getrandom", "time_ns", "time", "perf_counter_ns", "monotonic_ns", "perf_counter", "monotonic"})  # fmt: skip
_FUNCTIONS = frozenset({"int", "float", "hash", "ord", "len", "sum", "str", "bool", "round", "abs"})


def signs(source: Source) -> Iterator[Sign]:
    """What stands in a file that is no test."""
    if source.words.isdisjoint(_WORDS):
        return
    named = {node.arg for node in source.nodes if isinstance(node, ast.arg)}
    given = {n: values for n, values in given_values(source).items() if len(values) == 1 and n not in named}
    for node in source.nodes:
        if isinstance(node, ast.If | ast.IfExp | ast.While) and _is_chance(source, node.test, given):
            line = node.test.lineno
            message = (
                "what happens here depends on chance, with odds that are written here: look at what happens now and then, "
                "and whether any test sees it"
            )
            yield Sign(RULE, line, source.line(line), message, detail=RULE)


def _is_chance(source: Source, test: ast.expr, given: Given) -> bool:
    """Only constants, and calls that draw something or take the clock's last digits."""
    draws = False
    for part in parts_of(test, given):
        if isinstance(part, ast.Call):
            names = source.names(part.func)
            if any(name.startswith(_MODULES) for name in names):
                draws = True
            elif not set(names) & (_FUNCTIONS | _CLOCKS):
                return False
        elif isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mod) and _is_clock(source, part.left):
            draws = True
        elif isinstance(part, ast.Name) and not _is_known(source, part.id, given):
            return False
    return draws


def _is_clock(source: Source, node: ast.expr) -> bool:
    return any(isinstance(e, ast.Call) and set(source.names(e.func)) & _CLOCKS for e in ast.walk(node))


def _is_known(source: Source, name: str, given: Given) -> bool:
    """A module, a function of ours, or a name whose value is looked at in its turn."""
    return name in source.aliases or name in _FUNCTIONS or name in given
