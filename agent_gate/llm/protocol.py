"""What we and the process that holds litellm say to each other: one JSON object a line.

Requests go in one at a time. A quote is answered by a QuoteAnswer, a question by any number of Heard and
Retrying and then one Done; either may be answered by Failed instead.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from agent_gate.domain.proposal import Usage
from agent_gate.domain.value import Value
from agent_gate.llm.budget import Quote
from agent_gate.llm.completion import ChatMessage
from agent_gate.llm.patience import Patience

REPLY_CAP_BYTES = 4 * 1024 * 1024
LINE_LIMIT_BYTES = 8 * REPLY_CAP_BYTES
"""One byte of a reply becomes at most six in JSON."""


class QuoteRequest(Value):
    """Count and price, without asking a provider."""

    type: Literal["quote"] = "quote"
    model: str
    messages: tuple[ChatMessage, ...]


class CompletionRequest(Value):
    """Ask, for what the quote said; retries stop where `left_microusd` could be passed."""

    type: Literal["complete"] = "complete"
    model: str
    messages: tuple[ChatMessage, ...]
    patience: Patience
    quote: Quote
    left_microusd: int


class QuoteAnswer(Value):
    """The answer to a QuoteRequest."""

    type: Literal["quote"] = "quote"
    quote: Quote


class Heard(Value):
    """A piece of the reply as it comes."""

    type: Literal["heard"] = "heard"
    text: str


class Retrying(Value):
    """The try failed, what was heard of it is void, and another one follows after a pause."""

    type: Literal["retrying"] = "retrying"
    message: str


class Done(Value):
    """The whole reply."""

    type: Literal["done"] = "done"
    text: str
    model_returned: str
    usage: Usage
    finish_reason: str


class Failed(Value):
    """No usable reply; what came of it and what it cost."""

    type: Literal["failed"] = "failed"
    message: str
    hint: str = ""
    text: str = ""
    usage: Usage = Usage(cost_microusd=0)


Request = Annotated[QuoteRequest | CompletionRequest, Field(discriminator="type")]
Answer = Annotated[QuoteAnswer | Heard | Retrying | Done | Failed, Field(discriminator="type")]

REQUEST: TypeAdapter[Request] = TypeAdapter(Request)
ANSWER: TypeAdapter[Answer] = TypeAdapter(Answer)
