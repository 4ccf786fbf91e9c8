"""What a hook needs to see of the machine: the programs that it names, and pre-commit's environments."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from agent_gate.gating.context import GateContext
from agent_gate.gating.environment import describe
from agent_gate.vcs.hooks import Hook

# In single quotes, in double ones, or bare; not within a longer word.
_PATH = re.compile(rb"""'(/[^'\n]+)'|"(/[^"$\n]+)"|(?<![\w./~$}'"-])(/[\w./@+-]+)""")
_SYSTEM = ("/usr/", "/bin/", "/sbin/", "/lib")
"""Every sandbox shows these."""
_FRAMEWORK = re.compile(rb"pre[-_]commit")
_FIRST_LINE_BYTES = 4096


@dataclass(frozen=True)
class HookTools:
    """Read-only paths, and the variables that lead to them."""

    paths: tuple[Path, ...]
    env: Mapping[str, str] = field(default_factory=dict)


async def find_hook_tools(context: GateContext, hook: Hook) -> HookTools:
    """The environment of the code under test first on PATH, then what the hook itself names.

    Raises SetupError for a Python interpreter that does not work, or whose prefix holds the home folder.
    """
    env = {"PATH": f"{context.environment.python.parent}:/usr/local/bin:/usr/bin:/bin"}
    paths = [*context.environment.paths, *await _named_programs(context, hook)]
    if store := _framework_store(context, hook):
        paths.append(store)
        env["PRE_COMMIT_HOME"] = str(store)
    return HookTools(tuple(paths), env)


def _framework_store(context: GateContext, hook: Hook) -> Path | None:
    """Where pre-commit keeps what it has installed, if the hook has to do with it.

    It makes its files readable for their owner only, and a sandbox that root starts runs as nobody.
    """
    if not _FRAMEWORK.search(hook.content):
        return None
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    store = Path(os.environ.get("PRE_COMMIT_HOME") or f"{cache}/pre-commit").expanduser().resolve()
    index = store / "db.db"
    if not index.is_file():
        return None
    as_nobody = context.workplace.sandbox is not None and os.geteuid() == 0
    return store if not as_nobody or index.stat().st_mode & 0o004 else None


async def _named_programs(context: GateContext, hook: Hook) -> tuple[Path, ...]:
    """The programs that it names by their full path; of a Python, all that belongs to it."""
    shown: list[Path] = []
    texts, seen = [hook.content], set[Path]()
    while texts:
        for program in _programs(texts.pop()):
            if program in seen or _is_judged(context, program):
                continue
            seen.add(program)
            if program.name.startswith("python"):
                shown += (await describe(program, Path("/"))).paths
                continue
            shown += [program, program.resolve()]
            with program.open("rb") as stream:
                first = stream.readline(_FIRST_LINE_BYTES)
            texts += [first] if first.startswith(b"#!") else []
    return tuple(shown)


def _is_judged(context: GateContext, program: Path) -> bool:
    """Whether it is a file of the change, which is never run or shown from the user's own folder."""
    root = context.repository.root
    places = [p.relative_to(root).as_posix() for p in (program, program.resolve()) if p.is_relative_to(root)]
    return bool(places) and not context.repository.entries(context.job.tree).keys().isdisjoint(places)


def _programs(text: bytes) -> Iterator[Path]:
    for found in _PATH.finditer(text):
        path = Path(os.fsdecode(next(word for word in found.groups() if word)))
        if not str(path).startswith(_SYSTEM) and path.is_file() and os.access(path, os.X_OK):
            yield path
