from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent_gate.errors import ExitCode, ProposerError, UsageError
from agent_gate.llm.completion import ChatMessage
from agent_gate.llm.replay import ReplayClient, read_replies

QUESTION = [ChatMessage(role="user", content="whatever")]
FIRST = {
    "attempt": 1,
    "model": "anthropic/claude-sonnet-4-5",
    "text": "the first reply, ünïcode and all, in more than one piece\n",
    "usage": {"prompt_tokens": 1200, "completion_tokens": 34, "cost_microusd": 5000},
}
SECOND = {"attempt": 2, "text": "the second", "finish_reason": "length"}


def record(path: Path, *lines: object) -> Path:
    path.write_text("".join(line if isinstance(line, str) else f"{json.dumps(line)}\n" for line in lines))
    return path


async def test_gives_the_reply_of_the_attempt_in_any_order(tmp_path: Path) -> None:
    client = ReplayClient(record(tmp_path / "orders.jsonl", FIRST, SECOND))
    heard: list[str] = []
    await client.start()
    second = await client.complete(QUESTION, heard.append, attempt=2)
    heard.clear()
    first = await client.complete(QUESTION, heard.append, attempt=1)
    again = await client.complete(QUESTION, heard.append, attempt=1)
    await client.close()
    assert first == again
    assert first.text == FIRST["text"]
    assert "".join(heard) == first.text * 2
    assert len(heard) > 2
    assert (second.text, second.whole) == ("the second", False)


async def test_is_named_after_the_file_and_costs_nothing(tmp_path: Path) -> None:
    client = ReplayClient(record(tmp_path / "orders.jsonl", FIRST))
    completion = await client.complete(QUESTION, lambda _: None, attempt=1)
    assert completion.model_returned == client.name == "replay:orders"
    assert completion.usage.prompt_tokens == 1200
    assert completion.usage.cost_microusd == 0
    assert (await client.quote(QUESTION)).local


async def test_an_attempt_that_is_not_recorded_ends_the_run_with_a_way_on(tmp_path: Path) -> None:
    path = record(tmp_path / "orders.jsonl", FIRST, SECOND)
    with pytest.raises(ProposerError, match="for attempt 3, only for 1, 2") as caught:
        await ReplayClient(path).complete(QUESTION, lambda _: None, attempt=3)
    assert caught.value.exit_code is ExitCode.NO_CHANGE
    assert "--attempts" in caught.value.hint


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"absent\.jsonl: cannot read the recorded replies: No such file"
    ) as caught:
        read_replies(tmp_path / "absent.jsonl")
    assert "--model replay:PATH" in caught.value.hint


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("not json\n", "Invalid JSON"),
        ('{"attempt": 3}\n', "text: Field required"),
        ('{"attempt": 0, "text": ""}\n', "attempt: "),
        ('{"attempt": 3, "text": "x", "txet": "y"}\n', "txet: "),
        ('{"attempt": 1, "text": "x"}\n', "attempt 1 is recorded twice"),
        ('["attempt", 3]\n', "Input should be an object"),
        ('{"attempt": 3, "text": "\\ud83d"}\n', "Invalid JSON"),
    ],
)
def test_a_bad_line_is_named_with_its_number(tmp_path: Path, line: str, problem: str) -> None:
    path = record(tmp_path / "orders.jsonl", FIRST, "\n", line)
    with pytest.raises(UsageError) as caught:
        read_replies(path)
    assert caught.value.message.startswith(f"{path}:3: ")
    assert problem in caught.value.message


def test_an_empty_recording_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no reply is recorded here"):
        read_replies(record(tmp_path / "orders.jsonl", "\n\n"))
