"""The door to models: `open_client`, and the values that go through it. Loads neither litellm nor a network."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from agent_gate.errors import UsageError
from agent_gate.llm.budget import Budget
from agent_gate.llm.completion import ChatMessage, Completion, Hear, ModelClient, ReplyError
from agent_gate.llm.environment import keys_looked_for
from agent_gate.llm.litellm_client import LiteLLMClient
from agent_gate.llm.replay import REPLAY, ReplayClient

__all__ = ["Budget", "ChatMessage", "Completion", "Hear", "ModelClient", "ReplyError", "open_client"]


def open_client(
    model: str,
    *,
    budget: Budget,
    environ: Mapping[str, str] | None = None,
    on_notice: Callable[[str], None] = lambda _: None,
) -> ModelClient:
    """A client for a model's name: `replay:PATH` (relative to where we stand), or any LiteLLM name.

    `on_notice` hears, in a sentence, that a try failed and another one follows: what was heard of the reply
    is void then. Raises UsageError where no model is named, or the recording cannot be read.
    """
    known = os.environ if environ is None else environ
    if model.startswith(REPLAY):
        return ReplayClient(Path(model.removeprefix(REPLAY)))
    if not model.strip():
        raise UsageError(
            "no model is named",
            hint="say --model provider/model, or set [model] default in agent-gate.toml, or play recorded replies "
            f"with --model replay:PATH; the keys that were looked for: {keys_looked_for(known)}",
        )
    return LiteLLMClient(model, budget=budget, environ=known, on_notice=on_notice)
