"""What is said to a model, what comes back, and what stands in for any model: `ModelClient`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, Protocol

from agent_gate.domain.proposal import Usage
from agent_gate.domain.value import Value
from agent_gate.errors import ProposerError
from agent_gate.llm.budget import Quote

Hear = Callable[[str], None]
"""Takes a piece of text as it comes; what is heard is shown, never kept."""


class ChatMessage(Value):
    """One turn of the conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


class Completion(Value):
    """A reply whose stream came to its end, and what it cost, failed tries included."""

    text: str
    model_returned: str
    """The model that says it answered, as `provider/model` or `replay:NAME`."""
    usage: Usage
    finish_reason: str

    @property
    def whole(self) -> bool:
        """The model itself stopped; a `length` was cut off by the cap on tokens."""
        return self.finish_reason == "stop"


class ReplyError(ProposerError):
    """No usable reply came; what came of it, and what it cost all the same, is kept here."""

    def __init__(self, message: str, *, hint: str = "", text: str = "", usage: Usage | None = None) -> None:
        super().__init__(message, hint=hint)
        self.text = text
        self.usage = usage or Usage()


class ModelClient(Protocol):
    """A model, or what stands in for one. Belongs to one event loop; one question at a time."""

    @property
    def name(self) -> str:
        """The model as it was asked for."""
        ...

    async def start(self) -> None:
        """Begins to warm up and returns at once."""
        ...

    async def quote(self, messages: Sequence[ChatMessage]) -> Quote:
        """What the question could cost at most. Asks no provider."""
        ...

    async def complete(self, messages: Sequence[ChatMessage], on_text: Hear, *, attempt: int) -> Completion:
        """Asks, and gives the whole reply.

        Raises BudgetError where the question could cost more than is left, before anything is asked, and
        ReplyError where no usable reply came.
        """
        ...

    async def close(self) -> None:
        """Ends whatever runs; may be called again."""
        ...
