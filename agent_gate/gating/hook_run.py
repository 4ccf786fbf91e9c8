"""Runs a git hook as git would, in a repository made for it alone.

The hook is trusted, what it runs over is not: it gets no git directory of the user, no network and no
home, and what it is made of comes from the base. It sees the interpreter and the programs that it names
itself, the environment of the code under test, and pre-commit's installed environments.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent_gate.domain.pattern import matches
from agent_gate.gating.context import GateContext
from agent_gate.gating.copies import Copy
from agent_gate.gating.hook_tools import find_hook_tools
from agent_gate.process import Completed
from agent_gate.vcs.hooks import Hook
from agent_gate.vcs.repo import Entry
from agent_gate.vcs.synthetic import IDENTITY, NO_USER_CONFIGURATION, make_synthetic

ADVISORY_HINT = 'list "hooks" in advisory under [gates]: then it is a question to the approver'
_MESSAGE_FILE = ".git/COMMIT_EDITMSG"
_TOLD_BY_GIT = {
    "GIT_INDEX_FILE": ".git/index",
    "GIT_PREFIX": "",
    "GIT_EDITOR": ":",
    **IDENTITY,
    **NO_USER_CONFIGURATION,
}
_FRAMEWORK_CRASHED = 3
_INSTALL_FIRST = (
    "there is no network here: install its environments first (pre-commit install-hooks) and, where root"
    f" starts agent-gate, let others read them (chmod -R go+rX ~/.cache/pre-commit); or {ADVISORY_HINT}"
)
# pre-commit's own words, for the tool of a hook and for itself.
_PROGRAM_MISSING = re.compile(rb"^(Executable )?`[^`\n]+` not found", re.MULTILINE)
_LARGEST_SIGNAL = 64
# pre-commit's own hook starts it in the root of the tree, where a module of the change could take its place.
_STARTS_FRAMEWORK = (b" -mpre_commit ", b" -I -mpre_commit ")


class HookError(Exception):
    """The hook gave no answer; the message says why."""

    def __init__(self, reason: str, hint: str = "", output_sha256: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint or ADVISORY_HINT
        self.output_sha256 = output_sha256


@dataclass(frozen=True)
class HookRun:
    """How a hook ended, and what it left behind."""

    completed: Completed
    copy: Copy
    changed: tuple[str, ...]
    """Tracked files that it changed, in the work tree or in the index alone."""
    withheld: tuple[str, ...]
    """Paths of the candidate in whose place the hook saw the base's version."""
    edited_message: bool = False

    @property
    def refused(self) -> bool:
        """It does not let the commit pass."""
        return self.completed.returncode != 0

    def told(self, lines: int) -> str:
        """The last lines of all that it said, without the copy's own name in them."""
        text = (self.completed.stdout + b"\n" + self.completed.stderr).decode(errors="replace")
        shown = [line.rstrip() for line in text.replace(f"{self.copy.folder}/", "").splitlines()]
        return "\n".join([line for line in shown if line][-lines:])


async def run_hook(context: GateContext, hook: Hook, message: str | None = None) -> HookRun:
    """Runs the hook once over the candidate; with a `message` it gets it in a file, as commit-msg does.

    Raises HookError where it cannot be started, does not end in time, or is ended by a limit.
    """
    if hook.problem:
        raise HookError(hook.problem, f"commit it first, or {ADVISORY_HINT}")
    tree = context.job.tree
    withheld = await asyncio.to_thread(_withheld, context, hook)
    if withheld:
        tree = context.repository.write_tree(tree, withheld)
    copy = await context.copies.fresh(tree)
    await asyncio.to_thread(_set_up, context, hook, copy, tree, message)
    tools = await find_hook_tools(context, hook)
    timeout_s = context.job.timeout_s

    async def execute(*argv: str) -> Completed:
        return await context.execute(
            argv,
            cwd=copy.folder,
            timeout_s=timeout_s,
            writable=(copy.folder,),
            read_only=tools.paths,
            env={**tools.env, **_TOLD_BY_GIT},
        )

    completed = await execute(*_command(hook), *([] if message is None else [_MESSAGE_FILE]))
    if failure := _no_answer(hook, completed, timeout_s):
        raise HookError(*failure, completed.output_sha256)
    changed = set(await asyncio.to_thread(copy.changed_files))
    if not completed.returncode and message is None:
        changed |= set(_staged(await execute(*_STAGED, tree)))
    edited = message is not None and await asyncio.to_thread(_differs, copy.folder / _MESSAGE_FILE, message)
    return HookRun(completed, copy, tuple(sorted(changed)), tuple(withheld), edited)


def _withheld(context: GateContext, hook: Hook) -> dict[str, Entry | None]:
    """Where the candidate changes the hook, or pre-commit's configuration: the base's entries instead."""
    base = context.repository.entries(context.job.base_tree)
    candidate = context.repository.entries(context.job.tree)
    return {
        path: base.get(path)
        for path in sorted({*base, *candidate})
        if base.get(path) != candidate.get(path)
        and (hook.is_made_of(path) or matches(path, context.definition.options["configuration"]))
    }


_STAGED = (
    "git", "-c", "core.fsmonitor=false", "diff-index", "--cached", "--name-only", "-z", "--no-renames",
)  # fmt: skip


def _staged(completed: Completed) -> Iterator[str]:
    """What the hook put into the index. Asked inside, for the repository is the hook's by now."""
    if completed.returncode or completed.timed_out:
        raise HookError(f"it left an index that git cannot read: {completed.tail(2)}")
    yield from (os.fsdecode(path) for path in completed.stdout.split(b"\0")[:-1])


def _set_up(context: GateContext, hook: Hook, copy: Copy, tree: str, message: str | None) -> None:
    make_synthetic(
        context.repository, copy.folder, context.job.base_tree, tree, context.job.inputs.get("ref", "")
    )
    for name, file in hook.files.items():
        target = copy.folder / ".git" / "hooks" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.content.replace(*_STARTS_FRAMEWORK))
        target.chmod(0o755 if file.executable else 0o644)
    if message is not None:
        (copy.folder / _MESSAGE_FILE).write_bytes(message.encode())


def _command(hook: Hook) -> Sequence[str]:
    """The hook itself; a text without a first line that names its interpreter is for the shell, as in git."""
    command = hook.command if "/" in hook.command else f"./{hook.command}"
    return (command,) if hook.content.startswith((b"#!", b"\x7fELF")) else ("/bin/sh", command)


def _no_answer(hook: Hook, completed: Completed, timeout_s: int) -> tuple[str, str] | None:
    """Why the end of a run says nothing about the change, and what to do; None where it does."""
    code, said = completed.returncode, completed.tail(3)
    if completed.timed_out:
        return (
            f"the {hook.name} hook did not finish in {timeout_s} s",
            f"raise timeout_s under [gates.hooks], or {ADVISORY_HINT}",
        )
    if code in {126, 127} or (code == 1 and _PROGRAM_MISSING.search(completed.stdout + completed.stderr)):
        hint = f"the sandbox shows the system's programs and the environment of the tests; {ADVISORY_HINT}"
        return f"the {hook.name} hook could not start what it needs (exit code {code}): {said}", hint
    if code < 0 or 128 < code <= 128 + _LARGEST_SIGNAL:
        return f"the {hook.name} hook was ended by signal {abs(code) % 128}: {said}", ""
    if code == _FRAMEWORK_CRASHED and b"An unexpected error has occurred" in completed.stdout:
        return f"pre-commit could not run: {_unexpected(completed.stdout)}", _INSTALL_FIRST
    return None


def _unexpected(output: bytes) -> str:
    """pre-commit's own sentence about it; its log follows."""
    lines = output.decode(errors="replace").splitlines()
    return next(line for line in lines if "An unexpected error" in line)[:300]


def _differs(path: Path, message: str) -> bool:
    """Whether a file that untrusted code may have replaced still holds the message; nothing of it is used."""
    wanted = message.encode()
    if path.is_symlink() or not path.is_file() or path.stat().st_size != len(wanted):
        return True
    return path.read_bytes() != wanted
