"""Reads what a Python project declares: pyproject.toml, setup.cfg, setup.py, Pipfile."""

from __future__ import annotations

import ast
import configparser
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from agent_gate.gating.dependencies.poetry import poetry_requirement
from agent_gate.gating.dependencies.requirement import (
    Computed,
    Include,
    Item,
    Own,
    Setting,
    SourceFile,
    python_name,
    python_requirement,
)
from agent_gate.gating.dependencies.requirements_file import beside
from agent_gate.syntax import parse_python

_SETUP_LISTS = ("install_requires", "setup_requires", "tests_require")
_SETUP_NAMES = frozenset({"setup", "setuptools.setup", "distutils.core.setup", "core.setup"})
_INDEX_KEYS = frozenset({"index-url", "extra-index-url", "find-links", "trusted-host", "default-index"})


def read_pyproject(file: SourceFile) -> Iterator[Item]:
    """The standard tables (PEP 518, 621, 735) and those of uv, Poetry, PDM, Hatch and setuptools."""
    data = tomllib.loads(file.text)
    project, tool = table(data, "project"), table(data, "tool")
    if isinstance(project.get("name"), str):
        yield Own("pypi", python_name(project["name"]))
    yield from _requirements(file, project.get("dependencies", []))
    for group in table(project, "optional-dependencies").values():
        yield from _requirements(file, group)
    for group in table(data, "dependency-groups").values():
        yield from _requirements(file, [entry for entry in _list(group) if not isinstance(entry, dict)])
    yield from _requirements(file, table(data, "build-system").get("requires", []))
    if table(data, "build-system").get("backend-path"):
        yield Computed(file.line_of("backend-path"), "a build back end of the project's own")
    yield from _uv(file, table(tool, "uv"))
    yield from _poetry(file, table(tool, "poetry"))
    yield from _other_tools(file, tool)
    yield from _dynamic(file, project, tool)


def table(data: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    """The table under the keys, empty where there is none; raises ValueError where something else is."""
    found = data
    for key in keys:
        inner: Any = found.get(key, {})
        if not isinstance(inner, Mapping):
            raise ValueError(f"{'.'.join(keys)} must be a table")  # noqa: TRY004 - what a file says is no type error
        found = inner
    return found


def _list(data: Any) -> list[Any]:
    if not isinstance(data, list):
        raise ValueError(f"{str(data)[:80]!a} must be a list")  # noqa: TRY004 - what a file says is no type error
    return data


def _requirements(file: SourceFile, entries: Any) -> Iterator[Item]:
    for entry in _list(entries):
        if not isinstance(entry, str):
            raise ValueError(f"{str(entry)[:80]!a} is no requirement")  # noqa: TRY004 - what a file says
        yield python_requirement(file, entry)


def _uv(file: SourceFile, uv: Mapping[str, Any]) -> Iterator[Item]:
    for key in (
        "dev-dependencies",
        "constraint-dependencies",
        "override-dependencies",
        "build-constraint-dependencies",
    ):
        yield from _requirements(file, uv.get(key, []))
    for name, source in table(uv, "sources").items():
        for one in source if isinstance(source, list) else [source]:
            if not isinstance(one, Mapping):
                raise ValueError(f"tool.uv.sources.{name} must be a table")  # noqa: TRY004 - what a file says
            if not one.get("workspace"):
                where = ", ".join(f"{key} = {value}" for key, value in sorted(one.items()))
                yield Setting(file.line_of(f"{name} = {{", name), f"{name}: {where}")
    yield from _indexes(file, uv)
    yield from _indexes(file, table(uv, "pip"))


def _indexes(file: SourceFile, settings: Mapping[str, Any]) -> Iterator[Setting]:
    for index in _list(settings.get("index", [])):
        url = str(index.get("url", index)) if isinstance(index, Mapping) else str(index)
        yield Setting(file.line_of(url), f"index: {url}")
    for key in sorted(_INDEX_KEYS & set(settings)):
        value = settings[key]
        for one in value if isinstance(value, list) else [value]:
            yield Setting(file.line_of(str(one), key), f"{key}: {one}")


def _poetry(file: SourceFile, poetry: Mapping[str, Any]) -> Iterator[Item]:
    if isinstance(poetry.get("name"), str):
        yield Own("pypi", python_name(poetry["name"]))
    groups = [table(poetry, "dependencies"), table(poetry, "dev-dependencies")]
    groups += [table(poetry, "group", name, "dependencies") for name in table(poetry, "group")]
    for group in groups:
        for name, wanted in group.items():
            if name.lower() != "python":
                yield from poetry_requirement(file, name, wanted)
    for source in _list(poetry.get("source", [])):
        yield Setting(file.line_of("tool.poetry.source"), f"source: {_url_of(source)}")


def _url_of(source: Any) -> str:
    return str(source.get("url") or source.get("name")) if isinstance(source, Mapping) else str(source)


def _other_tools(file: SourceFile, tool: Mapping[str, Any]) -> Iterator[Item]:
    for group in table(tool, "pdm", "dev-dependencies").values():
        yield from _requirements(file, [entry for entry in _list(group) if not str(entry).startswith("-e")])
    for source in _list(table(tool, "pdm").get("source", [])):
        yield Setting(file.line_of("tool.pdm.source"), f"source: {_url_of(source)}")
    for environment in table(tool, "hatch", "envs").values():
        if isinstance(environment, Mapping):
            for key in ("dependencies", "extra-dependencies"):
                yield from _requirements(file, environment.get(key, []))


def _dynamic(file: SourceFile, project: Mapping[str, Any], tool: Mapping[str, Any]) -> Iterator[Item]:
    """What `project.dynamic` leaves to the back end: setuptools names files, others compute."""
    dynamic = [
        key for key in _list(project.get("dynamic", [])) if key in {"dependencies", "optional-dependencies"}
    ]
    named = table(tool, "setuptools", "dynamic")
    for key in dynamic:
        told = table(named, key)
        entries = [told] if key == "dependencies" else [told[name] for name in told]
        files = [path for entry in entries for path in _files(entry)]
        yield from (Include(file.line_of(path), beside(file.path, path)) for path in files)
        if not files and "poetry" not in tool:
            yield Computed(file.line_of("dynamic"), f"project.dynamic: {key}")


def _files(entry: Any) -> Iterable[str]:
    named = entry.get("file", []) if isinstance(entry, Mapping) else []
    return [named] if isinstance(named, str) else [str(path) for path in _list(named)]


def read_pipfile(file: SourceFile) -> Iterator[Item]:
    """Pipenv's Pipfile: the tables of packages, and the sources."""
    data = tomllib.loads(file.text)
    for source in _list(data.get("source", [])):
        yield Setting(file.line_of("[[source]]"), f"source: {_url_of(source)}")
    for key, group in data.items():
        if key not in {"source", "requires", "scripts", "pipenv", "pipfile"} and isinstance(group, Mapping):
            for name, wanted in group.items():
                yield from poetry_requirement(file, name, wanted)


def read_setup_cfg(file: SourceFile) -> Iterator[Item]:
    """Setuptools' declarative configuration."""
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(file.text)
    except configparser.Error as error:
        raise ValueError(str(error).splitlines()[0]) from None
    name = parser.get("metadata", "name", fallback="")
    if name and not name.startswith("attr:"):
        yield Own("pypi", python_name(name))
    lists = [parser.get("options", key, fallback="") for key in _SETUP_LISTS]
    if parser.has_section("options.extras_require"):
        lists += [value for _, value in parser.items("options.extras_require")]
    for value in lists:
        yield from _setup_cfg_list(file, value)
    for section, key in (
        ("options", "dependency_links"),
        ("easy_install", "index_url"),
        ("easy_install", "find_links"),
    ):
        for line in parser.get(section, key, fallback="").split():
            yield Setting(file.line_of(line), f"{key}: {line}")


def _setup_cfg_list(file: SourceFile, value: str) -> Iterator[Item]:
    if value.strip().startswith("file:"):
        for path in re.split(r"[,\s]+", value.strip().removeprefix("file:").strip()):
            yield Include(file.line_of(path), beside(file.path, path))
        return
    for line in value.splitlines() if "\n" in value else value.split(";"):
        if line.strip() and not line.strip().startswith("#"):
            yield python_requirement(file, line)


def read_setup_py(file: SourceFile) -> Iterator[Item]:
    """The literal arguments of `setup()`; what would have to be run is told as computed."""
    try:
        tree = parse_python(file.text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"it cannot be parsed: {error}") from None
    constants = _constants(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _dotted(node.func) in _SETUP_NAMES:
            yield from _setup_call(file, node, constants)


def _setup_call(file: SourceFile, call: ast.Call, constants: Mapping[str, ast.expr]) -> Iterator[Item]:
    for keyword in call.keywords:
        line = keyword.value.lineno
        if keyword.arg is None:
            yield Computed(line, "setup(**…)")
        elif keyword.arg in {*_SETUP_LISTS, "extras_require", "dependency_links", "name"}:
            value = keyword.value
            if isinstance(value, ast.Name):
                value = constants.get(value.id, value)
            try:
                literal = ast.literal_eval(value)
            except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
                yield Computed(line, f"setup({keyword.arg}=…)")
                continue
            yield from _setup_argument(file, keyword.arg, literal, line)


def _setup_argument(file: SourceFile, key: str, literal: Any, line: int) -> Iterator[Item]:
    if key == "name":
        if isinstance(literal, str):
            yield Own("pypi", python_name(literal))
        return
    groups = list(literal.values()) if isinstance(literal, dict) else [literal]
    for group in groups:
        entries = group.splitlines() if isinstance(group, str) else list(group or ())
        for entry in (text for text in entries if str(text).strip()):
            if key == "dependency_links":
                yield Setting(line, f"dependency_links: {entry}")
            elif isinstance(entry, str):
                yield python_requirement(file, entry, line)
            else:
                raise ValueError(f"line {line}: {str(entry)[:80]!a} is no requirement")


def _constants(tree: ast.Module) -> dict[str, ast.expr]:
    """Names that the whole file binds exactly once, at its top level, and what to."""
    bound: dict[str, list[ast.expr]] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            bound.setdefault(node.targets[0].id, []).append(node.value)
    stores = [n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)]
    touched = {
        node.value.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.value, ast.Name)
    }  # `requires.append(…)`, `requires[0] = …`
    return {
        name: values[0]
        for name, values in bound.items()
        if len(values) == 1 and stores.count(name) == 1 and name not in touched
    }


def _dotted(node: ast.expr) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join(reversed([*parts, node.id])) if isinstance(node, ast.Name) else ""
