"""Recorded replies in place of a model: the same run again, without a key, a network or money.

A JSON Lines file, one reply a line: `{"attempt": 1, "model": "anthropic/claude-sonnet-4-5", "text": "…",
"usage": {"prompt_tokens": 1200, "completion_tokens": 300}, "finish_reason": "stop", "delay_s": 0.02}`.
Only `attempt` and `text` are compulsory. The attempt's number chooses the reply, so a resumed run hears
what an uninterrupted one would have heard.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import Field, ValidationError

from agent_gate.domain.proposal import Usage
from agent_gate.domain.value import Value
from agent_gate.errors import UsageError
from agent_gate.llm.budget import Quote
from agent_gate.llm.completion import ChatMessage, Completion, Hear, ReplyError

REPLAY = "replay:"
_CHUNK_CHARACTERS = 24


class RecordedReply(Value):
    """One line of the file."""

    attempt: int = Field(ge=1)
    model: str = ""
    """The model that once gave the reply."""
    text: str
    usage: Usage = Usage()
    finish_reason: str = "stop"
    delay_s: float = Field(default=0.0, ge=0, le=10, allow_inf_nan=False)
    """The pause between two pieces of the stream."""


def read_replies(path: Path) -> Mapping[int, RecordedReply]:
    """The replies by attempt; raises UsageError with file and line."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise UsageError(
            f"{path}: cannot read the recorded replies: {error.strerror}",
            hint="name a file: --model replay:PATH",
        ) from None
    replies: dict[int, RecordedReply] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        reply = _read(line, f"{path}:{number}")
        if reply.attempt in replies:
            raise UsageError(
                f"{path}:{number}: attempt {reply.attempt} is recorded twice", hint="keep one line an attempt"
            )
        replies[reply.attempt] = reply
    if not replies:
        raise UsageError(
            f"{path}: no reply is recorded here", hint='write lines such as {"attempt": 1, "text": "…"}'
        )
    return replies


def _read(line: bytes, place: str) -> RecordedReply:
    try:
        return RecordedReply.model_validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise UsageError(
            f"{place}: {f'{field}: ' if field else ''}{first['msg']}",
            hint='a line is one JSON object such as {"attempt": 1, "text": "…"}',
        ) from None


class ReplayClient:
    """A `ModelClient` that gives recorded replies. They cost nothing: they were paid for long ago."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._replies = read_replies(path)

    @property
    def name(self) -> str:
        """`replay:NAME`, after the file."""
        return f"{REPLAY}{self._path.stem}"

    async def start(self) -> None:
        """Nothing has to warm up."""

    async def quote(self, messages: Sequence[ChatMessage]) -> Quote:  # noqa: ARG002 - whatever is asked
        """Free."""
        return Quote(prompt_tokens=0, microusd=0, local=True)

    async def complete(self, messages: Sequence[ChatMessage], on_text: Hear, *, attempt: int) -> Completion:  # noqa: ARG002 - only the attempt counts
        """The reply recorded for this attempt; raises ReplyError where there is none."""
        reply = self._replies.get(attempt)
        if reply is None:
            known = ", ".join(str(number) for number in sorted(self._replies))
            raise ReplyError(
                f"{self._path}: no reply is recorded for attempt {attempt}, only for {known}",
                hint="record more replies, or allow fewer attempts with --attempts",
            )
        for piece in _pieces(reply.text):
            on_text(piece)
            await asyncio.sleep(reply.delay_s)
        return Completion(
            text=reply.text,
            model_returned=self.name,
            usage=reply.usage.model_copy(update={"cost_microusd": 0}),
            finish_reason=reply.finish_reason,
        )

    async def close(self) -> None:
        """Nothing runs."""


def _pieces(text: str) -> Iterator[str]:
    for start in range(0, len(text), _CHUNK_CHARACTERS):
        yield text[start : start + _CHUNK_CHARACTERS]
