"""Where the modules of a repository lie, and what their names mean to each other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from agent_gate.survey.python_source import (
    every_statement,
    imported_packages,
    is_test_file,
    last_name,
    parsed,
    statements,
)
from agent_gate.survey.work_tree import WorkTree

MOST_READ = 32 * 1024 * 1024
"""So many characters of source are looked through; what comes after them is not."""
ASIDE = frozenset(
    {
        "docs", "doc", "docs_src", "example", "examples", "sample", "samples", "benchmarks", "testdata", "fixtures",
        "migrations", "alembic", "vendor", "_vendor", "third_party", "testing",
    }
)  # fmt: skip
"""Folders whose files are not what the repository is made of."""
_LONGEST_TEXT = 1000
"""Longer literals are no paths."""
_DEEPEST = 16
"""So deep an expression, and so long a chain of re-exports, is followed."""


class Module(NamedTuple):
    """A module's dotted name, and the folder in which Python would have to look for it."""

    folder: str
    name: str


class Place(NamedTuple):
    """A name in a file of the repository; no name means the whole module."""

    file: str
    name: str = ""


class SourceTree:
    """The Python files of a repository as modules that import each other."""

    def __init__(self, tree: WorkTree) -> None:
        self.tree = tree
        self._modules: dict[str, Module | None] = {}
        self._files_of: dict[tuple[str, str], str] = {}
        self._bindings: dict[str, dict[str, Place]] = {}

    def files(self, *signs: str) -> Iterator[tuple[str, str]]:
        """Path and text of the files that the repository is made of and that hold one of the signs."""
        read = 0
        for path in self.tree.files:
            if not path.endswith(".py") or is_test_file(path) or not ASIDE.isdisjoint(path.split("/")):
                continue
            text = self.tree.text(path)
            read += len(text)
            if read > MOST_READ:
                return
            if not signs or any(sign in text for sign in signs):
                yield path, text

    def module(self, path: str) -> Module | None:
        """The module that the file is; None where Python could not import it by a name."""
        if path not in self._modules:
            self._modules[path] = self._module(path)
        return self._modules[path]

    def _module(self, path: str) -> Module | None:
        *folders, last = path.removesuffix(".py").split("/")
        start = len(folders)
        while start and self.tree.exists("/".join((*folders[:start], "__init__.py"))):
            start -= 1
        if start == len(folders):  # no package; but files that name their own folder take it for one
            named = imported_packages(self.tree.text(path))
            start = next((place for place, name in enumerate(folders) if name in named), start)
        parts = [*folders[start:], *([] if last == "__init__" else [last])]
        if not parts or not all(part.isidentifier() for part in parts):
            return None
        return Module("/".join(folders[:start]), ".".join(parts))

    def file_of(self, module: str, near: str = "") -> str:
        """The file of a module, looked for from where `near` would import it; empty for those of others."""
        if (module, near) not in self._files_of:
            own = self.module(near) if near else None
            folders = dict.fromkeys((own.folder if own else "", "", "src", near.rpartition("/")[0]))
            places = (f"{folder}/{module.replace('.', '/')}".lstrip("/") for folder in folders)
            self._files_of[module, near] = next(
                (found for place in places if (found := self._module_at(place))), ""
            )
        return self._files_of[module, near]

    def resolve(self, path: str, dotted: str) -> Place | None:
        """What a name means in a file: followed through the imports of the repository to where it is bound."""
        for _ in range(_DEEPEST):
            bindings = self.bindings(path)
            parts = dotted.split(".")
            length = next((n for n in range(len(parts), 0, -1) if ".".join(parts[:n]) in bindings), 0)
            if not length:
                return Place(path, dotted) if len(parts) == 1 else None
            found = bindings[".".join(parts[:length])]
            rest = [*([found.name] if found.name else []), *parts[length:]]
            if not rest:
                return found
            path, dotted = found.file, ".".join(rest)
            if len(rest) > 1 and (inner := self._module_at(f"{path.rpartition('/')[0]}/{rest[0]}")):
                path, dotted = inner, ".".join(rest[1:])
        return None

    def bindings(self, path: str) -> dict[str, Place]:
        """The names that a file imports from other files of the repository."""
        if path not in self._bindings:
            tree = parsed(self.tree.text(path))
            nodes = every_statement(tree) if tree else ()
            self._bindings[path] = dict(pair for node in nodes for pair in self._bound(path, node))
        return self._bindings[path]

    def text_of(self, node: ast.AST | None, depth: int = 0) -> str | None:
        """The text that an expression stands for, as far as it can be read: literals, and names of constants."""
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, str) and len(node.value) <= _LONGEST_TEXT else None
        if isinstance(node, ast.Name | ast.Attribute):
            name = last_name(node)
            return self._constants.get(name) if name.isupper() else None
        parts: list[ast.expr] = []
        if isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.FormattedValue) else part for part in node.values]
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            parts = [node.left, node.right]
        texts = [self.text_of(part, depth + 1) for part in parts] if depth < _DEEPEST else []
        return "".join(filter(None, texts)) if texts and None not in texts else None

    @cached_property
    def _constants(self) -> dict[str, str | None]:
        """The texts that are assigned to names in capitals; None for a name that means several."""
        found: dict[str, str | None] = {}
        assigned = re.compile(
            r"^[ \t]*([A-Z][A-Z0-9_]+)[ \t]*(?::[^=\n]+)?=[ \t]*[\"']([^\"'\n]*)[\"']", re.MULTILINE
        )
        for _, text in self.files():
            for name, value in assigned.findall(text):
                found[name] = value if found.get(name, value) == value else None
        return found

    def _module_at(self, place: str) -> str:
        files = (f"{place}.py", f"{place}/__init__.py")
        return next((file for file in files if self.tree.exists(file)), "")

    def _bound(self, path: str, node: ast.AST) -> Iterator[tuple[str, Place]]:
        if isinstance(node, ast.Import):
            for alias in node.names:
                if file := self.file_of(alias.name, path):
                    yield alias.asname or alias.name, Place(file)
        elif isinstance(node, ast.ImportFrom):
            base = self._package_of(path, node)
            for alias in node.names if base is not None else ():
                if inner := self._module_at(f"{base}/{alias.name}".lstrip("/")):
                    yield alias.asname or alias.name, Place(inner)
                elif base and (file := self._module_at(base)):
                    yield alias.asname or alias.name, Place(file, alias.name)

    def _package_of(self, path: str, node: ast.ImportFrom) -> str | None:
        """The folder, or the file without its end, that an import takes names from; None where it is not ours."""
        module = (node.module or "").replace(".", "/")
        if node.level:
            folders = path.split("/")[:-1]
            if node.level - 1 > len(folders):
                return None
            kept = folders[: len(folders) - (node.level - 1)]
            return "/".join((*kept, *([module] if module else [])))
        file = self.file_of(node.module or "", path)
        if file:
            return file.removesuffix(".py").removesuffix("/__init__")
        return self._namespace(module, path)

    def _namespace(self, module: str, path: str) -> str | None:
        """The folder of a package without `__init__.py`."""
        own = self.module(path)
        for folder in dict.fromkeys((own.folder if own else "", "", "src")):
            place = f"{folder}/{module}".lstrip("/")
            if self.tree.has_folder(place):
                return place
        return None


def assigned_calls(body: list[ast.stmt]) -> Iterator[tuple[str, ast.Call]]:
    """The calls whose results a scope gives a name: `app = FastAPI()`."""
    for node in statements(body):
        value = getattr(node, "value", None)
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(value, ast.Call):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Name):
                    yield target.id, value


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """The value of a keyword argument."""
    return next((each.value for each in call.keywords if each.arg == name), None)
