"""Reads the lock files of Python: uv.lock, poetry.lock, pdm.lock, pylock.toml (PEP 751), Pipfile.lock."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from agent_gate.gating.dependencies.python_project import table
from agent_gate.gating.dependencies.requirement import (
    Item,
    Origin,
    Own,
    Requirement,
    Setting,
    SourceFile,
    address,
    python_name,
)

_ELSEWHERE = ("git", "url", "path", "directory", "editable", "virtual", "vcs", "archive")
_FILES = ("wheels", "files", "sdist", "archive")


def read_toml_lock(file: SourceFile) -> Iterator[Item]:
    """uv.lock, poetry.lock, pdm.lock and pylock.toml: one table a package."""
    data = tomllib.loads(file.text)
    packages = data.get("packages", data.get("package", []))
    old_hashes = table(data, "metadata").get("files", {})  # Poetry before 1.3
    for package in _tables(packages):
        name = python_name(package.get("name", ""))
        where = _elsewhere(package)
        if where in {".", "editable .", "virtual ."}:
            yield Own("pypi", name)
            continue
        version = package.get("version", "")
        files = list(_files(package)) or list(_tables(_mapping(old_hashes).get(name, [])))
        yield _locked(file, name, version, where, any(_is_hashed(one) for one in files))
        yield from _origins(package, files)


def _locked(file: SourceFile, name: str, version: Any, where: str, hashed: bool) -> Requirement:
    if not isinstance(version, str):
        raise ValueError(f"{name}: its version is no text")  # noqa: TRY004 - what a file says is no type error
    return Requirement(
        ecosystem="pypi",
        name=name,
        specifier=f"=={version}" if version else "",
        path=file.path,
        source=where,
        hashed=hashed,
        locked=True,
        written=f'"{name}"',
    )


def _mapping(data: Any) -> Mapping[str, Any]:
    return data if isinstance(data, Mapping) else {}


def _tables(data: Any) -> Iterator[Mapping[str, Any]]:
    if not isinstance(data, list):
        raise ValueError("its packages must be a list of tables")  # noqa: TRY004 - what a file says is no type error
    for one in data:
        if not isinstance(one, Mapping):
            raise ValueError("its packages must be a list of tables")  # noqa: TRY004 - what a file says
        yield one


def _elsewhere(package: Mapping[str, Any]) -> str:
    """From where a package comes instead of from an index; empty where it comes from one."""
    source = _mapping(package.get("source"))
    kind = source.get("type", "")
    if kind:  # Poetry
        return f"{kind} {source.get('url', '')}" if kind in {"git", "url", "directory", "file"} else ""
    for key in _ELSEWHERE:
        told = source.get(key, package.get(key) if key != "archive" or "version" not in package else None)
        if isinstance(told, str):
            return told if told == "." else f"{key} {told}"
        if isinstance(told, Mapping):
            return f"{key} {told.get('url') or told.get('path') or ''}"
    return ""


def _files(package: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for key in _FILES:
        told = package.get(key)
        yield from (one for one in (told if isinstance(told, list) else [told]) if isinstance(one, Mapping))


def _is_hashed(one: Mapping[str, Any]) -> bool:
    return bool(one.get("hash") or one.get("hashes"))


def _origins(package: Mapping[str, Any], files: list[Mapping[str, Any]]) -> Iterator[Origin]:
    source = _mapping(package.get("source"))
    told = [source.get("registry"), package.get("index"), *(one.get("url") for one in files)]
    if source.get("type") == "legacy":  # Poetry: another index
        told.append(source.get("url"))
    for url in told:
        if isinstance(url, str) and address(url):
            yield Origin(0, address(url))


def read_pipfile_lock(file: SourceFile) -> Iterator[Item]:
    """Pipenv's lock file."""
    data = _mapping(json.loads(file.text))
    for source in table(data, "_meta").get("sources", []):
        yield Setting(file.line_of('"sources"'), f"source: {_mapping(source).get('url', source)}")
    for group in (key for key in data if key != "_meta"):
        for name, package in table(data, group).items():
            entry = _mapping(package)
            where = next(
                (f"{key} {entry[key]}" for key in ("git", "file", "path", "url") if key in entry), ""
            )
            version = str(entry.get("version", "")).removeprefix("==")
            yield _locked(file, python_name(name), version, where, bool(entry.get("hashes")))
