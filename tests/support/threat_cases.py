"""Attacks and honest look-alikes as data: a base, a change of it, and what has to be said about it."""

from __future__ import annotations

import os
import py_compile
import subprocess
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any, Literal

from repositories import git, write_files

from agent_gate.domain.digest import canonical_json, sha256

Says = Literal["blocked", "asked", "passed"]
CORPUS = Path(__file__).parents[1] / "adversarial"
_KEYS = {
    "name", "row", "base", "over", "naive", "says", "by", "why", "listed",
    "edit", "append", "files", "delete", "rename", "mode", "link", "submodule", "repeat", "spread", "hex", "bytecode", "spec", "needless",
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One change. An attack belongs to a row of the threat model; an honest change to none."""

    name: str
    topic: str
    base: Mapping[str, str]
    change: Mapping[str, Any]
    """How the change is written: `edit`, `append`, `files`, `delete`, `rename`, `mode`, `link`, …"""
    says: Says
    by: tuple[str, ...] = ()
    """`gate/rule`, the main ones of an attack, all of an honest change."""
    row: str = ""
    naive: tuple[str, ...] = ()
    """Commands that say nothing against the attack, by name."""
    why: str = ""
    """What the honest change resembles and why it asks, or what makes the attack remarkable."""
    needless: bool = False
    """An honest change that is asked about although the contract has no such question."""
    spec: str = ""
    """The clauses to which the change is held, as YAML."""
    listed: str = ""
    """Its name in the first corpus, which came with the project's plan."""

    @property
    def is_attack(self) -> bool:
        """Whether it belongs to a row."""
        return bool(self.row)

    @property
    def digest(self) -> str:
        """Of what is carried out: an outcome that was recorded of another one counts for nothing."""
        return sha256(canonical_json([dict(self.base), dict(self.change), list(self.naive), self.spec]))


def read_cases() -> tuple[Case, ...]:
    """All cases, in the order of the files and in them."""
    bases = {path.stem: tomllib.loads(path.read_text()) for path in sorted((CORPUS / "bases").glob("*.toml"))}
    found: list[Case] = []
    for path in sorted((CORPUS / "corpus").glob("*.toml")):
        data = tomllib.loads(path.read_text())
        found += [_case(path.stem, bases, each, attack=True) for each in data.get("attack", ())]
        found += [_case(path.stem, bases, each, attack=False) for each in data.get("honest", ())]
    return tuple(found)


def _case(
    topic: str, bases: Mapping[str, Mapping[str, str]], each: Mapping[str, Any], *, attack: bool
) -> Case:
    assert set(each) <= _KEYS, (each["name"], set(each) - _KEYS)
    assert attack == ("row" in each), each["name"]
    base = {**bases[each["base"]], **each.get("over", {})}
    change = {key: each[key] for key in each.keys() & _HOW.keys()}
    return Case(
        name=each["name"], topic=topic, base=base, change=change, says=each["says"], by=tuple(each.get("by", ())),
        row=each.get("row", ""), naive=tuple(each.get("naive", ())), why=each.get("why", ""),
        listed=each.get("listed", ""), spec=each.get("spec", ""),
        needless=each.get("needless", False),
    )  # fmt: skip


def make_change(case: Case, root: Path) -> None:
    """Makes the case's change in a work tree that holds its base."""
    for key, make in _HOW.items():
        if key in case.change:
            make(case, root, case.change[key])


def _edit(case: Case, root: Path, edits: Mapping[str, Any]) -> None:
    for path, pairs in edits.items():
        text = (root / path).read_text()
        for old, new in pairs:
            assert text.count(old) == 1, (case.name, path, old, text.count(old))
            text = text.replace(old, new)
        (root / path).write_text(text)


def _append(_: Case, root: Path, texts: Mapping[str, str]) -> None:
    for path, text in texts.items():
        with (root / path).open("a") as file:
            file.write(text)


def _write(_: Case, root: Path, files: Mapping[str, str]) -> None:
    write_files(root, files)


def _repeat(_: Case, root: Path, wanted: Mapping[str, Mapping[str, Any]]) -> None:
    """A long file: a head, and one line many times with its number in it."""
    for path, one in wanted.items():
        lines = "".join(one["line"].replace("{n}", str(number)) for number in range(one["times"]))
        write_files(root, {path: one.get("head", "") + lines + one.get("tail", "")})


def _spread(_: Case, root: Path, wanted: Mapping[str, Mapping[str, Any]]) -> None:
    """Many files, with their numbers in name and text."""
    for path, one in wanted.items():
        for number in range(one["times"]):
            name, text = (each.replace("{n}", str(number)) for each in (path, one["text"]))
            write_files(root, {name: text})


def _hex(_: Case, root: Path, files: Mapping[str, str]) -> None:
    write_files(root, {path: bytes.fromhex(text) for path, text in files.items()})


def _byte_code(case: Case, root: Path, sources: Mapping[str, str]) -> None:
    """Code that Python runs without a look at the source beside it (PEP 552, unchecked)."""
    for path, text in sources.items():
        compiled = cache_from_source(path) if path in case.base else f"{path}c"
        (root / compiled).parent.mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile("w", suffix=".py") as written:
            written.write(text)
            written.flush()
            mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
            py_compile.compile(written.name, str(root / compiled), path, doraise=True, invalidation_mode=mode)


def _rename(_: Case, root: Path, moves: Mapping[str, str]) -> None:
    for old, new in moves.items():
        (root / new).parent.mkdir(parents=True, exist_ok=True)
        (root / old).rename(root / new)


def _delete(_: Case, root: Path, paths: list[str]) -> None:
    for path in paths:
        (root / path).unlink()


def _mode(_: Case, root: Path, modes: Mapping[str, str]) -> None:
    for path, mode in modes.items():
        (root / path).chmod(int(mode, 8))


def _link(_: Case, root: Path, links: Mapping[str, str]) -> None:
    for path, target in links.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).unlink(missing_ok=True)
        (root / path).symlink_to(target)


def _submodule(_: Case, root: Path, path: str) -> None:
    """A repository in the repository, as `git add` takes one."""
    (root / path).mkdir(parents=True)
    git(root / path, "init", "--quiet")
    git(root / path, "commit", "--quiet", "--allow-empty", "--message", "inner")
    subprocess.run(
        ["git", "-c", "advice.addEmbeddedRepo=false", "add", path],
        cwd=root, check=True, capture_output=True, env=dict(os.environ),
    )  # fmt: skip


_HOW: Mapping[str, Any] = {
    "rename": _rename, "edit": _edit, "append": _append, "files": _write, "repeat": _repeat, "spread": _spread, "hex": _hex,
    "bytecode": _byte_code, "delete": _delete, "mode": _mode, "link": _link, "submodule": _submodule,
}  # fmt: skip
"""In the order in which they are made: a renamed file is edited under its new name."""
