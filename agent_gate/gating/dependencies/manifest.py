"""From a dependency file to what it says; which files are such files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from agent_gate.domain.pattern import matches
from agent_gate.gating.dependencies.node_files import read_package_json, read_package_lock, read_settings
from agent_gate.gating.dependencies.node_lock import read_pnpm_lock, read_yarn_lock
from agent_gate.gating.dependencies.python_lock import read_pipfile_lock, read_toml_lock
from agent_gate.gating.dependencies.python_project import (
    read_pipfile,
    read_pyproject,
    read_setup_cfg,
    read_setup_py,
)
from agent_gate.gating.dependencies.requirement import (
    Computed,
    Include,
    Item,
    Origin,
    Own,
    Requirement,
    Setting,
    SourceFile,
)
from agent_gate.gating.dependencies.requirements_file import read_requirements_file

LARGEST = 32 * 1024 * 1024
"""Bytes of the largest lock file that is read."""
LARGEST_WRITTEN = 2 * 1024 * 1024
"""Bytes of the largest file that people write, which is read more thoroughly."""

Reader = Callable[[SourceFile], Iterator[Item]]
REQUIREMENTS = (
    "requirements*.txt", "*requirements.txt", "requirements*.in", "*-requirements.in", "constraints*.txt",
    "requirements.lock", "requirements-dev.lock", "requirements/*.txt", "requirements/*.in",
)  # fmt: skip
"""What pip reads line by line."""
_READERS: tuple[tuple[tuple[str, ...], Reader], ...] = (
    (("pyproject.toml",), read_pyproject),
    (("setup.cfg",), read_setup_cfg),
    (("setup.py",), read_setup_py),
    (("Pipfile",), read_pipfile),
    (("package.json",), read_package_json),
    ((".npmrc", ".yarnrc", ".yarnrc.yml", "pip.conf", "uv.toml"), read_settings),
    (("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "pylock.*.toml"), read_toml_lock),
    (("Pipfile.lock",), read_pipfile_lock),
    (("package-lock.json", "npm-shrinkwrap.json"), read_package_lock),
    (("yarn.lock",), read_yarn_lock),
    (("pnpm-lock.yaml",), read_pnpm_lock),
    (REQUIREMENTS, read_requirements_file),
)
_LOCKS = frozenset(
    {
        read_toml_lock,
        read_pipfile_lock,
        read_package_lock,
        read_yarn_lock,
        read_pnpm_lock,
        read_requirements_file,
    }
)


@dataclass(frozen=True)
class Manifest:
    """One dependency file, read."""

    path: str
    requirements: tuple[Requirement, ...] = ()
    settings: tuple[Setting, ...] = ()
    includes: tuple[Include, ...] = ()
    origins: tuple[Origin, ...] = ()
    computed: tuple[Computed, ...] = ()
    own: tuple[Own, ...] = ()
    unread: str = ""
    """Why it could not be read; what it says is then not known."""


def is_dependency_file(path: str) -> bool:
    """Whether requirements stand in a file of this name."""
    return _reader(path) is not None


def may_include(path: str) -> bool:
    """Whether a file of this name may name further ones."""
    return _reader(path) in {read_requirements_file, read_pyproject, read_setup_cfg}


def _reader(path: str) -> Reader | None:
    return next((reader for patterns, reader in _READERS if matches(path, patterns)), None)


def read_manifest(path: str, content: bytes) -> Manifest:
    """What a file says. One whose name says nothing was included by another, and is pip's."""
    reader = _reader(path) or read_requirements_file
    largest = LARGEST if reader in _LOCKS else LARGEST_WRITTEN
    if len(content) > largest:
        return Manifest(path, unread=f"it is larger than {largest // (1024 * 1024)} MiB")
    try:
        items = list(reader(SourceFile(path, content.decode("utf-8-sig"))))
    except (ValueError, RecursionError, KeyError) as error:
        told = "it is nested too deep" if isinstance(error, RecursionError) else str(error).splitlines()[0]
        return Manifest(path, unread=told[:300])
    return Manifest(
        path,
        requirements=tuple(item for item in items if isinstance(item, Requirement)),
        settings=tuple(item for item in items if isinstance(item, Setting)),
        includes=tuple(item for item in items if isinstance(item, Include)),
        origins=tuple({item: None for item in items if isinstance(item, Origin)}),
        computed=tuple(item for item in items if isinstance(item, Computed)),
        own=tuple(item for item in items if isinstance(item, Own)),
    )


def included_paths(manifest: Manifest) -> tuple[str, ...]:
    """The files of the repository that it names, without such as lie outside of it."""
    paths = (include.path for include in manifest.includes)
    return tuple(path for path in paths if ".." not in PurePosixPath(path).parts and not path.startswith("/"))
