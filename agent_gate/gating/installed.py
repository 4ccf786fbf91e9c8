"""What an installation put beside the sources of the user's checkout: `node_modules`, say.

It belongs to the environment and never to the candidate: a tree that holds a file of that name is not
judged with it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from agent_gate.domain.digest import canonical_json, sha256
from agent_gate.domain.gate import GateDefinition
from agent_gate.errors import SetupError
from agent_gate.gating.copies import Copy
from agent_gate.gating.environment import Environment
from agent_gate.vcs.repo import Entry

_RECORDS = (
    ".package-lock.json",
    ".modules.yaml",
    ".yarn-state.yml",
    ".yarn-integrity",
    "composer/installed.json",
)
"""What installers (npm, pnpm, yarn, composer) write into such a folder about what lies in it."""


def installed_folders(definition: GateDefinition, environment: Environment) -> tuple[Path, ...]:
    """The folders that the definition names, in the user's checkout. Raises SetupError for a missing one."""
    return tuple(_folder(name, environment) for name in definition.installed)


def installed_digest(definition: GateDefinition, environment: Environment) -> str:
    """What lies in these folders, for the cache key; empty where the definition names none.

    What the installer itself recorded, else each file's name and size. So a file that somebody edited by
    hand, without changing either, is not noticed: check with --no-cache then.
    """
    if not definition.installed:
        return ""
    found = zip(
        definition.installed, (_place(name, environment) for name in definition.installed), strict=True
    )
    return sha256(canonical_json({name: _recorded(folder) for name, folder in found}))


def link_installed(copy: Copy, folders: Mapping[str, Path]) -> None:
    """Makes the folders reachable from a copy, by a link where the checkout has the folder itself.

    Raises SetupError where the tree has something of its own at that place, or on the way to it.
    """
    for name, folder in folders.items():
        if taken := _in_the_way(name, copy.entries):
            raise SetupError(
                f"the tree holds {taken}, where {name} of the installation belongs",
                hint="an installed folder is not tracked: take it out of the repository",
            )
        place = copy.folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(folder)


def _in_the_way(name: str, entries: Mapping[str, Entry]) -> str:
    parents = {name, *(str(parent) for parent in Path(name).parents)}
    return next((path for path in entries if path in parents or path.startswith(f"{name}/")), "")


def _place(name: str, environment: Environment) -> Path | None:
    return environment.root / name if environment.root else None


def _folder(name: str, environment: Environment) -> Path:
    place = _place(name, environment)
    if place is None or not place.is_dir():
        raise SetupError(
            f"{name} is not installed beside the sources",
            hint="install the project's dependencies in the checkout: npm ci, say",
        )
    return place.resolve()


def _recorded(folder: Path | None) -> object:
    if folder is None or not folder.is_dir():
        return None
    records = [folder / name for name in _RECORDS]
    told = {record.name: sha256(record.read_bytes()) for record in records if record.is_file()}
    return told or dict(_sizes(folder))


def _sizes(folder: Path) -> Iterator[tuple[str, int]]:
    for directory, _, files in os.walk(folder):
        for name in files:
            path = Path(directory) / name
            relative = path.relative_to(folder).as_posix().encode(errors="backslashreplace").decode()
            yield relative, path.lstat().st_size
