"""Reads what npm goes by: package.json, its lock file, and settings in .npmrc."""

from __future__ import annotations

import json
import re
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
    npm_name,
)

_GROUPS = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")
_OVERRIDES = ("overrides", "resolutions")
_VERSION = re.compile(r"[\s0-9A-Za-z^~<>=|*.+-]{0,200}")
_ARCHIVE = re.compile(r"\.(?:tgz|tar|tar\.gz)$")
_HOSTED = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+(?:#.*)?")
_DEEPEST = 20


def read_package_json(file: SourceFile) -> Iterator[Item]:
    """The groups of dependencies, and what overrides those of others."""
    data = _document(file)
    if isinstance(data.get("name"), str) and data["name"]:
        yield Own("npm", data["name"])
    for group in _GROUPS:
        for name, wanted in table(data, group).items():
            yield npm_requirement(file, name, wanted, optional=group == "optionalDependencies")
    for group in (*_OVERRIDES, "pnpm"):
        told = table(data, group) if group != "pnpm" else table(data, "pnpm", "overrides")
        yield from _overrides(file, told, _DEEPEST)
    registry = table(data, "publishConfig").get("registry")
    if registry:
        yield Setting(file.line_of("publishConfig"), f"publishConfig.registry: {registry}")


def _document(file: SourceFile) -> Mapping[str, Any]:
    data = json.loads(file.text)
    if not isinstance(data, dict):
        raise ValueError("it must be an object")  # noqa: TRY004 - what a file says is no type error
    return data


def npm_requirement(file: SourceFile, name: str, wanted: Any, *, optional: bool = False) -> Requirement:
    """One entry of a group (npm's manual, "package.json", dependencies). Raises ValueError."""
    if not isinstance(wanted, str):
        raise ValueError(f"{name[:80]!a}: its version must be a text")  # noqa: TRY004 - what a file says
    written, text = f'"{name}"', wanted.strip()
    if text.startswith("npm:"):  # another package under this name
        name, _, text = text.removeprefix("npm:").rpartition("@") if "@" in text[5:] else (text[4:], "", "")
    is_source = ":" in text or "/" in text or text.startswith(".") or bool(_ARCHIVE.search(text))
    if not is_source and not _VERSION.fullmatch(text):
        raise ValueError(f"{name[:80]!a}: {text[:80]!a} is no version")
    return Requirement(
        ecosystem="npm",
        name=npm_name(name),
        specifier="" if is_source or text in {"*", "x"} else text,
        path=file.path,
        source=text if is_source else "",
        written=written,
        marker="optional" if optional else "",
    )


def _overrides(file: SourceFile, told: Mapping[str, Any], deepest: int) -> Iterator[Item]:
    if not deepest:
        raise ValueError("its overrides are nested too deep")
    for key, value in told.items():
        name = _last_name(key)
        if isinstance(value, Mapping):
            yield from _overrides(file, value, deepest - 1)
        elif name and not str(value).startswith("$"):
            yield npm_requirement(file, name, value)


def _last_name(key: str) -> str:
    """The package that `a/**/b`, `a>b`, `b@1` or `@s/b` is about; `.` is the one around it."""
    last = key.rpartition(">")[2]
    parts = [part for part in last.split("/") if part not in {"", "**", "."}]
    name = "/".join(parts[-2:]) if len(parts) > 1 and parts[-2].startswith("@") else "".join(parts[-1:])
    return name[:1] + name[1:].partition("@")[0]


def read_package_lock(file: SourceFile) -> Iterator[Item]:
    """Npm's lock file, versions 1 to 3, and npm-shrinkwrap.json."""
    data = _document(file)
    packages = table(data, "packages")
    for place, package in packages.items():
        if not isinstance(package, Mapping):
            raise ValueError(f"packages.{place[:80]!a} must be an object")  # noqa: TRY004 - what a file says
        name = package.get("name") or place.rpartition("node_modules/")[2]
        if "node_modules/" not in place or package.get("link"):
            if isinstance(name, str) and name:
                yield Own("npm", name)
            continue
        yield from _locked(file, str(name), package)
    if not packages:
        yield from _version_one(file, table(data, "dependencies"), _DEEPEST)


def _version_one(file: SourceFile, told: Mapping[str, Any], deepest: int) -> Iterator[Item]:
    if not deepest:
        raise ValueError("its dependencies are nested too deep")
    for name, package in told.items():
        if not isinstance(package, Mapping):
            raise ValueError(f"dependencies.{name[:80]!a} must be an object")  # noqa: TRY004 - what a file says
        yield from _locked(file, name, package)
        yield from _version_one(file, table(package, "dependencies"), deepest - 1)


def _locked(file: SourceFile, name: str, package: Mapping[str, Any]) -> Iterator[Item]:
    version, resolved = str(package.get("version", "")), str(package.get("resolved") or "")
    is_source = not re.fullmatch(r"\d[\w.+-]*", version) or resolved.startswith(("git", "file:"))
    if version.startswith("npm:"):
        name, _, version = version.removeprefix("npm:").rpartition("@")
        is_source = False
    yield locked_npm(
        file, name, version, source=(resolved or version) if is_source else "",
        hashed=bool(package.get("integrity")), optional=bool(package.get("optional")),
    )  # fmt: skip
    if not is_source and address(resolved):
        yield Origin(0, address(resolved))


def locked_npm(
    file: SourceFile, name: str, version: str, *, source: str = "", hashed: bool, optional: bool = False
) -> Requirement:
    """An entry of a lock file."""
    return Requirement(
        ecosystem="npm",
        name=npm_name(name),
        specifier="" if source else version,
        path=file.path,
        source=source,
        hashed=hashed,
        locked=True,
        written=f"{name}",
        marker="optional" if optional else "",
    )


def is_hosted(text: str) -> bool:
    """`user/repository`, which npm takes from a code host."""
    return bool(_HOSTED.fullmatch(text))


def read_settings(file: SourceFile) -> Iterator[Item]:
    """Lines of .npmrc, .yarnrc, .yarnrc.yml, pip.conf and uv.toml that say where packages come from."""
    for number, line in enumerate(file.text.splitlines(), 1):
        bare = line.strip()
        if (
            bare
            and bare[0] not in "#;"
            and re.search(r"registry|index|find-links|trusted-host|npmRegistry", bare)
        ):
            yield Setting(number, bare[:400])
