"""One try at a reply: asks through litellm and gathers the chunks, until the provider says that it is done."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from agent_gate.llm import provider_errors
from agent_gate.llm.protocol import REPLY_CAP_BYTES, CompletionRequest
from agent_gate.llm.provider_errors import Advice


class UnusableReply(Exception):  # noqa: N818 - stays inside the worker, which turns it into words
    """The try gave nothing that can be used, and no exception of a library says so."""

    def __init__(self, advice: Advice) -> None:
        super().__init__(advice.sentence)
        self.advice = advice


@dataclass
class Try:
    """What has come of one try so far."""

    begun: bool = False
    """The provider has accepted the request, or let it hang: it may bill us."""
    finish_reason: str = ""
    model: str = ""
    usage: Any = None
    pieces: list[str] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    size: int = 0

    @property
    def text(self) -> str:
        """The text so far; what is no Unicode is replaced."""
        return _unicode("".join(self.pieces), errors="replace")

    @property
    def generated(self) -> str:
        """All that the provider generated, hidden thoughts included."""
        return _unicode("".join(self.thoughts + self.pieces), errors="replace")

    def take(self, chunk: Any) -> str:
        """Adds a chunk and returns its text, ready to be shown; raises UnusableReply beyond the cap."""
        self.usage = getattr(chunk, "usage", None) or self.usage
        # `chunk.model` is what we asked for; what answered stands in a field that litellm calls hidden.
        self.model = chunk._hidden_params.get("provider_response_model") or self.model  # noqa: SLF001
        if not chunk.choices:
            return ""
        delta = chunk.choices[0].delta
        piece, thought = delta.content or "", getattr(delta, "reasoning_content", None) or ""
        self.size += len((piece + thought).encode("utf-8", "surrogatepass"))
        if self.size > REPLY_CAP_BYTES:
            raise UnusableReply(provider_errors.TOO_BIG)
        self.pieces.append(piece)
        self.thoughts.append(thought)
        return _unicode(piece, errors="replace")

    def checked(self) -> str:
        """The whole text; raises UnusableReply where it is not whole, empty, or no text."""
        if not self.finish_reason:
            raise UnusableReply(provider_errors.BROKEN_OFF if self.size else provider_errors.GARBAGE)
        if self.finish_reason == "content_filter":
            raise UnusableReply(provider_errors.FILTERED)
        try:
            text = _unicode("".join(self.pieces), errors="strict")
        except UnicodeDecodeError:
            raise UnusableReply(provider_errors.NO_TEXT) from None
        if not text.strip():
            raise UnusableReply(provider_errors.EMPTY)
        return text


def _unicode(text: str, *, errors: str) -> str:
    """Joins the halves of characters that came in two pieces; halves alone are errors."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", errors)


async def ask(
    litellm: ModuleType, request: CompletionRequest, current: Try, show: Callable[[str], None]
) -> str:
    """The whole reply. Raises UnusableReply, or whatever litellm raises; `current` keeps what came."""
    try:
        async with asyncio.timeout(request.patience.reply_s) as limit:
            async for chunk in _chunks(litellm, request, current):
                if piece := current.take(chunk):
                    show(piece)
    except TimeoutError:
        current.begun = True
        raise UnusableReply(
            provider_errors.TOO_LONG if limit.expired() else provider_errors.STALLED
        ) from None
    return current.checked()


async def _chunks(litellm: ModuleType, request: CompletionRequest, current: Try) -> AsyncIterator[Any]:
    """The chunks, each within the time that a silence may last."""
    stall_s = request.patience.stall_s
    cap = request.quote.reply_cap_tokens
    stream = await asyncio.wait_for(
        litellm.acompletion(
            model=request.model,
            messages=[message.model_dump() for message in request.messages],
            stream=True,
            stream_options={"include_usage": True},
            num_retries=0,
            max_retries=0,
            timeout=request.patience.reply_s,
            **({"max_tokens": cap} if cap is not None else {}),
        ),
        stall_s,
    )
    current.begun = True
    chunks = aiter(stream)
    while True:
        try:
            chunk = await asyncio.wait_for(anext(chunks), stall_s)
        except StopAsyncIteration:
            break
        yield chunk
    # litellm says "stop" at the end of every stream; only what the provider itself said counts.
    current.finish_reason = stream.received_finish_reason or ""
