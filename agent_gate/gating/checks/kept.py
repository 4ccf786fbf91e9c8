"""Tests that only moved: into another file, under another name, or into a table of cases.

Their ids are gone, and what they claim is not. Whether it is the same claim, the rules of the gate `integrity`
tell; whether it is about the same code, the names that a test uses in its new place.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from agent_gate.domain.gate import GateDefinition
from agent_gate.gating.diff import FileDiff
from agent_gate.gating.integrity.change import Change
from agent_gate.gating.integrity.matching import match_tests
from agent_gate.gating.integrity.source import Source
from agent_gate.gating.integrity.units import Unit
from agent_gate.gating.integrity.weakening import difference

_MOST_NAMES = 2000


def kept_tests(definition: GateDefinition, diff: Sequence[FileDiff]) -> dict[str, str]:
    """For each test function of the base that stands elsewhere now, as strict as before: its new id, by its old one.

    Ids are without parameters. What is the same in the same place is left out, unless it became a table.
    """
    try:
        return dict(_kept(changed_tests(definition, diff)))
    except RecursionError:
        return {}  # nested too deeply to be compared: then it is a question


def changed_tests(definition: GateDefinition, diff: Sequence[FileDiff]) -> Change:
    """The change as the rules of `integrity` see it, for their rules about tests."""
    kinds = {name: definition.options[name] for name in ("tests", "test_modules")}
    return Change(tuple(diff), {"python": ["*.py"], "python_first_line": "", **kinds})


def _kept(change: Change) -> Iterator[tuple[str, str]]:
    for old, new in match_tests(change).matched:
        if not (old.is_collected and new.is_collected):
            continue
        known = {case.values for case in new.cases if not case.skips}
        told = difference(old, new)
        if told.lost or told.narrowed or set(new.skips) - set(old.skips):
            continue
        if all(case.values in known for case in old.cases) and _means_the_same(old, new):
            yield old.node, new.node


def _means_the_same(old: Unit, new: Unit) -> bool:
    """Whether the names that the base's version uses stand for the same things in the new place."""
    before, after = _origins(old.source), _origins(new.source)
    waiting = [*_names(old.function), *_class_names(old)]
    if _class_of(old) != _class_of(new) or _around(new.source) - _around(old.source):
        return False
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        one, other = before.get(name), after.get(name)
        if len(seen) > _MOST_NAMES or (one is None) != (other is None):
            return False
        if one is not None and other is not None:
            if one[0] != other[0]:
                return False
            waiting += _names(one[1]) if one[1] is not None else []
    return True


def _around(source: Source) -> set[str]:
    """What a module does to all its tests, as text: fixtures that nobody has to name, set-up, marks, plugins."""
    return {ast.dump(node) for node in source.tree.body if _is_for_all(node)}


def _is_for_all(node: ast.stmt) -> bool:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        keywords = {k.arg for d in node.decorator_list if isinstance(d, ast.Call) for k in d.keywords}
        return "autouse" in keywords or node.name.startswith(("setup", "teardown", "pytest_"))
    names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return isinstance(node, ast.Assign | ast.AnnAssign) and any(name.startswith("pytest") for name in names)


def _names(node: ast.AST) -> list[str]:
    """What an expression or a function may take from its module, fixtures among them."""
    found = [each.id for each in ast.walk(node) if isinstance(each, ast.Name)]
    return found + [each.arg for each in ast.walk(node) if isinstance(each, ast.arg)]


_Origin = tuple[str, ast.AST | None]


def _origins(source: Source) -> Mapping[str, _Origin]:
    """What the names of a module stand for: the import, or the text of a definition."""
    found: dict[str, _Origin] = {}
    waiting: list[ast.stmt] = list(reversed(source.tree.body))
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            found |= {name: (origin, None) for name, origin in _imported(source.path, node)}
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found[node.name] = ast.dump(node), node
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            said = ast.dump(node)
            found |= {n.id: (said, node) for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
        else:
            waiting.extend(
                reversed([each for each in ast.iter_child_nodes(node) if isinstance(each, ast.stmt)])
            )
    return found


def _imported(path: str, node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield alias.asname or alias.name.partition(".")[0], alias.name if alias.asname else "import"
        return
    folder = PurePosixPath(path).parts[: -node.level] if node.level else ()
    for alias in node.names:
        yield alias.asname or alias.name, ".".join((*folder, node.module or "", alias.name))


def _class_names(unit: Unit) -> list[str]:
    return [name for text in _class_of(unit)[1] for name in text.split()]


def _class_of(unit: Unit) -> tuple[str, tuple[str, ...]]:
    """All of a test's class that is no test, as text, and the names in it; empty without a class."""
    name = unit.qualified.partition(".")[0]
    for node in unit.source.tree.body:
        if isinstance(node, ast.ClassDef) and node.name == name and "." in unit.qualified:
            rest = [each for each in node.body if not getattr(each, "name", "").startswith("test")]
            said = " ".join(ast.dump(each) for each in (*node.bases, *node.decorator_list, *rest))
            names = [n for each in (*node.bases, *rest) for n in _names(each)]
            return said, tuple(sorted(set(names)))
    return "", ()
