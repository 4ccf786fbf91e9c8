"""Files that Python or pytest obeys by their mere presence: they run before any test and can bend all of them."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import PurePosixPath

from agent_gate.gating.integrity.change import Pair
from agent_gate.gating.integrity.sign import Sign
from agent_gate.gating.integrity.source import Source, dotted

RULE = "start-up"
_TOOLS = frozenset({
    "pytest", "_pytest", "pluggy", "py", "coverage", "ruff", "bandit", "mypy", "hypothesis", "pytest_cov", "xdist",
    "pip", "setuptools", "pkg_resources", "nose", "tox", "iniconfig", "packaging", "site", "pyright", "semgrep",
})  # fmt: skip
_HONEST = frozenset(
    {"test", "this", "antigravity", "lib2to3", "idlelib", "turtledemo", "__main__", "__hello__", "__phello__"}
)
_FIRST = frozenset({"", "src", "lib", "python", "tests", "test"})
"""Folders that stand in front of the standard library on the import path."""
_NATIVE = (".so", ".pyd", ".dylib", ".dll")


def file_signs(pair: Pair) -> Iterator[Sign]:
    """A file that is obeyed, shadows a module, or is compiled."""
    if pair.diff.is_deleted:
        return
    path = PurePosixPath(pair.path)
    name = path.name
    if name in {"sitecustomize.py", "usercustomize.py"} or path.suffix in {".pth", "._pth", ".egg-link"}:
        yield _sign(pair, f"{name} is run by Python at every start, before any test")
    elif path.suffix in {".pyc", ".pyo"} or "__pycache__" in path.parts:
        yield _sign(
            pair, f"{name} is compiled code that Python would run instead of the source that people read"
        )
    elif not (pair.diff.is_added or pair.diff.is_renamed):
        return
    elif name.endswith(_NATIVE):
        yield _sign(pair, f"{name} is compiled code that nobody can review")
    elif shadowed := _shadowed(path):
        yield _sign(
            pair,
            f"{pair.path!r} stands in front of the module {shadowed!r} that everybody else means by that name",
        )
    elif name == "entry_points.txt":
        yield _sign(pair, "entry points that lie beside the source are loaded as if they were installed")


def plugin_signs(source: Source) -> Iterator[Sign]:
    """`pytest_plugins`, and entry points of pytest in a set-up script."""
    if source.words.isdisjoint({"pytest_plugins", "pytest11"}):
        return
    for node in source.nodes:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(dotted(target) == "pytest_plugins" for target in targets):
                yield _line(source, node, "pytest_plugins loads further plugins into the test run")
        elif isinstance(node, ast.Constant) and node.value == "pytest_plugins":
            yield _line(source, node, "pytest_plugins loads further plugins into the test run")
        elif isinstance(node, ast.Constant) and node.value == "pytest11":
            yield _line(source, node, "an entry point for pytest is loaded into every test run")


def text_signs(pair: Pair) -> Iterator[Sign]:
    """The same entry point in a file that is not Python."""
    for line in pair.diff.added:
        if (
            re.match(r"\s*\[?[\w.\"']*\bpytest11\b", line.text[:200])
            and PurePosixPath(pair.path).name != "pyproject.toml"
        ):
            message = "an entry point for pytest is loaded into every test run: look at what the plugin does"
            yield Sign(RULE, line.number, line.text, message, detail="pytest11")


def _shadowed(path: PurePosixPath) -> str:
    """The module that a new file or package would be imported instead of."""
    if path.suffix not in {".py", ".pyi"}:
        return ""
    module = path.parent if path.name == "__init__.py" else path.with_suffix("")
    folder = "" if str(module.parent) == "." else str(module.parent)
    known = module.name in _TOOLS or (module.name in sys.stdlib_module_names and module.name not in _HONEST)
    return module.name if folder in _FIRST and known else ""


def _sign(pair: Pair, what: str) -> Sign:
    first = next((line.text for line in pair.diff.added if line.text.strip()), "")
    shown = first if first.isprintable() else ""
    return Sign(RULE, 1, shown[:200], f"{what}: look at why it is needed")


def _line(source: Source, node: ast.stmt | ast.expr, what: str) -> Sign:
    return Sign(RULE, node.lineno, source.line(node.lineno), f"{what}: look at what they do", detail=what)
