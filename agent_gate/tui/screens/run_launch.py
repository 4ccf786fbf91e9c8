"""From a spec to a run that is on its way: the model is asked for, and the sandbox agreed on, where need be."""

from __future__ import annotations

import asyncio

from textual.app import App
from textual.content import Content

from agent_gate.domain.spec import Spec
from agent_gate.engine.start import RunOptions, start_run
from agent_gate.errors import AgentGateError, SetupError
from agent_gate.tui.desk import Desk
from agent_gate.tui.screens.dialogs import AskScreen, ConfirmScreen, FailureScreen


async def ask_model(app: App[int], desk: Desk) -> str | None:
    """The model of the policy, or the one that the person names; None where there is none."""
    context = desk.context
    try:
        default = context.policy(context.repository.resolve("HEAD")).policy.model.default
    except AgentGateError as error:
        app.push_screen(FailureScreen(error))
        return None
    if default:
        return default
    told = [Content("No model is set in agent-gate.toml. Any LiteLLM name, or replay:PATH.")]
    return await app.push_screen_wait(
        AskScreen("Which model?", told, placeholder="anthropic/claude-sonnet-4-5")
    )


async def launch(app: App[int], desk: Desk, spec: Spec, options: RunOptions) -> str | None:
    """Starts the run and gives its id; None where it could not start, which the person was told."""
    try:
        journal = await asyncio.to_thread(lambda: asyncio.run(start_run(desk.context, spec, options)))
    except SetupError as error:
        if "--allow-unsandboxed" not in error.hint:
            app.push_screen(FailureScreen(error))
        elif await app.push_screen_wait(
            ConfirmScreen("Run the candidate's code without a sandbox?", error.message)
        ):
            return await launch(app, desk, spec, RunOptions(model=options.model, allow_unsandboxed=True))
        return None
    except AgentGateError as error:
        app.push_screen(FailureScreen(error))
        return None
    return journal.run_id
