"""The environment in which the code under test runs: an interpreter and what is installed in it."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from agent_gate import process
from agent_gate.domain.policy import Policy
from agent_gate.domain.value import canonical_json, sha256
from agent_gate.errors import SetupError

_QUERY_TIMEOUT_S = 60.0

# Runs in the environment's interpreter, isolated (-I): Python 3.9 or newer, standard library only.
_QUERY = """
import importlib.util, json, os, sys, sysconfig
from importlib import metadata
plugins, installed = {}, set()
for d in metadata.distributions():
    name = d.metadata["Name"]
    installed.add("%s==%s" % (name, d.version))
    for e in d.entry_points:
        if e.group == "pytest11":
            try:
                spec = importlib.util.find_spec(e.value.partition(":")[0])
            except (ImportError, ValueError):
                spec = None
            plugins[e.name] = [e.value, (spec and spec.origin) or ""]
versions = [i.split("==")[1] for i in installed if i.lower().startswith("pytest==")]
print(json.dumps({
    "version": sys.version, "prefix": sys.prefix, "base_prefix": sys.base_prefix,
    "exec_prefix": sys.exec_prefix, "base_exec_prefix": sys.base_exec_prefix,
    "library": sysconfig.get_path("stdlib"), "plugins": plugins, "installed": sorted(installed),
    "sites": sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}),
    "pytest": versions[0] if versions else "",
}))
"""


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
    pytest: str
    """pytest's version; empty where it is not installed."""
    plugins: tuple[Plugin, ...] = ()


async def find_environment(policy: Policy, root: Path) -> Environment:
    """The environment for the repository at `root`.

    The policy's `environment.python` first, then $VIRTUAL_ENV, then the repository's `.venv`, then the
    interpreter that runs agent-gate. Raises SetupError where the chosen one does not work.
    """
    return await describe(_choose(policy, root), root)


def own_paths() -> tuple[Path, ...]:
    """What a sandbox has to show of the interpreter that runs agent-gate, for the tools beside it."""
    return tuple(
        dict.fromkeys(Path(p) for p in (sys.prefix, sys.base_prefix, sys.exec_prefix, sys.executable))
    )


def _choose(policy: Policy, root: Path) -> Path:
    if policy.environment.python:
        return root / Path(policy.environment.python).expanduser()
    for folder in (os.environ.get("VIRTUAL_ENV", ""), str(root / ".venv")):
        python = Path(folder) / "bin" / "python"
        if folder and python.exists():
            return python
    return Path(sys.executable)


def _absolute(python: Path) -> Path:
    """Not resolved: a virtual environment's interpreter is a link, and knows its prefix by its own name."""
    return python.absolute()


async def describe(python: Path, root: Path) -> Environment:
    """Asks an interpreter about itself, isolated from the folder and the variables around it."""
    python = _absolute(python)
    hint = "set [environment] python in agent-gate.toml, or activate the project's virtual environment"
    try:
        completed = await process.run(
            [str(python), "-I", "-c", _QUERY],
            cwd=Path("/"),
            env=process.allowed_environment(),
            timeout_s=_QUERY_TIMEOUT_S,
        )
    except SetupError as error:
        raise SetupError(f"the environment's interpreter {python}: {error.message}", hint=hint) from None
    try:
        told = json.loads(completed.stdout)
    except ValueError:
        raise SetupError(
            f"the environment's interpreter {python} does not work: {completed.tail(3)}", hint=hint
        ) from None
    prefixes = ("prefix", "base_prefix", "exec_prefix", "base_exec_prefix")
    paths = tuple(dict.fromkeys([*(Path(told[name]) for name in prefixes), python]))
    for path in paths:
        if path == Path("/") or Path.home().is_relative_to(path):
            raise SetupError(
                f"the interpreter's prefix {path} holds your home folder and cannot be shown to a sandbox",
                hint=hint,
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
        digest=sha256(canonical_json([told["version"], str(root), str(python), told["installed"]])),
        pytest=told["pytest"],
        plugins=plugins,
    )
