"""The `integrity` gate: whether the change bends what judges it. The rules are in `gating/integrity/`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from agent_gate.domain.gate import Finding, GateResult
from agent_gate.domain.pattern import matches
from agent_gate.domain.value import PlainData
from agent_gate.gating.checks.check import Check
from agent_gate.gating.context import GateContext, judged
from agent_gate.gating.diff import FileDiff
from agent_gate.gating.integrity.change import Change
from agent_gate.gating.integrity.examine import examine
from agent_gate.gating.request import CheckRequest

_TEST_BYTES = 20_000_000
"""So much of the tests that the change leaves alone is read to find their inputs in the source."""


async def run_integrity(context: GateContext) -> GateResult:
    """Judges the contents before and after; runs nothing."""
    diffs = await context.diff()
    findings = await asyncio.to_thread(_examine, context, diffs)
    return judged(context, findings, measures={"files": len(diffs)})


def _examine(context: GateContext, diffs: tuple[FileDiff, ...]) -> tuple[Finding, ...]:
    options = context.definition.options
    tests, unread = _other_tests(context, diffs)
    change = Change(diffs, options, tuple(context.job.inputs["protected"]), tests)
    found = examine(change, context.definition.id)
    return (*found, _unread(context, unread)) if unread else found


def _unread(context: GateContext, unread: int) -> Finding:
    message = f"{unread} test modules were not searched for inputs that the source treats on its own"
    return Finding(
        gate=context.definition.id, rule="unexamined", path="", message=message, level="note",
        excerpt=f"more than {_TEST_BYTES} bytes of tests",
    )  # fmt: skip


def _other_tests(context: GateContext, diffs: tuple[FileDiff, ...]) -> tuple[Mapping[str, bytes], int]:
    """Test modules that the change leaves alone, where it touches source at all, and how many were too much."""
    options = context.definition.options
    if not any(matches(d.path, options["python"]) and not matches(d.path, options["tests"]) for d in diffs):
        return {}, 0
    touched = {diff.path for diff in diffs}
    entries = {
        path: entry.oid
        for path, entry in context.repository.entries(context.job.tree).items()
        if path not in touched and entry.mode.startswith("100") and matches(path, options["python"])
        and matches(path, options["tests"])
    }  # fmt: skip
    contents = dict(context.repository.blobs(set(entries.values())))
    found: dict[str, bytes] = {}
    left = _TEST_BYTES
    for path, oid in sorted(entries.items()):
        left -= len(contents[oid])
        if left < 0:
            break
        found[path] = contents[oid]
    return found, len(entries) - len(found)


def _inputs(request: CheckRequest) -> PlainData:
    return {"protected": list(request.policy.paths.protected)}


INTEGRITY = Check(run=run_integrity, inputs=_inputs)
