"""The process that loads litellm, holds the providers' keys and asks the models.

Run as `python -P -m agent_gate.llm.litellm_worker`; see `protocol` for what is said on standard input and
output. Loading litellm takes seconds, so the process is started early, and requests wait in the pipe. The
end of standard input ends it at once, whatever it is at: whoever asked is gone.
"""

from __future__ import annotations

import asyncio
import json
import os
import queue
import sys
import threading
import traceback
from collections.abc import Callable
from types import ModuleType

from agent_gate.domain.proposal import Usage
from agent_gate.errors import ExitCode
from agent_gate.llm import pricing
from agent_gate.llm.budget import add
from agent_gate.llm.environment import keys_set
from agent_gate.llm.patience import retry_after_s
from agent_gate.llm.protocol import (
    REQUEST,
    Answer,
    CompletionRequest,
    Done,
    Failed,
    Heard,
    QuoteAnswer,
    QuoteRequest,
    Retrying,
)
from agent_gate.llm.provider_errors import Advice, advise, in_its_words
from agent_gate.llm.redaction import Redactor, secrets_in
from agent_gate.llm.stream import Try, UnusableReply, ask

_FREE = Usage(cost_microusd=0)
_Tell = Callable[[Answer], None]


def main() -> None:
    """Answers requests until standard input ends."""
    out = os.dup(1)
    os.dup2(2, 1)  # whatever a library prints must not get between our lines
    requests: queue.Queue[bytes] = queue.Queue()
    threading.Thread(target=_listen, args=(requests,), daemon=True).start()
    redactor = Redactor(secrets_in(os.environ))

    def tell(answer: Answer) -> None:
        line = json.dumps(redactor.redact(answer.model_dump(mode="json"))).encode() + b"\n"
        while line:
            line = line[os.write(out, line) :]

    try:
        asyncio.run(_serve(_load(), requests, tell))
    except BaseException:  # noqa: BLE001 - leaving otherwise would wait for the listening thread, or abort
        traceback.print_exc()
        os._exit(ExitCode.BUG)


def _listen(requests: queue.Queue[bytes]) -> None:
    for line in sys.stdin.buffer:
        requests.put(line)
    os._exit(0)


def _load() -> ModuleType:
    """Litellm, silent, offline, and without retries of its own."""
    import litellm

    litellm.telemetry = False
    litellm.suppress_debug_info = True
    litellm.drop_params = True
    litellm.num_retries = 0
    litellm.disable_hf_tokenizer_download = True
    litellm.disable_aiohttp_transport = True  # httpx knows a broken connection, and the proxy variables
    litellm.token_counter(model="", text="warm")  # loads the tokenizer, half a second of work
    return litellm


async def _serve(litellm: ModuleType, requests: queue.Queue[bytes], tell: _Tell) -> None:
    while True:
        request = REQUEST.validate_json(await asyncio.to_thread(requests.get))
        if isinstance(request, QuoteRequest):
            tell(_quote(litellm, request))
        else:
            tell(await _complete(litellm, request, tell))


def _quote(litellm: ModuleType, request: QuoteRequest) -> Answer:
    try:
        return QuoteAnswer(quote=pricing.quote(litellm, request.model, request.messages, os.environ))
    except Exception as error:  # noqa: BLE001 - the other side is told whatever it is
        return _failed(advise(error, begun=False), in_its_words(error), "", _FREE)


async def _complete(litellm: ModuleType, request: CompletionRequest, tell: _Tell) -> Answer:
    """Asks until a whole reply comes, or the trouble is of a lasting kind, or tries or money run out."""
    spent, retry = _FREE, 0
    while True:
        current = Try()
        try:
            text = await _try(litellm, request, current, tell)
        except Exception as error:  # noqa: BLE001 - the table knows it, or calls it a bug
            advice, words = _judge(error, current)
            spent = add(spent, _used(litellm, request, current))
            asked_s = retry_after_s(getattr(error, "litellm_response_headers", None) or {})
            pause_s = request.patience.pause_s(retry + 1, asked_s)
            if pause_s is None:
                return _failed(
                    advice, f"{words}; it asks for a pause of {asked_s:.0f} s", current.text, spent
                )
            ending = _reason_to_stop(request, advice, retry, spent)
            if ending is not None:
                return _failed(advice, f"{words}{ending}", current.text, spent)
            retry += 1
            count = f"{retry} of {request.patience.retries}"
            tell(Retrying(message=f"{advice.sentence}; asking again in {pause_s:.1f} s ({count})"))
            await asyncio.sleep(pause_s)
        else:
            return Done(
                text=text,
                model_returned=pricing.full_name(litellm, request.model, current.model),
                usage=add(spent, _used(litellm, request, current)),
                finish_reason=current.finish_reason,
            )


async def _try(litellm: ModuleType, request: CompletionRequest, current: Try, tell: _Tell) -> str:
    """One try, shown as it comes; a key that the reply repeats in pieces is not shown either."""
    shown = Redactor(secrets_in(os.environ))

    def show(piece: str) -> None:
        if text := shown.feed(piece):
            tell(Heard(text=text))

    text = await ask(litellm, request, current, show)
    if rest := shown.flush():
        tell(Heard(text=rest))
    return text


def _used(litellm: ModuleType, request: CompletionRequest, current: Try) -> Usage:
    return pricing.used(litellm, request, current.usage, current.generated) if current.begun else _FREE


def _judge(error: Exception, current: Try) -> tuple[Advice, str]:
    if isinstance(error, UnusableReply):
        return error.advice, ""
    return advise(error, begun=current.begun), in_its_words(error)


def _reason_to_stop(request: CompletionRequest, advice: Advice, retries: int, spent: Usage) -> str | None:
    """How the message ends where there is no further try; None where there is one."""
    if not advice.retry:
        return ""
    if retries >= request.patience.retries:
        return f" (asked {retries + 1} times)" if retries else ""
    worst = request.quote.microusd
    if worst and (spent.cost_microusd or 0) + worst > request.left_microusd:
        return "; another try could pass the budget"
    return None


def _failed(advice: Advice, words: str, text: str, usage: Usage) -> Failed:
    joint = "" if not words or words.startswith((";", " (")) else ": "
    keys = f"; the keys that are set: {keys_set(os.environ) or 'none'}" if advice.about_key else ""
    return Failed(
        message=f"{advice.sentence}{joint}{words}", hint=f"{advice.hint}{keys}", text=text, usage=usage
    )


if __name__ == "__main__":
    main()
