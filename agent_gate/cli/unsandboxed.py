"""Where there is no sandbox: a question each time at a terminal, a flag elsewhere."""

from __future__ import annotations

import asyncio

import click

from agent_gate.cli.output import at_a_terminal, marked, tell
from agent_gate.domain.visible import visible
from agent_gate.sandbox.find import find_sandbox


def may_run_unsandboxed(allowed: bool, *, ask: bool) -> bool:
    """Whether a person accepts that code runs unconfined. Where a sandbox exists it is used all the same."""
    probe = asyncio.run(find_sandbox())
    if probe.sandbox is not None:
        return allowed
    tell(marked("errored", f"no sandbox: {visible(probe.reason)}"))
    if allowed or not (ask and at_a_terminal()):
        return allowed
    return click.confirm("run the candidate's code unconfined, as you?", default=False, err=True)
