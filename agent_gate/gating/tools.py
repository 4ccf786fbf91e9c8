"""Finds the gates' tools and asks them about themselves."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent_gate import process
from agent_gate.domain.digest import canonical_json, sha256
from agent_gate.domain.gate import GateDefinition, ToolCommand
from agent_gate.errors import SetupError
from agent_gate.gating.cache import Cache, cache_directory
from agent_gate.gating.environment import Environment, own_paths
from agent_gate.gating.script import read_script
from agent_gate.stamps import settled, stamps

_ASK_TIMEOUT_S = 60.0
_answers: dict[tuple[str, ...], str] = {}


@dataclass(frozen=True)
class Tool:
    """How a tool is started, and what a sandbox has to show for it."""

    argv: tuple[str, ...]
    paths: tuple[Path, ...]
    folders: tuple[Path, ...] = ()
    """Where it finds the programs that it starts itself, before the system's own."""


def gate_tool(definition: GateDefinition, environment: Environment) -> Tool | None:
    """The tool of a gate, None where it is not installed.

    One that is named by a path lies in a folder that the definition calls installed, in the user's
    checkout, and is never the candidate's. Otherwise ours, then that of the code's environment (the other
    way round with `environment_tool`), then one on PATH.
    """
    name = definition.tool
    if "/" in name:
        return _installed_tool(definition, environment)
    own, theirs = _own_tool(name), _environment_tool(name, environment)
    found = (theirs or own) if definition.environment_tool else (own or theirs)
    return found or _path_tool(name)


def find_tool(name: str) -> Tool | None:
    """A tool of ours, or one on PATH."""
    return _own_tool(name) or _path_tool(name)


def _own_tool(name: str) -> Tool | None:
    """A native program beside our interpreter, else a module of ours, isolated."""
    program = Path(sysconfig.get_path("scripts")) / name
    if program.is_file() and _native(program):
        return Tool((str(program),), own_paths())
    if name.isidentifier() and importlib.util.find_spec(name):
        return Tool((sys.executable, "-I", "-B", "-m", name), own_paths())
    return None


def _environment_tool(name: str, environment: Environment) -> Tool | None:
    """A program beside the environment's interpreter; a script of Python is started isolated."""
    program = environment.python.parent / name
    if not _is_program(program):
        return None
    if _native(program):
        return Tool((str(program),), environment.paths, (program.parent,))
    script = read_script(program)
    if script is None or not Path(script.argv[0]).name.startswith("python"):
        return _program(program)
    return Tool((str(environment.python), "-I", "-B", str(program)), environment.paths, (program.parent,))


def _path_tool(name: str) -> Tool | None:
    found = shutil.which(name) if "/" not in name else None
    return _program(Path(found)) if found else None


def _installed_tool(definition: GateDefinition, environment: Environment) -> Tool | None:
    holder = next((name for name in definition.installed if definition.tool.startswith(f"{name}/")), "")
    if not holder or environment.root is None:
        return None
    folder, program = environment.root / holder, environment.root / definition.tool
    if not _is_program(program) or not program.resolve().is_relative_to(folder.resolve()):
        return None
    return _program(program.resolve())


def _program(program: Path) -> Tool:
    """A native program, or a script with the interpreter that its first line names."""
    shown = (program, program.resolve())
    if _native(program):
        return Tool((str(program),), shown)
    script = read_script(program)
    if script is None:
        return Tool((str(program),), shown)
    return Tool(
        (*script.argv, str(program)), (*shown, *script.paths), (program.parent, Path(script.argv[0]).parent)
    )


def _is_program(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def expand(argv: Sequence[str], tool: Tool | None, values: Mapping[str, str]) -> tuple[str, ...]:
    """Replaces `{tool}` by the tool's command, and each other `{name}` by its value; other braces stay."""
    expanded: list[str] = []
    for word in argv:
        if word == "{tool}":
            expanded += tool.argv if tool else (word,)
            continue
        filled = word
        for name, value in values.items():
            filled = filled.replace(f"{{{name}}}", value)
        expanded.append(filled)
    return tuple(expanded)


async def tool_version(definition: GateDefinition, environment: Environment) -> str:
    """The version of a gate's tool on this machine; empty for a built-in check, and where there is no tool.

    What a built-in check executes belongs to the environment, whose digest says what is installed.
    """
    tool = gate_tool(definition, environment) if definition.tool else None
    if tool is None:
        return ""
    return await ask_version(definition.version, tool, {"python": str(environment.python)})


async def ask_version(command: ToolCommand | None, tool: Tool, values: Mapping[str, str]) -> str:
    """The tool's version, empty where the definition does not say how to ask. Raises SetupError."""
    if command is None:
        return ""
    output = await _ask(expand(command.argv, tool, values))
    found = re.search(command.pattern, output)
    if not found:
        raise SetupError(
            f"{' '.join(command.argv)} told no version: {output[:200]!r}",
            hint="is that another program of the name?",
        )
    return found[1]


async def ask_rules(command: ToolCommand, tool: Tool, values: Mapping[str, str]) -> frozenset[str]:
    """All rules that the tool knows. Raises SetupError."""
    output = await _ask(expand(command.argv, tool, values))
    return frozenset(match[1] for match in re.finditer(command.pattern, output, re.MULTILINE))


async def _ask(argv: tuple[str, ...]) -> str:
    """The command's output. It sees no file of the candidate.

    Asked once, and remembered on this machine until the program or our own packages change.
    """
    if argv in _answers:
        return _answers[argv]
    cache = Cache(cache_directory())
    key = sha256(canonical_json(["tool", *argv]))
    files = [*(word for word in argv if word.startswith("/")), *sys.path]
    seen = stamps(files)
    kept = cache.get(key)
    if isinstance(kept, dict) and kept.get("stamps") == seen:
        _answers[argv] = str(kept["said"])
        return _answers[argv]
    completed = await process.run(
        argv, cwd=Path("/"), env=process.allowed_environment(), timeout_s=_ASK_TIMEOUT_S
    )
    if completed.returncode or completed.timed_out:
        raise SetupError(f"{' '.join(argv)} failed: {completed.tail(3)}", hint="install the tool again")
    _answers[argv] = completed.stdout.decode(errors="replace")
    if settled(seen):
        cache.put(key, {"stamps": seen, "said": _answers[argv]})
    return _answers[argv]


def _native(program: Path) -> bool:
    with program.open("rb") as stream:
        return stream.read(2) != b"#!"
