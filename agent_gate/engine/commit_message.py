"""Shows the commit message to the repository's commit-msg hook, before anybody is asked to approve it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from agent_gate.audit.evidence import build_evidence, read_bundle
from agent_gate.audit.message import commit_trailers
from agent_gate.domain.digest import sha256
from agent_gate.engine.session import Session
from agent_gate.errors import SetupError
from agent_gate.gating.checks.hooks import GATE, HOOKS
from agent_gate.gating.context import GateContext
from agent_gate.gating.hook_run import HookError, HookRun, run_hook
from agent_gate.gating.runner import request_workplace
from agent_gate.run.events import Parked, utc_now
from agent_gate.run.state import RunState, apply
from agent_gate.vcs.hooks import COMMIT_MSG, Hook, find_hook
from agent_gate.vcs.repo import Repository
from agent_gate.vcs.trailers import render_message

_NO_EVIDENCE_YET = "sha256:" + "0" * 64
_TOLD_LINES = 20


async def why_refused(session: Session, subject: str, body: str) -> str:
    """What the commit-msg hook has against the message, and what to change; empty where it takes it.

    A hook that edits the message is not followed: the contract lists exactly what stands in it. Raises
    SetupError where the hook gives no answer (the run can then be resumed), unless the policy makes the
    hooks advisory.
    """
    repository, state = session.context.repository, session.state
    hook = await asyncio.to_thread(find_hook, repository, COMMIT_MSG, state.base)
    if hook is None:
        return ""
    session.recorder.progress("park", "the commit-msg hook reads the message")
    try:
        run = await _run(session, hook, expected_message(repository, state, subject, body))
    except HookError as error:
        if GATE not in state.policy.gates.advisory:
            raise SetupError(f"commit-msg: {error.reason}", hint=error.hint) from None
        session.recorder.progress("park", f"the commit-msg hook gave no answer: {error.reason}")
        return ""
    if run.refused:
        return (
            f"the commit-msg hook refuses the message {subject!r}:\n{run.told(_TOLD_LINES)}\n"
            "change what the message is made from (usually the spec's title), and run again"
        )
    if run.edited_message:
        session.recorder.progress("park", "the commit-msg hook would edit the message; its edit is not taken")
    return ""


def expected_message(repository: Repository, state: RunState, subject: str, body: str) -> str:
    """The message as it will be; only the digest of the evidence, which the approval is part of, is zeros.

    Raises TrailerError where git would read other trailers than are meant.
    """
    parked = apply(state, Parked(subject=subject, body=body))
    lines = build_evidence(parked, (), "", "", utc_now())
    bundle = replace(read_bundle(lines, sha256(lines[-1].encode())), digest=_NO_EVIDENCE_YET)
    return render_message(
        repository, subject, body, commit_trailers(bundle, state.policy, state.started.spec)
    )


async def _run(session: Session, hook: Hook, message: str) -> HookRun:
    request = await session.context.check_request(session.change(of_candidate=True))
    definition = session.context.catalog(session.state.base)[GATE]
    job = request.job(definition, inputs=HOOKS.inputs(request))
    async with request_workplace(request) as workplace:
        return await run_hook(GateContext(job, workplace), hook, message)
