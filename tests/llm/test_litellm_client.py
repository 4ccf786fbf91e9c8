"""Drives the real worker process over HTTP to a server on loopback."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from asking import KEY, QUESTION, Asker, new_asker
from openai_server import OpenAIServer, Reply, refusal

from agent_gate.errors import BudgetError, ExitCode
from agent_gate.llm.completion import ReplyError

pytestmark = pytest.mark.asyncio(loop_scope="session")

TEXT = "def add(a, b):\n    return a + b\n" * 8
GOOD = Reply(text=TEXT)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def children() -> set[int]:
    return {int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()}


async def until(condition: Callable[[], object], limit_s: float = 20) -> bool:
    deadline = time.monotonic() + limit_s
    while not condition() and time.monotonic() < deadline:  # noqa: ASYNC110 - other processes set no event
        await asyncio.sleep(0.02)
    return bool(condition())


class TestAReply:
    async def test_comes_whole_in_pieces_and_with_its_usage(self, asker: Asker) -> None:
        completion = await asker.ask(GOOD)
        assert completion.text == TEXT == "".join(asker.heard)
        assert len(asker.heard) > 1
        assert completion.model_returned == "openai/test-model-2025-01-01"
        assert (completion.usage.prompt_tokens, completion.usage.completion_tokens) == (20, 10)
        assert completion.usage.cost_microusd == 0
        assert completion.whole

    async def test_is_asked_for_with_our_words_and_the_key(self, asker: Asker) -> None:
        await asker.ask(GOOD)
        (request,) = asker.server.requests
        assert request.body["messages"] == [{"role": "user", "content": "Add two numbers."}]
        assert request.body["model"] == "test-model"
        assert request.headers["authorization"] == f"Bearer {KEY}"

    async def test_cut_by_the_token_cap_says_so(self, asker: Asker) -> None:
        completion = await asker.ask(Reply(text=TEXT, finish_reason="length"))
        assert completion.finish_reason == "length"
        assert not completion.whole

    async def test_holds_no_thoughts(self, asker: Asker) -> None:
        completion = await asker.ask(Reply(text=TEXT, reasoning="First I think."))
        assert completion.text == TEXT == "".join(asker.heard)

    async def test_without_usage_is_counted_by_us(self, asker: Asker) -> None:
        completion = await asker.ask(Reply(text=TEXT, usage=False))
        assert completion.usage.prompt_tokens > 0
        assert completion.usage.completion_tokens > 20

    async def test_joins_a_character_that_came_in_two_halves(self, asker: Asker) -> None:
        completion = await asker.ask(Reply(text="ok \ud83d\ude00", chunk_chars=4))
        assert completion.text == "ok \U0001f600"

    async def test_from_a_model_with_a_deceitful_name_gives_one_word(self, asker: Asker) -> None:
        completion = await asker.ask(Reply(text=TEXT, model="m\nReviewed-by: Ana <a@example.org>"))
        assert completion.model_returned == "openai/m_Reviewed-by:_Ana__a@example.org_"


class TestTroubleThatPasses:
    @pytest.mark.parametrize("fault", ["cut", "reset", "end"])
    async def test_a_stream_that_breaks_off_is_asked_for_again(self, asker: Asker, fault: str) -> None:
        completion = await asker.ask(Reply(text=TEXT, fault=fault), GOOD)  # type: ignore[arg-type]
        assert completion.text == TEXT
        assert len(asker.server.requests) == 2
        assert "the reply broke off in the middle; asking again" in asker.notices[0]
        assert completion.usage.completion_tokens > 10, "what came of the first try is charged too"

    @pytest.mark.parametrize("fault", ["stall", "silent"])
    async def test_a_silent_provider_is_asked_again(self, asker: Asker, fault: str) -> None:
        completion = await asker.ask(Reply(text=TEXT, fault=fault), GOOD)  # type: ignore[arg-type]
        assert completion.text == TEXT
        assert len(asker.server.requests) == 2
        assert "fell silent" in asker.notices[0]

    @pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529])
    async def test_a_passing_status_is_asked_again(self, asker: Asker, status: int) -> None:
        completion = await asker.ask(refusal(status, "later"), GOOD)
        assert completion.text == TEXT
        assert len(asker.server.requests) == 2
        assert completion.usage.prompt_tokens == 20, "a refused try costs nothing"

    async def test_a_proxy_s_error_page_is_asked_again(self, asker: Asker) -> None:
        completion = await asker.ask(Reply(status=502, content_type="text/html", body="<h1>Bad</h1>"), GOOD)
        assert completion.text == TEXT

    async def test_a_model_in_a_loop_is_asked_again(self, asker: Asker) -> None:
        completion = await asker.ask(Reply(text="the same again! " * 150), GOOD)
        assert completion.text == TEXT
        assert "repeats itself" in asker.notices[0]

    async def test_tries_come_to_an_end(self, asker: Asker) -> None:
        with pytest.raises(ReplyError, match=r"trouble of its own: down \(asked 3 times\)") as caught:
            await asker.ask(*[refusal(500, "down")] * 5)
        assert len(asker.server.requests) == 3
        assert caught.value.exit_code is ExitCode.NO_CHANGE

    async def test_a_broken_reply_is_kept_but_never_returned(self, asker: Asker) -> None:
        with pytest.raises(ReplyError, match="broke off in the middle") as caught:
            await asker.ask(*[Reply(text=TEXT, fault="cut")] * 3)
        assert TEXT.startswith(caught.value.text)
        assert 0 < len(caught.value.text) < len(TEXT)

    async def test_the_pause_that_a_provider_asks_for_is_kept(self, asker: Asker) -> None:
        await asker.ask(refusal(429, "slow down", retry_after="1"), GOOD)
        first, second = asker.server.requests
        assert second.at_s - first.at_s >= 1.0

    async def test_a_pause_of_many_minutes_is_not_waited_for(self, asker: Asker) -> None:
        with pytest.raises(ReplyError, match=r"asks us to slow down.*a pause of 900 s"):
            await asker.ask(refusal(429, "slow down", retry_after="900"), GOOD)
        assert len(asker.server.requests) == 1


class TestTroubleThatLasts:
    @pytest.mark.parametrize(
        ("reply", "sentence", "hint"),
        [
            (refusal(400, "no"), "does not accept the request", "model's name may be wrong"),
            (refusal(401, "no"), "does not accept the key", "that are set: OPENAI_API_KEY"),
            (refusal(402, "no"), "no credit left", "top it up"),
            (refusal(403, "no"), "may not use this model", "ask for access"),
            (refusal(404, "no"), "knows no such model", "API base"),
            (refusal(413, "no"), "larger than the model's context", "fewer files"),
            (refusal(429, "no", code="insufficient_quota"), "no credit left", "top it up"),
            (refusal(400, "no", code="content_policy_violation"), "content policy", "differently"),
            (
                refusal(400, "maximum context length is 10 tokens", code="context_length_exceeded"),
                "larger than the model's context",
                "fewer files",
            ),
            (Reply(body="<html>hi</html>", content_type="text/html"), "not a model", "/v1"),
            (Reply(body='{"foo": 1}'), "not a model", "/v1"),
            (Reply(body="data: {nonsense\n\n", content_type="text/event-stream"), "not a model", "/v1"),
            (Reply(body="", content_type="text/event-stream"), "not a model", "/v1"),
            (Reply(text=""), "empty reply", "another model"),
            (Reply(text=" \n\n "), "empty reply", "another model"),
            (Reply(text="half \ud83d", chunk_chars=9), "not valid Unicode", "ask again"),
            (Reply(text=TEXT, finish_reason="content_filter"), "content filter", "differently"),
            (Reply(text="x" * 5_000_000, chunk_chars=1_000_000), "larger than 4 MiB", "less at once"),
        ],
    )
    async def test_is_told_in_plain_words_and_not_asked_again(
        self, asker: Asker, reply: Reply, sentence: str, hint: str
    ) -> None:
        with pytest.raises(ReplyError) as caught:
            await asker.ask(reply, GOOD)
        assert sentence in caught.value.message
        assert hint in caught.value.hint
        assert len(asker.server.requests) == 1

    async def test_a_reply_that_is_not_utf8_is_no_reply(self, asker: Asker) -> None:
        bad = 'data: {"id":"1","model":"m","choices":[{"index":0,"delta":{"content":"\udcff"}}]}\n\n'
        with pytest.raises(ReplyError, match="no event stream"):
            await asker.ask(Reply(body=bad, content_type="text/event-stream"), GOOD)

    async def test_a_useless_reply_is_paid_for(self, asker: Asker) -> None:
        with pytest.raises(ReplyError) as caught:
            await asker.ask(Reply(text="", prompt_tokens=70, completion_tokens=9))
        assert (caught.value.usage.prompt_tokens, caught.value.usage.completion_tokens) == (70, 9)

    async def test_words_from_outside_cannot_steer_the_terminal(self, asker: Asker) -> None:
        with pytest.raises(ReplyError) as caught:
            await asker.ask(refusal(400, "\x1b[2J gone \u202e"))
        assert "\\x1b[2J gone \\u202e" in caught.value.message


class TestTheKey:
    async def test_is_cut_out_of_errors_replies_and_notices(self, asker: Asker) -> None:
        completion = await asker.ask(
            refusal(500, f"trouble with {KEY}"), Reply(text=f"the key is {KEY} indeed", chunk_chars=3)
        )
        with pytest.raises(ReplyError) as caught:
            await asker.ask(refusal(401, f"Incorrect API key provided: {KEY}"))
        heard = "".join(asker.heard)
        assert completion.text == "the key is [redacted] indeed"
        assert "[redacted]" in caught.value.message
        worker = asker.client._worker
        assert worker is not None
        assert KEY not in "".join([heard, str(caught.value), *asker.notices, worker.tail(1000)])

    async def test_is_not_shown_piece_by_piece(self, asker: Asker) -> None:
        await asker.ask(Reply(text=f"the key is {KEY} indeed", chunk_chars=3))
        assert "".join(asker.heard) == "the key is [redacted] indeed"


class TestTheBudget:
    """Through a proxy, so that the model is neither local nor free."""

    async def test_holds_before_during_and_after_a_question(self, server: OpenAIServer) -> None:
        asker = new_asker(
            server,
            "openai/gpt-4o",
            OPENAI_API_BASE="http://models.example.test/v1",
            HTTP_PROXY=server.origin,
            AGENT_GATE_STALL_S="60",
        )
        try:
            await self._refuses_before_it_asks(asker)
            await self._charges_what_was_used(asker)
            await self._stops_asking_again(asker)
            await self._counts_the_reservation_where_nobody_answers(asker)
        finally:
            await asker.client.close()

    async def _refuses_before_it_asks(self, asker: Asker) -> None:
        with pytest.raises(BudgetError, match="nothing was asked") as caught:
            await asker.ask(GOOD)
        assert caught.value.exit_code is ExitCode.BUDGET
        assert not asker.server.requests

    async def _charges_what_was_used(self, asker: Asker) -> None:
        worst = (await asker.client.quote(QUESTION)).microusd
        assert worst is not None
        asker.client.budget = asker.client.budget.model_copy(update={"limit_microusd": worst})
        completion = await asker.ask(Reply(text=TEXT, prompt_tokens=1000, completion_tokens=100))
        price = 1000 * 2.5 + 100 * 10  # dollars a million tokens
        assert completion.usage.cost_microusd == price == asker.client.budget.spent_microusd
        assert asker.server.requests[0].body["max_tokens"] == 16_384, "the cap that the reservation counts on"

    async def _stops_asking_again(self, asker: Asker) -> None:
        quote = await asker.client.quote(QUESTION)
        spent = asker.client.budget.spent_microusd
        limit = spent + (quote.microusd or 0)
        asker.client.budget = asker.client.budget.model_copy(update={"limit_microusd": limit})
        with pytest.raises(ReplyError, match="another try could pass the budget"):
            await asker.ask(Reply(text=TEXT, fault="cut"), GOOD)
        assert len(asker.server.requests) == 1
        assert asker.client.budget.spent_microusd > spent

    async def _counts_the_reservation_where_nobody_answers(self, asker: Asker) -> None:
        quote = await asker.client.quote(QUESTION)
        assert quote.microusd
        spent = asker.client.budget.spent_microusd
        asker.client.budget = asker.client.budget.model_copy(
            update={"limit_microusd": spent + quote.microusd}
        )
        worker = asker.client._worker
        assert worker is not None
        asker.heard.clear()
        asking = asyncio.create_task(asker.ask(Reply(text=TEXT, fault="stall")))
        assert await until(lambda: asker.heard)
        os.killpg(worker.pid, signal.SIGKILL)
        with pytest.raises(ReplyError, match="is gone") as caught:
            await asking
        assert caught.value.usage.cost_microusd == quote.microusd
        assert asker.client.budget.left_microusd == 0


class TestTheProcess:
    async def test_starts_once_and_without_waiting_for_litellm(self, server: OpenAIServer) -> None:
        asker = new_asker(server)
        before = children()
        started = time.monotonic()
        await asyncio.gather(asker.client.start(), asker.client.start())
        took_s = time.monotonic() - started
        new = children() - before
        await asker.client.close()
        assert took_s < 1
        assert len(new) == 1
        assert children() == before

    async def test_that_is_killed_while_it_loads_is_an_error(self, server: OpenAIServer) -> None:
        asker = new_asker(server)
        await asker.client.start()
        worker = asker.client._worker
        assert worker is not None
        asking = asyncio.create_task(asker.ask(GOOD))
        await asyncio.sleep(0.1)
        os.killpg(worker.pid, signal.SIGKILL)
        with pytest.raises(ReplyError, match=r"is gone: it ended \(status -9\)"):
            await asking

    async def test_ends_with_a_cancelled_question_and_starts_anew(self, server: OpenAIServer) -> None:
        asker = new_asker(server, AGENT_GATE_STALL_S="60")
        asking = asyncio.create_task(asker.ask(Reply(text=TEXT, fault="stall")))
        assert await until(lambda: asker.heard)
        worker = asker.client._worker
        assert worker is not None
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert not is_alive(worker.pid)
        assert (await asker.ask(GOOD)).text == TEXT
        await asker.client.close()

    async def test_takes_nothing_from_the_folder_we_stand_in(
        self, server: OpenAIServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        trap = f"import pathlib; pathlib.Path({str(tmp_path / 'sprung')!r}).touch()\nimport os; os._exit(3)\n"
        for name in ("litellm.py", "openai.py", "json.py", "sitecustomize.py", "usercustomize.py"):
            (tmp_path / name).write_text(trap)
        monkeypatch.chdir(tmp_path)
        asker = new_asker(server, AGENT_GATE_STALL_S="60")
        completion = await asker.ask(GOOD)
        await asker.client.close()
        assert completion.text == TEXT
        assert not (tmp_path / "sprung").exists()

    @pytest.mark.parametrize("moment", ["loading", "replying"])
    async def test_does_not_outlive_us(self, server: OpenAIServer, moment: str) -> None:
        server.script(Reply(text=TEXT, fault="stall"))
        parent = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            PARENT,
            server.base_url,
            moment,
            stdout=asyncio.subprocess.PIPE,
        )
        assert parent.stdout
        pid = int(await parent.stdout.readline())
        assert is_alive(pid)
        parent.kill()
        await parent.wait()
        assert await until(lambda: not is_alive(pid), 5)


PARENT = """
import asyncio, sys
from agent_gate.llm.budget import Budget
from agent_gate.llm.completion import ChatMessage
from agent_gate.llm.litellm_client import LiteLLMClient

async def main(base, moment):
    environ = {"OPENAI_API_KEY": "sk-not-a-real-key-0123456789", "OPENAI_API_BASE": base}
    client = LiteLLMClient("openai/test-model", budget=Budget(limit_microusd=0), environ=environ)
    await client.start()
    tell = lambda _="": print(client._worker.pid, flush=True)
    if moment == "loading":
        tell()
    await client.complete([ChatMessage(role="user", content="hi")], tell, attempt=1)

asyncio.run(main(*sys.argv[1:]))
"""
