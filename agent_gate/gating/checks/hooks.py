"""The `hooks` gate: the pre-commit hook that git is configured to run in this repository."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Iterator
from itertools import islice

from agent_gate.domain.gate import Finding, GateResult, Level
from agent_gate.domain.value import PlainData
from agent_gate.gating.checks.check import Check
from agent_gate.gating.context import GateContext, errored, judged
from agent_gate.gating.copies import Copy
from agent_gate.gating.hook_run import HookError, HookRun, run_hook
from agent_gate.gating.request import CheckRequest
from agent_gate.vcs.hooks import PRE_COMMIT, Hook, find_hook
from agent_gate.vcs.repo import Repository

GATE = "hooks"
_TOLD_LINES = 20
_DIFF_LINES = 12
_LINE_CHARACTERS = 200
_COMPARED_BYTES = 256 * 1024


async def run_hooks(context: GateContext) -> GateResult:
    """Passed where the hook lets the change pass and leaves it as it is."""
    sandbox = context.workplace.sandbox_name
    hook = await asyncio.to_thread(find_hook, context.repository, PRE_COMMIT, context.job.base_tree)
    if hook is None or hook.digest != context.job.inputs["hook"]:
        return errored(context, "the hook that the job names is not configured here", sandbox=sandbox)
    try:
        run = await run_hook(context, hook)
    except HookError as error:
        return errored(context, error.reason, error.hint, output_sha256=error.output_sha256, sandbox=sandbox)
    findings = await asyncio.to_thread(lambda: tuple(_findings(context, run)))
    return judged(
        context,
        findings,
        _reason(run),
        measures={"changed_files": len(run.changed)},
        sandbox=sandbox,
        output_sha256=run.completed.output_sha256,
    )


def configured_gates(repository: Repository, base: str) -> tuple[str, ...]:
    """The gate's id where a hook is set up: then it runs though no list names it."""
    return (GATE,) if find_hook(repository, PRE_COMMIT, base) else ()


def _hook(request: CheckRequest) -> Hook | None:
    return find_hook(request.repository, PRE_COMMIT, request.base_tree)


def _inputs(request: CheckRequest) -> PlainData:
    """The hook's bytes, and the branch that it sees; its configuration is the base tree's."""
    hook = _hook(request)
    return {"hook": hook.digest if hook else "", "ref": request.ref or request.repository.branch() or ""}


HOOKS = Check(run=run_hooks, inputs=_inputs, applies=lambda request: _hook(request) is not None)


def _reason(run: HookRun) -> str:
    if run.changed:
        listed = ", ".join(run.changed[:3]) + (" …" if len(run.changed) > 3 else "")
        return f"the hook would change {listed}"
    return f"the hook refuses the change (exit code {run.completed.returncode})" if run.refused else ""


def _findings(context: GateContext, run: HookRun) -> Iterator[Finding]:
    def finding(rule: str, path: str, message: str, excerpt: str = "", level: Level = "block") -> Finding:
        return Finding(
            gate=context.definition.id, rule=rule, path=path, message=message, excerpt=excerpt, level=level
        )

    if run.refused:
        message = f"the pre-commit hook refuses the change (exit code {run.completed.returncode})"
        yield finding(PRE_COMMIT, "", message, run.told(_TOLD_LINES))
    for path in run.changed:
        yield finding(
            "changed-file", path, "the hook would change this file", _rewritten(context, run.copy, path)
        )
    for path in run.withheld:
        yield finding(
            "hook-definition",
            path,
            "the change edits what the hook is made of; the base's version was run",
            level="ask",
        )


def _rewritten(context: GateContext, copy: Copy, path: str) -> str:
    """The beginning of what the hook made of a text file, as a diff."""
    entry, target = copy.entries.get(path), copy.folder / path
    if (
        entry is None
        or target.is_symlink()
        or not target.is_file()
        or target.stat().st_size > _COMPARED_BYTES
    ):
        return ""
    sides = (context.repository.blob(entry.oid), target.read_bytes())
    before, after = (side.decode(errors="replace").splitlines() for side in sides)
    lines = islice(difflib.unified_diff(before, after, n=1, lineterm=""), 2, 2 + _DIFF_LINES)
    return "\n".join(line[:_LINE_CHARACTERS] for line in lines)
