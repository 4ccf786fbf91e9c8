"""Asks the model, and keeps its reply before anything else is done with it."""

from __future__ import annotations

from agent_gate.domain.digest import canonical_json, sha256
from agent_gate.domain.proposal import Proposal
from agent_gate.engine.prompt import next_prompt
from agent_gate.engine.replies import keep_reply, keep_unusable, kept_proposal
from agent_gate.engine.session import Session
from agent_gate.errors import BudgetError
from agent_gate.llm.client import ChatMessage, Completion, ModelClient, ReplyError
from agent_gate.prompting.messages import Prompt
from agent_gate.run.events import ModelText, ProposalFailed, ProposalFinished, ProposalStarted
from agent_gate.run.state import RunState


async def propose(session: Session) -> None:
    """One model call. Ends in ProposalFinished, or in ProposalFailed and a stop.

    A reply is on the disk before the journal speaks of it: one that was paid for is never asked for
    again, wherever the process dies.
    """
    state, recorder = session.state, session.recorder
    number = _attempt_number(state)
    for key in state.policy.not_enforced if number == 1 else ():
        recorder.progress("policy", f"{key} is stated, and not enforced by this version")
    model = await session.model()
    session.begin_measuring_base()
    prompt = next_prompt(session.context, state, recorder.journal)
    digest = sha256(canonical_json([[message.role, message.content] for message in prompt.messages]))
    recorder.record(ProposalStarted(attempt=number, prompt_sha256=digest))
    proposal = kept_proposal(recorder.journal, number, digest)
    if proposal is None:
        completion = await _ask(session, model, number, prompt)
        if completion is None:
            session.stopped = True
            return
        reply = completion.text.encode(errors="replace")
        proposal = Proposal(
            attempt=number,
            model_requested=model.name,
            model_returned=completion.model_returned,
            prompts=prompt.prompts,
            prompt_sha256=digest,
            reply_sha256=sha256(reply),
            usage=completion.usage,
            finish_reason=completion.finish_reason,
        )
        keep_reply(recorder.journal, proposal, reply)
    recorder.record(ProposalFinished(proposal=proposal))


async def _ask(session: Session, model: ModelClient, number: int, prompt: Prompt) -> Completion | None:
    """The reply, or None after a failure that is in the journal."""
    recorder = session.recorder
    messages = [ChatMessage(role=message.role, content=message.content) for message in prompt.messages]
    try:
        return await model.complete(
            messages,
            lambda text: recorder.tell(ModelText(run=recorder.state.run_id, attempt=number, text=text)),
            attempt=number,
        )
    except BudgetError as error:
        recorder.record(ProposalFailed(attempt=number, message=error.message, hint=error.hint, budget=True))
    except ReplyError as error:
        if error.text:
            keep_unusable(recorder.journal, number, error.text)
        recorder.record(
            ProposalFailed(attempt=number, message=error.message, hint=error.hint, usage=error.usage)
        )
    return None


def _attempt_number(state: RunState) -> int:
    """The attempt that is under way, or the next one."""
    current = state.current
    return current.number if current and current.proposal is None else len(state.attempts) + 1
