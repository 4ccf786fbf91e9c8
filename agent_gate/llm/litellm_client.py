"""The near end of the process that speaks to models: starts it early, asks, and keeps to the budget."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence

from agent_gate.domain.proposal import Usage
from agent_gate.domain.secret import redact
from agent_gate.domain.visible import visible
from agent_gate.llm.budget import Budget, Quote
from agent_gate.llm.completion import ChatMessage, Completion, Hear, ReplyError
from agent_gate.llm.environment import worker_environment
from agent_gate.llm.patience import Patience
from agent_gate.llm.protocol import (
    ANSWER,
    LINE_LIMIT_BYTES,
    Answer,
    CompletionRequest,
    Done,
    Failed,
    Heard,
    QuoteAnswer,
    QuoteRequest,
    Request,
    Retrying,
)
from agent_gate.llm.redaction import Redactor, secrets_in
from agent_gate.process import LineWorker, spawn_worker

_ARGV = (sys.executable, "-P", "-m", "agent_gate.llm.litellm_worker")
"""-P: a module of the repository that we stand in must not be taken for a library."""


class LiteLLMClient:
    """A `ModelClient` for any model that litellm knows."""

    def __init__(
        self,
        model: str,
        *,
        budget: Budget,
        environ: Mapping[str, str],
        on_notice: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.budget = budget
        """What is left, brought up to date after each question."""
        self._model = model
        self._patience = Patience.of(environ)
        self._environ = worker_environment(environ)
        self._on_notice = on_notice
        self._worker: LineWorker | None = None
        self._one_start = asyncio.Lock()
        self._one_at_a_time = asyncio.Lock()

    @property
    def name(self) -> str:
        """The model as it was asked for."""
        return self._model

    async def start(self) -> None:
        """Starts the process; litellm loads there while we do other things."""
        async with self._one_start:
            if self._worker is None:
                self._worker = await spawn_worker(_ARGV, env=self._environ, line_limit=LINE_LIMIT_BYTES)

    async def quote(self, messages: Sequence[ChatMessage]) -> Quote:
        """What the question could cost at most; raises ReplyError for a model that nobody knows."""
        request = QuoteRequest(model=self._model, messages=tuple(messages))
        answer = await self._exchange(request, lambda _: None)
        if isinstance(answer, QuoteAnswer):
            return answer.quote
        raise self._refusal(answer)

    async def complete(self, messages: Sequence[ChatMessage], on_text: Hear, *, attempt: int) -> Completion:  # noqa: ARG002 - recorded replies go by attempt
        """Asks, within the budget; see `ModelClient.complete`."""
        quote = await self.quote(messages)
        reserved = self.budget.reserve(quote)
        request = CompletionRequest(
            model=self._model,
            messages=tuple(messages),
            patience=self._patience,
            quote=quote,
            left_microusd=self.budget.left_microusd,
        )
        # Until it answers for itself, the question counts as having cost what was reserved.
        usage = Usage(prompt_tokens=quote.prompt_tokens, cost_microusd=reserved)
        try:
            answer = await self._exchange(request, on_text)
            if isinstance(answer, Done | Failed):
                usage = answer.usage
        except ReplyError as error:
            error.usage = usage
            raise
        finally:
            self.budget = self.budget.charge(usage, reserved)
        if not isinstance(answer, Done):
            raise self._refusal(answer)
        return Completion(
            text=answer.text,
            model_returned=answer.model_returned,
            usage=answer.usage,
            finish_reason=answer.finish_reason,
        )

    async def close(self) -> None:
        """Ends the process and all that it started."""
        worker, self._worker = self._worker, None
        if worker is not None:
            await worker.stop()

    async def _exchange(self, request: Request, on_text: Hear) -> Answer:
        """One request and its last answer. Whatever interrupts it ends the process: nothing goes on unheard."""
        async with self._one_at_a_time:
            await self.start()
            try:
                await self._say(request)
                while True:
                    answer = await self._hear()
                    if isinstance(answer, Heard):
                        on_text(answer.text)
                    elif isinstance(answer, Retrying):
                        self._on_notice(answer.message)
                    else:
                        return answer
            except BaseException:
                await self.close()
                raise

    async def _say(self, request: Request) -> None:
        assert self._worker  # noqa: S101 - started by _exchange
        try:
            await self._worker.send(request.model_dump_json().encode())
        except ConnectionError:
            raise await self._broken(self._worker, "it takes no requests") from None

    async def _hear(self) -> Answer:
        assert self._worker  # noqa: S101
        try:
            line = await self._worker.receive()
            if line:
                return ANSWER.validate_json(line)
        except ValueError as error:
            raise await self._broken(
                self._worker, f"it said what we cannot read ({type(error).__name__})"
            ) from None
        raise await self._broken(self._worker, "it ended")

    async def _broken(self, worker: LineWorker, problem: str) -> ReplyError:
        await worker.stop()
        said = visible(redact(Redactor(secrets_in(self._environ)).redact(worker.tail())))
        return ReplyError(
            f"the process that speaks to models is gone: {problem} (status {worker.returncode})",
            hint=f"its last words: {said}" if said else "start the run again with `agent-gate resume`",
        )

    def _refusal(self, answer: Answer) -> ReplyError:
        if isinstance(answer, Failed):
            return ReplyError(answer.message, hint=answer.hint, text=answer.text, usage=answer.usage)
        return ReplyError(
            f"the process that speaks to models answered with {answer.type!r}, which was not asked"
        )
