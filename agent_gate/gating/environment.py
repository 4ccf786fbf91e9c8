"""The environment in which the code under test runs: an interpreter and what is installed in it."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent_gate import process
from agent_gate.domain.digest import canonical_json, sha256
from agent_gate.domain.policy import Policy
from agent_gate.errors import SetupError
from agent_gate.gating.cache import Cache, cache_directory
from agent_gate.stamps import settled, stamps
from agent_gate.vcs.repo import Repository

_QUERY_TIMEOUT_S = 60.0
_HINT = "set [environment] python in agent-gate.toml, or activate the project's virtual environment"

# Runs in the environment's interpreter, isolated (-I): Python 3.9 or newer, standard library only.
_QUERY = """
import importlib.util, json, os, sys, sysconfig
from importlib import metadata
plugins, installed = {}, set()
for d in metadata.distributions():
    name = d.metadata["Name"]
    origin = d.read_text("direct_url.json") or ""
    installed.add("%s==%s %s" % (name, d.version, origin.strip()))
    for e in d.entry_points:
        if e.group == "pytest11":
            try:
                spec = importlib.util.find_spec(e.value.partition(":")[0])
            except (ImportError, ValueError):
                spec = None
            plugins[e.name] = [e.value, (spec and spec.origin) or ""]
versions = [i.split("==")[1].split()[0] for i in installed if i.lower().startswith("pytest==")]
print(json.dumps({
    "version": sys.version, "prefix": sys.prefix, "base_prefix": sys.base_prefix,
    "exec_prefix": sys.exec_prefix, "base_exec_prefix": sys.base_exec_prefix,
    "library": sysconfig.get_path("stdlib"), "plugins": plugins, "installed": sorted(installed),
    "path": sys.path, "sites": sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}),
    "pytest": versions[0] if versions else "",
}))
"""


def _silent(_: str) -> None:
    return


@dataclass(frozen=True)
class Plugin:
    """A pytest plugin that the environment registers."""

    name: str
    value: str
    """`module` or `module:attribute`, as its entry point says."""
    installed: bool
    """Lies in the environment itself; otherwise it belongs to the code under test."""


@dataclass(frozen=True)
class Environment:
    """An interpreter, what a sandbox has to show of it, and a digest over what is installed."""

    python: Path
    paths: tuple[Path, ...]
    """Prefixes and interpreter, to be mounted read-only."""
    library: Path
    """The standard library's folder."""
    digest: str
    """Of the interpreter's version and what is installed, from where (PEP 610); not of where it lies."""
    pytest: str
    """pytest's version; empty where it is not installed."""
    plugins: tuple[Plugin, ...] = ()
    places: tuple[str, ...] = ()
    """Files and folders that change when something is installed or removed."""
    root: Path | None = None
    """The checkout, beside whose sources other things may be installed (`node_modules`)."""


@dataclass(frozen=True)
class Base:
    """Where the policy's `environment.install` takes its lock file from."""

    repository: Repository
    tree: str


async def find_environment(
    policy: Policy,
    root: Path,
    base: Base | None = None,
    *,
    use_cache: bool = True,
    tell: Callable[[str], None] = _silent,
) -> Environment:
    """The environment for the repository at `root`.

    What the policy's `environment.install` makes of the base comes first, for the interpreter that
    `environment.python` names, else for ours. Without it: `environment.python`, then $VIRTUAL_ENV, then the
    repository's `.venv`, then the interpreter that runs agent-gate. `tell` hears what takes long. Raises
    SetupError where the chosen one does not work, or cannot be installed.
    """
    stated = policy.environment
    if stated.install and base:
        from agent_gate.gating.environment_install import Installation, install  # few policies say so

        own = _stated(stated.python, root) if stated.python else Path(sys.executable)
        wanted = Installation(stated.install, _absolute(own), base.repository, base.tree)
        return await describe(await install(wanted, tell), root, use_cache=use_cache)
    return await describe(_choose(policy, root), root, use_cache=use_cache)


def own_paths() -> tuple[Path, ...]:
    """What a sandbox has to show of the interpreter that runs agent-gate, for the tools beside it."""
    return tuple(
        dict.fromkeys(Path(p) for p in (sys.prefix, sys.base_prefix, sys.exec_prefix, sys.executable))
    )


def _choose(policy: Policy, root: Path) -> Path:
    if policy.environment.python:
        return _stated(policy.environment.python, root)
    for folder in (os.environ.get("VIRTUAL_ENV", ""), str(root / ".venv")):
        python = Path(folder) / "bin" / "python"
        if folder and python.exists():
            return python
    return Path(sys.executable)


def _stated(python: str, root: Path) -> Path:
    return root / Path(python).expanduser()


def _absolute(python: Path) -> Path:
    """Not resolved: a virtual environment's interpreter is a link, and knows its prefix by its own name."""
    return python.absolute()


async def describe(python: Path, root: Path, *, use_cache: bool = True) -> Environment:
    """Asks an interpreter about itself, isolated from the folder and the variables around it.

    The answer is remembered on this machine for as long as interpreter and folders of packages stay as
    they are: asking takes longer than many a gate.
    """
    python = _absolute(python)
    cache = Cache(cache_directory(), enabled=use_cache)
    key = sha256(canonical_json(["environment", str(python), _QUERY]))
    remembered = cache.get(key)
    if isinstance(remembered, dict) and remembered.get("stamps") == stamps(remembered.get("places", [])):
        return _environment(remembered["told"], remembered["places"], python, root)
    asked = time.time_ns()
    told = await _ask(python)
    places = [str(python), str(python.parent.parent / "pyvenv.cfg"), *told["path"], *told["sites"]]
    seen = stamps(places)
    environment = _environment(told, places, python, root)
    if settled(seen, asked):
        cache.put(key, {"told": told, "places": places, "stamps": seen})
    return environment


async def _ask(python: Path) -> dict[str, Any]:
    try:
        completed = await process.run(
            [str(python), "-I", "-c", _QUERY],
            cwd=Path("/"),
            env=process.allowed_environment(),
            timeout_s=_QUERY_TIMEOUT_S,
        )
    except SetupError as error:
        raise SetupError(f"the environment's interpreter {python}: {error.message}", hint=_HINT) from None
    try:
        told: dict[str, Any] = json.loads(completed.stdout)
    except ValueError:
        raise SetupError(
            f"the environment's interpreter {python} does not work: {completed.tail(3)}", hint=_HINT
        ) from None
    return told


def _environment(told: Mapping[str, Any], places: Sequence[str], python: Path, root: Path) -> Environment:
    prefixes = ("prefix", "base_prefix", "exec_prefix", "base_exec_prefix")
    paths = tuple(dict.fromkeys([*(Path(told[name]) for name in prefixes), python]))
    for path in paths:
        if path == Path("/") or Path.home().is_relative_to(path):
            raise SetupError(
                f"the interpreter's prefix {path} holds your home folder and cannot be shown to a sandbox",
                hint=_HINT,
            )
    sites = [Path(site) for site in told["sites"]]
    plugins = tuple(
        Plugin(name, value, any(Path(origin).is_relative_to(site) for site in sites) if origin else False)
        for name, (value, origin) in sorted(told["plugins"].items())
    )
    return Environment(
        python=python,
        paths=paths,
        library=Path(told["library"]),
        digest=sha256(canonical_json([told["version"], told["installed"]])),
        pytest=told["pytest"],
        plugins=plugins,
        places=tuple(places),
        root=root,
    )
