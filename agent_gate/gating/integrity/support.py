"""What stands around tests: hooks of pytest, fixtures, and mocks that take the place of what is tested."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from agent_gate.gating.integrity.change import Pair
from agent_gate.gating.integrity.constancy import own_nodes
from agent_gate.gating.integrity.matching import Tests
from agent_gate.gating.integrity.places import Function
from agent_gate.gating.integrity.shapes import called_name
from agent_gate.gating.integrity.sign import Sign
from agent_gate.gating.integrity.source import Source, dotted, text_of
from agent_gate.gating.integrity.units import Unit

_HOOKS = frozenset({
    "pytest_runtest_makereport", "pytest_runtest_protocol", "pytest_runtest_setup", "pytest_runtest_call",
    "pytest_runtest_teardown", "pytest_runtest_logreport", "pytest_runtestloop", "pytest_pyfunc_call", "pytest_sessionfinish",
    "pytest_sessionstart", "pytest_collection", "pytest_collection_modifyitems", "pytest_collection_finish",
    "pytest_itemcollected", "pytest_collectstart", "pytest_collectreport", "pytest_make_collect_report",
    "pytest_pycollect_makeitem", "pytest_pycollect_makemodule", "pytest_collect_file", "pytest_collect_directory",
    "pytest_ignore_collect", "pytest_deselected", "pytest_report_teststatus", "pytest_report_to_serializable",
    "pytest_exception_interact", "pytest_internalerror", "pytest_keyboard_interrupt", "pytest_unconfigure",
    "pytest_cmdline_main", "pytest_cmdline_parse", "pytest_cmdline_preparse", "pytest_load_initial_conftests",
    "pytest_fixture_setup", "pytest_fixture_post_finalizer", "pytest_plugin_registered", "pytest_assertion_pass",
    "pytest_terminal_summary",
})  # fmt: skip
"""Hooks that can change which tests run and what is reported of them."""
_SETTINGS = frozenset({"collect_ignore", "collect_ignore_glob"})
_REACHING = frozenset({"option", "pluginmanager", "_inicache", "known_args_namespace", "hook", "stash"})
_MOCKS = frozenset(
    {
        "Mock",
        "MagicMock",
        "AsyncMock",
        "NonCallableMock",
        "create_autospec",
        "SimpleNamespace",
        "mock_open",
        "ANY",
    }
)
_EMPTY = ast.Pass | ast.Constant


def hook_signs(source: Source) -> Iterator[Sign]:
    """Hooks by which a test run can be told what to say; the whole function is compared."""
    for node in source.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            is_hook = node.name in _HOOKS or any(_makes_hook(node.name, d) for d in node.decorator_list)
            if is_hook or (node.name == "pytest_configure" and _reaches(node)):
                text = source.excerpt(node.lineno, min(node.end_lineno or node.lineno, node.lineno + 40))
                message = f"the hook {node.name!r} can change which tests run and what is reported of them: look at what it does to tests that fail"
                yield Sign("pytest-hook", node.lineno, text, message)
        elif (name := _named_hook(node)) is not None:
            message = f"{name} can change which tests run and what is reported of them: look at what it does to tests that fail"
            line = getattr(node, "lineno", 0)
            yield Sign("pytest-hook", line, source.line(line), message)
        elif isinstance(node, ast.Assign) and any(dotted(target) in _SETTINGS for target in node.targets):
            message = "files that pytest is told not to collect: look at which tests no longer run"
            yield Sign("pytest-hook", node.lineno, source.line(node.lineno), message)


def _named_hook(node: ast.AST) -> str | None:
    """A hook that is no function of that name: `Plugin.pytest_runtest_logreport = …`, a key, a plugin that is registered."""
    if isinstance(node, ast.Constant) and node.value in _HOOKS:
        return f"the hook {node.value!r}"
    if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
        name = dotted(node).rpartition(".")[2]
        return f"the hook {name!r}" if name in _HOOKS else None
    if isinstance(node, ast.keyword) and node.arg in _HOOKS:
        return f"the hook {node.arg!r}"
    if isinstance(node, ast.Call) and dotted(node.func).endswith("pluginmanager.register"):
        return "a plugin that is registered while the tests run"
    return None


def _makes_hook(name: str, decorator: ast.expr) -> bool:
    """`hookimpl`, over a name of pytest's or with one in it; other programs have hooks of their own."""
    keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
    if any(
        keyword.arg == "specname" and (text_of(keyword.value) or "pytest_").startswith("pytest_")
        for keyword in keywords
    ):
        return True
    is_named = name.startswith("pytest_") or any(keyword.arg is None for keyword in keywords)
    return is_named and "hookimpl" in dotted(_called(decorator))


def _called(node: ast.expr) -> ast.expr:
    return node.func if isinstance(node, ast.Call) else node


def _reaches(function: Function) -> bool:
    """A configuration that does more than to add a line to pytest's own settings."""
    return any(isinstance(node, ast.Attribute) and node.attr in _REACHING for node in ast.walk(function))


def fixture_signs(pair: Pair) -> Iterator[Sign]:
    """Fixtures that did something in the base, and nothing now."""
    if pair.before is None or pair.after is None:
        return
    old = dict(_fixtures(pair.before))
    for name, function in _fixtures(pair.after):
        if name in old and _does_nothing(function) and not _does_nothing(old[name]):
            text = pair.after.excerpt(function.lineno, function.end_lineno or function.lineno)
            message = f"the fixture {name!r} does nothing now: look at what the tests that use it still see"
            yield Sign("emptied-fixture", function.lineno, text[:400], message)


def _fixtures(source: Source) -> Iterator[tuple[str, Function]]:
    for node in source.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            is_fixture = any(dotted(_called(d)).rpartition(".")[2] == "fixture" for d in node.decorator_list)
            if is_fixture or node.name in {
                "setUp",
                "setUpClass",
                "setup_method",
                "setup_class",
                "setup_module",
            }:
                yield node.name, node


def _does_nothing(function: Function) -> bool:
    """Only `pass`, a docstring, or a bare return, yield or mock."""
    for node in function.body:
        value = node.value if isinstance(node, ast.Expr | ast.Return) else node
        if isinstance(value, ast.Yield):
            value = value.value if value.value is not None else ast.Constant(None)
        if isinstance(value, ast.Call) and called_name(value) in _MOCKS:
            continue
        if value is not None and not isinstance(value, _EMPTY):
            return False
    return True


def replaced_signs(pair: Pair) -> Iterator[Sign]:
    """Names that the base's tests import from the code, and that the tests make themselves now."""
    if pair.before is None or pair.after is None:
        return
    old = _imported(pair.before) - _imported(pair.after)
    for node in pair.after.tree.body:
        names = {dotted(target) for target in node.targets} if isinstance(node, ast.Assign) else set()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names = {node.name}
        for name in sorted(names & old):
            message = f"{name!r} was imported from the code under test and is made by the tests themselves now: look at what they still test"
            yield Sign("replaced-subject", node.lineno, pair.after.line(node.lineno), message)


def _imported(source: Source) -> set[str]:
    return {
        alias.asname or alias.name
        for node in source.tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def patch_signs(tests: Tests) -> Iterator[tuple[str, Sign]]:
    """Existing tests that patch away what they claim something about."""
    for old, new in tests.matched:
        claimed = frozenset().union(*(made.calls for made in old.own))
        known = {target for target, _ in _patched(old)}
        for target, line in _patched(new):
            if target not in known and target.rpartition(".")[2] in claimed:
                message = f"{new.qualified!r} replaces {target!r}, about which it claims something: look at what it still tests"
                yield new.path, Sign("replaced-subject", line, new.source.line(line), message)


def _patched(unit: Unit) -> Iterator[tuple[str, int]]:
    """What a test patches: `patch("pkg.add")`, `patch.object(pkg, "add")`, `monkeypatch.setattr(pkg, "add", …)`."""
    for node in (*unit.function.decorator_list, *own_nodes(unit.function)):
        if isinstance(node, ast.Call) and node.args and called_name(node) in {"patch", "object", "setattr"}:
            texts = [text for argument in node.args[:2] if (text := text_of(argument))]
            if texts:
                yield texts[-1], node.lineno
        elif (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Call)
            and called_name(node.value) in _MOCKS
        ):
            for target in node.targets:
                if name := dotted(target):
                    yield name, node.lineno
