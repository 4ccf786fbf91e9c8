"""Changes as data: known-bad ones that a rule must see, and honest ones that look like them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from agent_gate.domain.gate import Finding
from agent_gate.gating.diff import read_diff
from agent_gate.gating.integrity.change import Change
from agent_gate.gating.integrity.examine import examine
from agent_gate.resources import data_directory
from agent_gate.vcs.repo import Entry, Repository

OPTIONS: Mapping[str, Any] = tomllib.loads((data_directory("gates") / "integrity.toml").read_text())[
    "options"
]


@dataclass(frozen=True)
class Sample:
    """One change of a base; `rule` is empty for an honest one."""

    name: str
    base: Mapping[str, str]
    after: Mapping[str, str]
    rule: str = ""
    level: str = ""
    protected: tuple[str, ...] = field(default=())


def read_samples(path: Path) -> list[Sample]:
    """The samples of one topic."""
    data = tomllib.loads(path.read_text())
    return [
        Sample(
            name=f"{path.stem}: {each['name']}",
            base=data["base"],
            after=_changed(data["base"], each),
            rule=each["rule"] if kind == "bad" else "",
            level=each.get("level", "ask") if kind == "bad" else "",
            protected=tuple(data.get("protected", ())),
        )
        for kind in ("bad", "honest")
        for each in data[kind]
    ]


def _changed(base: Mapping[str, str], sample: Mapping[str, Any]) -> dict[str, str]:
    files = dict(base)
    for path, replacements in sample.get("edit", {}).items():
        for old, new in replacements:
            assert files[path].count(old) == 1, (sample["name"], old)
            files[path] = files[path].replace(old, new)
    for path, text in sample.get("append", {}).items():
        files[path] += text
    files |= sample.get("files", {})
    for path, new in sample.get("rename", {}).items():
        files[new] = files.pop(path)
    return {path: text for path, text in files.items() if path not in sample.get("delete", ())}


def examined(
    repository: Repository,
    base: Mapping[str, str | bytes],
    after: Mapping[str, str | bytes],
    protected: tuple[str, ...] = (),
) -> tuple[Finding, ...]:
    """What the rules say about the way from one set of files to another, through a real repository."""
    diffs = read_diff(repository, _tree(repository, base), _tree(repository, after))
    touched = {diff.path for diff in diffs}
    tests = {
        path: _bytes(text)
        for path, text in after.items()
        if path.startswith("tests/") and path not in touched
    }
    return examine(Change(diffs, OPTIONS, protected, tests))


def _tree(repository: Repository, files: Mapping[str, str | bytes]) -> str:
    entries = {path: Entry("100644", _blob(repository, _bytes(text))) for path, text in files.items()}
    return _written(repository, tuple(sorted(entries.items())))


@cache
def _blob(repository: Repository, content: bytes) -> str:
    return repository.write_blob(content)


@cache
def _written(repository: Repository, entries: tuple[tuple[str, Entry], ...]) -> str:
    return repository.write_tree(repository.tree_of("HEAD"), dict(entries))


def _bytes(text: str | bytes) -> bytes:
    if text == "DEEP":
        return b"x = " + b"-" * 3000 + b"1\n"
    return text if isinstance(text, bytes) else text.encode()
