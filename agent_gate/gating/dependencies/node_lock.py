"""Reads the lock files of yarn (both notations) and pnpm."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from agent_gate.gating.dependencies.node_files import locked_npm
from agent_gate.gating.dependencies.requirement import Item, Origin, Own, Requirement, SourceFile, address
from agent_gate.gating.dependencies.yaml_tree import read_yaml

_FIELD = re.compile(r'  "?(version|resolved|integrity)"? "?([^"\s]{1,2000})"?')


def read_yarn_lock(file: SourceFile) -> Iterator[Item]:
    """Yarn's lock file: YAML since version 2, a notation of its own before."""
    if re.search(r"^__metadata:", file.text, re.MULTILINE):
        yield from _berry(file)
    else:
        yield from _classic(file)


def _document(file: SourceFile) -> Mapping[str, Any]:
    data = read_yaml(file.text)
    if not isinstance(data, Mapping):
        raise ValueError("it must be a mapping")  # noqa: TRY004 - what a file says is no type error
    return data


def _berry(file: SourceFile) -> Iterator[Item]:
    for key, package in _document(file).items():
        if key == "__metadata":
            continue
        if not isinstance(package, Mapping):
            raise ValueError(f"{str(key)[:80]!a} must be a mapping")  # noqa: TRY004 - what a file says
        name, _, where = _split(str(package.get("resolution", key)))
        if where.startswith(("workspace:", "link:", "portal:")):
            yield Own("npm", name)
        elif not where.startswith("patch:"):
            version = str(package.get("version", ""))
            source = "" if where.startswith("npm:") else where
            yield locked_npm(file, name, version, source=source, hashed=bool(package.get("checksum")))


def _split(descriptor: str) -> tuple[str, str, str]:
    """`@scope/name@npm:1.2.3` at the `@` between name and version."""
    head, sign, rest = descriptor[1:].partition("@")
    return descriptor[:1] + head, sign, rest


def _classic(file: SourceFile) -> Iterator[Item]:
    """Blocks of a line with descriptors and indented fields; whatever else stands there is refused."""
    descriptors, fields = "", dict[str, str]()
    for number, line in enumerate([*file.text.splitlines(), ""], 1):
        if not line.strip() or line.startswith("#"):
            continue
        if not line.startswith(" "):
            if not line.endswith(":"):
                raise ValueError(f"line {number} is no entry")
            if descriptors:
                yield from _classic_entry(file, descriptors, fields)
            descriptors, fields = line[:-1], {}
        elif not descriptors:
            raise ValueError(f"line {number} belongs to no entry")
        elif found := _FIELD.fullmatch(line):
            fields[found[1]] = found[2]
    if descriptors:
        yield from _classic_entry(file, descriptors, fields)


def _classic_entry(file: SourceFile, descriptors: str, fields: Mapping[str, str]) -> Iterator[Item]:
    name, _, where = _split(descriptors.split(",", maxsplit=1)[0].strip().strip('"'))
    if where.startswith("npm:"):
        name = _split(where.removeprefix("npm:"))[0]
    resolved = fields.get("resolved", "")
    from_index = bool(re.search(r"\.tgz(?:#|$|\?)", resolved)) and "/-/" in resolved
    source = "" if from_index or not resolved else resolved
    hashed = "integrity" in fields or "#" in resolved
    yield locked_npm(file, name, fields.get("version", ""), source=source, hashed=hashed)
    if from_index and address(resolved):
        yield Origin(0, address(resolved))


def read_pnpm_lock(file: SourceFile) -> Iterator[Item]:
    """Pnpm's lock file, versions 5 to 9."""
    data = _document(file)
    packages = data.get("packages") or {}
    if not isinstance(packages, Mapping):
        raise ValueError("packages must be a mapping")  # noqa: TRY004 - what a file says is no type error
    for key, package in packages.items():
        yield from _pnpm_entry(file, str(key), package if isinstance(package, Mapping) else {})


def _pnpm_entry(file: SourceFile, key: str, package: Mapping[str, Any]) -> Iterator[Item]:
    resolution = package.get("resolution")
    told = resolution if isinstance(resolution, Mapping) else {}
    name, version = _pnpm_name(key, package)
    tarball = str(told.get("tarball") or "")
    source = next((f"{k} {told[k]}" for k in ("repo", "directory") if told.get(k)), "")
    if tarball and "/-/" not in tarball:
        source = tarball
    yield _pnpm_requirement(file, name, version, source, hashed=bool(told.get("integrity")))
    if not source and address(tarball):
        yield Origin(0, address(tarball))


def _pnpm_requirement(file: SourceFile, name: str, version: str, source: str, *, hashed: bool) -> Requirement:
    return locked_npm(file, name, version, source=source, hashed=hashed)


def _pnpm_name(key: str, package: Mapping[str, Any]) -> tuple[str, str]:
    """Name and version of `/name/1.2.3_peer`, `/@s/name@1.2.3(peer)`, `name@1.2.3`."""
    bare = key.removeprefix("/").partition("(")[0]
    name, sign, version = _split(bare)
    if not sign and "/" in bare:  # version 5
        name, _, version = bare.rpartition("/")
    name = str(package.get("name") or name)
    return name, str(package.get("version") or version.partition("_")[0])
