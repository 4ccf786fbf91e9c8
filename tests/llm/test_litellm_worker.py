from __future__ import annotations

import subprocess
import sys

import pytest

from agent_gate.llm.completion import ChatMessage
from agent_gate.llm.environment import worker_environment
from agent_gate.llm.protocol import ANSWER, Failed, QuoteAnswer, QuoteRequest, Request

QUESTION = (ChatMessage(role="user", content="Add two numbers."),)

NOISY = """
import os, threading, time
from agent_gate.llm import litellm_worker

def chatter():
    time.sleep(0.5)
    while True:
        print("noise", flush=True)
        os.write(1, b"more noise" + os.linesep.encode())
        time.sleep(0.05)

threading.Thread(target=chatter, daemon=True).start()
litellm_worker.main()
"""


def answers(argv: list[str], *requests: Request) -> list[object]:
    """What a worker answers to these requests, given one after another, before its input ends."""
    with subprocess.Popen(
        [sys.executable, "-P", *argv],
        env=worker_environment({}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdin
        assert process.stdout
        heard: list[object] = []
        for request in requests:
            process.stdin.write(request.model_dump_json().encode() + b"\n")
            process.stdin.flush()
            heard.append(ANSWER.validate_json(process.stdout.readline()))
        process.stdin.close()
        assert process.wait(timeout=10) == 0
        assert not process.stdout.read()
    return heard


def test_quotes_by_price_and_place_and_nothing_that_libraries_print_gets_between() -> None:
    names = ["openai/gpt-4o", "openai/no-such-model", "ollama/llama3", "nonsense"]
    requests = [QuoteRequest(model=name, messages=QUESTION) for name in names]
    priced, unknown, local, nonsense = answers(["-c", NOISY], *requests)
    assert isinstance(priced, QuoteAnswer)
    assert priced.quote.prompt_tokens > 0
    assert priced.quote.reply_cap_tokens == 16_384
    # $2.50 and $10 a million tokens: the cap, and a prompt of a few words with its margin
    assert priced.quote.microusd == pytest.approx(163_840 + priced.quote.prompt_tokens * 2.5 * 4 / 3, abs=3)
    assert isinstance(unknown, QuoteAnswer)
    assert unknown.quote.microusd is None
    assert not unknown.quote.local
    assert isinstance(local, QuoteAnswer)
    assert local.quote.local
    assert isinstance(nonsense, Failed)
    assert "which provider" in nonsense.message


def test_ends_and_says_why_where_it_is_spoken_to_in_other_words() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "agent_gate.llm.litellm_worker"],
        env=worker_environment({}),
        input=b"",
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, b"")
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "agent_gate.llm.litellm_worker"],
        env=worker_environment({}),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin
        assert process.stderr
        process.stdin.write(b"hello?\n")
        process.stdin.flush()
        said = process.stderr.read()
        assert process.wait(timeout=10) == 70
    assert b"Invalid JSON" in said
