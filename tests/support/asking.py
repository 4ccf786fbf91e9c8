"""A client that asks a scripted server, for tests of the way to models."""

from __future__ import annotations

from dataclasses import dataclass, field

from openai_server import OpenAIServer, Reply

from agent_gate.llm.budget import Budget
from agent_gate.llm.completion import ChatMessage, Completion
from agent_gate.llm.litellm_client import LiteLLMClient

KEY = "sk-not-a-real-key-0123456789"
QUESTION = [ChatMessage(role="user", content="Add two numbers.")]
PATIENCE = {"AGENT_GATE_RETRY_BASE_S": "0.01", "AGENT_GATE_RETRIES": "2", "AGENT_GATE_STALL_S": "1"}


@dataclass
class Asker:
    """A client, the server it speaks to, and what was heard and noticed on the way."""

    client: LiteLLMClient
    server: OpenAIServer
    heard: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    async def ask(self, *replies: Reply) -> Completion:
        """Asks once; the server answers with these replies."""
        self.server.script(*replies)
        self.heard.clear()
        self.notices.clear()
        return await self.client.complete(QUESTION, self.heard.append, attempt=1)


def new_asker(
    server: OpenAIServer, model: str = "openai/test-model", limit: int = 0, **environ: str
) -> Asker:
    """An asker with a worker of its own; by default the server is the provider, local and free."""
    notices: list[str] = []
    client = LiteLLMClient(
        model,
        budget=Budget(limit_microusd=limit),
        environ={"OPENAI_API_KEY": KEY, "OPENAI_API_BASE": server.base_url, **PATIENCE, **environ},
        on_notice=notices.append,
    )
    return Asker(client, server, notices=notices)
