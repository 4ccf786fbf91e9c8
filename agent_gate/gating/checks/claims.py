"""Tests that claim nothing: they import, name or call the code, and look at nothing that comes of it.

Such a test is red on the base for want of a name, whatever the change does.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from agent_gate.domain.gate import GateDefinition
from agent_gate.gating.checks.kept import changed_tests
from agent_gate.gating.diff import FileDiff
from agent_gate.gating.integrity.assertions import Assertion
from agent_gate.gating.integrity.change import sources
from agent_gate.gating.integrity.source import Source
from agent_gate.gating.integrity.units import Unit, helpers, units

_GENERATED = frozenset({"given", "fuzz", "rule"})
"""That nothing is raised, whatever is drawn, is a claim."""


_MERE = frozenset({"callable", "hasattr", "isinstance", "bool", "type"})
"""What is asked of a name alone."""
_WORD = re.compile(r"\w+")


def hollow_tests(definition: GateDefinition, diff: Sequence[FileDiff]) -> frozenset[str]:
    """The ids, without parameters, of tests in changed files that claim nothing."""
    change = changed_tests(definition, diff)
    found: set[str] = set()
    try:
        after = sources(change.test_pairs, before=False)
        known = helpers(after)
        for source in after:
            folders = _test_imports(source)
            for unit in units(source, known, is_module=change.kinds.holds("test_modules", source.path)):
                if unit.is_collected and _is_hollow(unit, folders):
                    found.add(unit.node)
    except RecursionError:
        return frozenset()  # nested too deeply to be read: then none is left out
    return frozenset(found)


def _is_hollow(unit: Unit, elsewhere: frozenset[str]) -> bool:
    """No assertion that can fail, and nothing is called that may hold one."""
    function = unit.function
    arguments = function.args
    given = {a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
    if any(_says_something(made, given) for made in unit.live):
        return False
    if any(_last(d) in _GENERATED for d in function.decorator_list):
        return False
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            first: ast.AST = node.func
            while isinstance(first, ast.Attribute | ast.Call | ast.Subscript):
                first = first.func if isinstance(first, ast.Call) else first.value
            if isinstance(first, ast.Name) and first.id in given | elsewhere:
                return False
        elif isinstance(node, ast.Raise):
            return False
    return True


def _says_something(made: Assertion, given: set[str]) -> bool:
    """More than that a name is there, or that the code says the same twice: `assert half is not None`, `f(3) == f(3)`."""
    if made.form in {"==", "is"} and made.subject.text == made.operand.text:
        return any(name[:1].isupper() for name in made.calls)  # an equality of one's own is tested so
    mere = made.form in {"true", "is not", "isinstance"} and not made.calls - _MERE
    return not mere or bool(given & set(_WORD.findall(made.subject.text)))


def _last(decorator: ast.expr) -> str:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def _test_imports(source: Source) -> frozenset[str]:
    """Names that come from other files of the tests: what they call may assert."""
    return frozenset(
        alias.asname or alias.name
        for node in source.nodes
        if isinstance(node, ast.ImportFrom)
        and (node.level or {"tests", "test", "conftest", "support", "testing", "helpers", "utils"} & set((node.module or "").split(".")))
        for alias in node.names
    )  # fmt: skip
