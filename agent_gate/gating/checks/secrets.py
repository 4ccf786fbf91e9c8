"""The `secrets` gate: keys, tokens and passwords that a change adds. Nothing in the change can silence it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator

from agent_gate.domain.gate import Finding, GateResult, Level
from agent_gate.domain.secret import redact
from agent_gate.domain.value import PlainData
from agent_gate.gating.checks.check import Check
from agent_gate.gating.context import GateContext, judged
from agent_gate.gating.diff import FileDiff
from agent_gate.gating.request import CheckRequest
from agent_gate.gating.secrets.allowed import ALLOWED_FILE, HINT, read_allowed
from agent_gate.gating.secrets.scan import Hit, added_secrets

_MOST_IN_A_FILE = 50


async def run_secrets(context: GateContext) -> GateResult:
    """Failed where a secret is added. What the base's list allows, and what stood in the base, does not count."""
    diff = await context.diff()
    findings = await asyncio.to_thread(lambda: tuple(_findings(context, diff)))
    blocks = any(finding.level == "block" for finding in findings)
    return judged(context, findings, hint=HINT if blocks else "", measures={"files": len(diff)})


def _inputs(request: CheckRequest) -> PlainData:
    return read_allowed(request.repository, request.base_tree)


SECRETS = Check(run=run_secrets, inputs=_inputs)


def _findings(context: GateContext, diff: tuple[FileDiff, ...]) -> Iterator[Finding]:
    inputs, gate = context.job.inputs, context.definition.id
    for number in inputs["unread"]:
        yield Finding(
            gate=gate, rule="allowed-list", path=ALLOWED_FILE, line=number, level="note", severity="low",
            message="this line of the base allows nothing: it is no SHA-256 in hexadecimal", introduced=False,
        )  # fmt: skip
    told: Counter[str] = Counter()
    for hit in added_secrets(diff, inputs["digests"]):
        told[hit.path] += hit.introduced
        if told[hit.path] <= _MOST_IN_A_FILE:
            yield _finding(gate, hit)
    for path, count in told.items():
        if count > _MOST_IN_A_FILE:
            more = count - _MOST_IN_A_FILE
            yield Finding(
                gate=gate, rule="more-secrets", path=redact(path), severity="high", level="block",
                message=f"{more} more secrets in this file",
            )  # fmt: skip


def _finding(gate: str, hit: Hit) -> Finding:
    level: Level = "block" if hit.introduced else "note"
    moved = "" if hit.introduced else "; the base has it already, so it is known to all who can read the base"
    return Finding(
        gate=gate, rule=hit.rule, path=redact(hit.path), line=hit.line, severity="high", level=level,
        message=f"{hit.title}: {hit.shown}{moved}", excerpt=hit.shown, introduced=hit.introduced,
    )  # fmt: skip
