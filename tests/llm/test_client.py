from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agent_gate.errors import UsageError
from agent_gate.llm.client import Budget, open_client
from agent_gate.llm.litellm_client import LiteLLMClient
from agent_gate.llm.replay import ReplayClient

NOTHING = Budget(limit_microusd=0)


def test_a_replay_is_found_from_where_we_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "replies.jsonl").write_text('{"attempt": 1, "text": "x"}\n')
    monkeypatch.chdir(tmp_path)
    client = open_client("replay:demo/replies.jsonl", budget=NOTHING, environ={})
    assert isinstance(client, ReplayClient)
    assert client.name == "replay:replies"


def test_any_other_name_is_litellm_s() -> None:
    client = open_client("anthropic/claude-sonnet-4-5", budget=NOTHING, environ={})
    assert isinstance(client, LiteLLMClient)
    assert client.name == "anthropic/claude-sonnet-4-5"


@pytest.mark.parametrize("name", ["", "  "])
def test_without_a_model_it_says_what_was_looked_for_and_how_to_go_on(name: str) -> None:
    with pytest.raises(UsageError, match="no model is named") as caught:
        open_client(name, budget=NOTHING, environ={"OPENAI_API_KEY": "sk-secret"})
    hint = caught.value.hint
    assert "OPENAI_API_KEY (set)" in hint
    assert "ANTHROPIC_API_KEY (not set)" in hint
    assert "sk-secret" not in hint
    for way in ("--model", "[model] default in agent-gate.toml", "replay:PATH"):
        assert way in hint


def test_a_setting_that_makes_no_sense_is_refused_before_anything_starts() -> None:
    with pytest.raises(UsageError, match="AGENT_GATE_RETRIES=lots"):
        open_client("openai/x", budget=NOTHING, environ={"AGENT_GATE_RETRIES": "lots"})


def test_importing_it_loads_nothing_heavy() -> None:
    heavy = ["litellm", "openai", "httpx", "tokenizers", "textual", "git"]
    code = f"import sys, agent_gate.llm.client; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
