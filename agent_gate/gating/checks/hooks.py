"""The `hooks` gate: the pre-commit hook that git is configured to run in this repository."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Iterator, Mapping
from itertools import islice

from agent_gate.domain.gate import Finding, GateDefinition, GateResult, Level
from agent_gate.gating.checks.check import Check
from agent_gate.gating.context import GateContext, errored
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


async def run_hooks(context: GateContext, definition: GateDefinition) -> GateResult:
    """Passed where the hook lets the change pass and leaves it as it is."""
    request = context.request
    hook = await asyncio.to_thread(_hook, request)
    assert hook is not None  # noqa: S101 - without one the gate does not apply
    try:
        run = await run_hook(context, definition, hook)
    except HookError as error:
        return errored(
            definition, error.reason, error.hint,
            output_sha256=error.output_sha256, sandbox=request.sandbox_name,
        )  # fmt: skip
    findings = await asyncio.to_thread(lambda: tuple(_findings(request, definition, run)))
    blocks = [finding for finding in findings if finding.level == "block"]
    return GateResult(
        gate=definition.id,
        definition_digest=definition.digest,
        status="failed" if blocks else "passed",
        reason=_reason(run),
        findings=findings,
        verifies=definition.verifies,
        measures={"changed_files": len(run.changed)},
        sandbox=request.sandbox_name,
        output_sha256=run.completed.output_sha256,
    )


def configured_gates(repository: Repository, base: str) -> tuple[str, ...]:
    """The gate's id where a hook is set up: then it runs though no list names it."""
    return (GATE,) if find_hook(repository, PRE_COMMIT, base) else ()


def _hook(request: CheckRequest) -> Hook | None:
    return find_hook(request.repository, PRE_COMMIT, request.base_tree)


def _inputs(request: CheckRequest) -> Mapping[str, str]:
    """The hook's bytes, and the branch that it sees; its configuration is the base tree's."""
    hook = _hook(request)
    return {"hook": hook.digest if hook else "", "ref": request.ref or request.repository.branch() or ""}


HOOKS = Check(run=run_hooks, inputs=_inputs, applies=lambda request: _hook(request) is not None)


def _reason(run: HookRun) -> str:
    if run.changed:
        listed = ", ".join(run.changed[:3]) + (" …" if len(run.changed) > 3 else "")
        return f"the hook would change {listed}"
    return f"the hook refuses the change (exit code {run.completed.returncode})" if run.refused else ""


def _findings(request: CheckRequest, definition: GateDefinition, run: HookRun) -> Iterator[Finding]:
    def finding(rule: str, path: str, message: str, excerpt: str = "", level: Level = "block") -> Finding:
        return Finding(
            gate=definition.id, rule=rule, path=path, message=message, excerpt=excerpt, level=level
        )

    if run.refused:
        message = f"the pre-commit hook refuses the change (exit code {run.completed.returncode})"
        yield finding(PRE_COMMIT, "", message, run.told(_TOLD_LINES))
    for path in run.changed:
        yield finding(
            "changed-file", path, "the hook would change this file", _rewritten(request, run.copy, path)
        )
    for path in run.withheld:
        yield finding(
            "hook-definition",
            path,
            "the change edits what the hook is made of; the base's version was run",
            level="ask",
        )


def _rewritten(request: CheckRequest, copy: Copy, path: str) -> str:
    """The beginning of what the hook made of a text file, as a diff."""
    entry, target = copy.entries.get(path), copy.folder / path
    if (
        entry is None
        or target.is_symlink()
        or not target.is_file()
        or target.stat().st_size > _COMPARED_BYTES
    ):
        return ""
    sides = (request.repository.blob(entry.oid), target.read_bytes())
    before, after = (side.decode(errors="replace").splitlines() for side in sides)
    lines = islice(difflib.unified_diff(before, after, n=1, lineterm=""), 2, 2 + _DIFF_LINES)
    return "\n".join(line[:_LINE_CHARACTERS] for line in lines)
