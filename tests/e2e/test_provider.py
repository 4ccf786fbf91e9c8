"""`run` as a child process against a real HTTP server, through LiteLLM's own code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from openai_server import OpenAIServer, Reply, refusal, serve
from program import agent_gate
from repositories import MakeRepository, git
from small_project import FILES, GOOD, INSECURE, QUICK_FILES, QUICK_SPEC, SPEC

from agent_gate.vcs.repo import Repository

pytestmark = pytest.mark.usefixtures("confined")

KEY = "sk-this-must-never-be-seen-anywhere-0123456789"
MODEL = "openai/test-model"


@pytest.fixture
def project(make_repository: MakeRepository, tmp_path: Path) -> Repository:
    (tmp_path / "spec.yaml").write_text(SPEC)
    return make_repository(FILES)


@pytest.fixture
def quick(make_repository: MakeRepository, tmp_path: Path) -> Repository:
    """One quick gate, where the reply is what matters."""
    (tmp_path / "spec.yaml").write_text(QUICK_SPEC)
    return make_repository(QUICK_FILES)


def environment(server: OpenAIServer, retries: int = 2) -> dict[str, str]:
    return {
        "OPENAI_API_KEY": KEY,
        "OPENAI_API_BASE": server.base_url,
        "AGENT_GATE_RETRY_BASE_S": "0.01",
        "AGENT_GATE_RETRIES": str(retries),
        "AGENT_GATE_STALL_S": "6",
    }


def run(
    project: Repository, tmp_path: Path, server: OpenAIServer, *more: str, retries: int = 2
) -> tuple[int, str]:
    arguments = ("run", str(tmp_path / "spec.yaml"), "--model", MODEL, *more)
    return asked(project, arguments, environment(server, retries))


def resume(project: Repository, server: OpenAIServer) -> tuple[int, str]:
    return asked(project, ("resume", "@"), environment(server))


def asked(project: Repository, arguments: Sequence[str], env: Mapping[str, str]) -> tuple[int, str]:
    """The exit code, and what was told; the key is nowhere in it."""
    done = agent_gate(project.root, *arguments, env=env)
    assert KEY not in done.stdout + done.stderr
    for path in (project.common_directory / "agent-gate").rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes(), path
    return done.returncode, done.stderr


def test_a_streamed_reply_is_gated_repaired_and_sealed(project: Repository, tmp_path: Path) -> None:
    with serve(Reply(text=INSECURE), Reply(text=GOOD)) as server:
        code, told = run(project, tmp_path, server)
        assert code == 3, told
        assert "20 + 10 tokens" in told
        first, second = (request.body["messages"] for request in server.requests)
        assert "till.py:8" not in first[-1]["content"]
        assert "B307" in second[-1]["content"]
        assert "till.py:8" in second[-1]["content"]
        assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert agent_gate(project.root, "approve", "@").returncode == 0
    message = git(project.root, "show", "--no-patch", "--format=%B")
    assert "Assisted-by: agent-gate:openai/test-model-2025-01-01 ruff bandit pytest" in message
    assert KEY not in git(project.root, "notes", "--ref=agent-gate", "show", "HEAD^{tree}")


def test_what_passes_by_is_tried_again(quick: Repository, tmp_path: Path) -> None:
    """One trouble after the other, in one run: to load litellm takes longer than all of them."""
    troubles = {
        "429": refusal(429, "slow down", retry_after="0"),
        "500": refusal(500, "the server is ill"),
        "dropped stream": Reply(text=GOOD, fault="reset"),
        "stalled stream": Reply(text=GOOD, fault="stall"),
    }
    with serve(*troubles.values(), Reply(text=GOOD)) as server:
        code, told = run(quick, tmp_path, server, retries=len(troubles))
        assert len(server.requests) == len(troubles) + 1, [*troubles][len(server.requests) - 1 :]
        assert code == 3, told


UNUSABLE: Mapping[str, tuple[list[Reply], int | None, str]] = {
    "401": ([refusal(401, "wrong key")], 1, "key"),
    "500 for good": ([refusal(500, "ill")] * 3, 3, "resume"),
    "always cut": ([Reply(text=GOOD, fault="cut")] * 3, 3, "resume"),
    "garbage": ([Reply(body="<html>gateway</html>", content_type="text/html")] * 3, None, "resume"),
    "empty": ([Reply(text="")] * 3, None, "resume"),
}
"""Replies, how often is asked, and a word that is told."""


def test_no_usable_reply_is_exit_4_and_can_be_resumed(quick: Repository, tmp_path: Path) -> None:
    """A run that is resumed into one trouble after the other, and at last into a reply."""
    with serve() as server:
        for number, (name, (replies, requests, word)) in enumerate(UNUSABLE.items()):
            server.script(*replies)
            code, told = resume(quick, server) if number else run(quick, tmp_path, server)
            assert code == 4, (name, told)
            assert word in told + agent_gate(quick.root, "runs").stdout, name
            assert requests is None or len(server.requests) == requests, name
            assert git(quick.root, "status", "--porcelain") == "", name
        server.script(Reply(text=GOOD))
        code, told = resume(quick, server)
        assert code == 3, told
    assert git(quick.root, "status", "--porcelain") == ""


def test_a_reply_that_was_cut_by_length_is_not_applied(quick: Repository, tmp_path: Path) -> None:
    with serve(Reply(text=GOOD, finish_reason="length")) as server:
        code, told = run(quick, tmp_path, server, "--attempts", "1")
        assert code == 4, told


def test_a_model_without_a_known_price_is_refused_unless_it_is_local(
    quick: Repository, tmp_path: Path
) -> None:
    refused = agent_gate(
        quick.root, "run", str(tmp_path / "spec.yaml"), "--model", "openai/no-such-model-xyz",
        env={"OPENAI_API_KEY": KEY, "OPENAI_API_BASE": "http://model.invalid/v1", "AGENT_GATE_RETRIES": "0"},
    )  # fmt: skip
    assert refused.returncode == 6, refused.stderr
    assert "price" in refused.stderr


def test_a_budget_of_nothing_asks_nothing(quick: Repository, tmp_path: Path) -> None:
    done = agent_gate(
        quick.root, "run", str(tmp_path / "spec.yaml"), "--model", "openai/gpt-4o", "--budget-usd", "0.000001",
        env={"OPENAI_API_KEY": KEY, "OPENAI_API_BASE": "http://model.invalid/v1", "AGENT_GATE_RETRIES": "0"},
    )  # fmt: skip
    assert done.returncode == 6, done.stderr
    assert "nothing was asked" in done.stderr
