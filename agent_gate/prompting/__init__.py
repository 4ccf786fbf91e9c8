"""What the model is asked: released prompts, and the context they are filled with."""

from __future__ import annotations

from agent_gate.prompting.context import DEFAULT_BYTE_CAP
from agent_gate.prompting.messages import PreviousAttempt, Prompt, propose_messages, repair_messages

__all__ = ["DEFAULT_BYTE_CAP", "PreviousAttempt", "Prompt", "propose_messages", "repair_messages"]
