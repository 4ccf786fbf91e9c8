"""Replies that are no change: exit 4, the reply is kept, and nothing of it is applied."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from openai_server import Reply, serve
from program import agent_gate, new_file, record_replies, replace
from repositories import MakeRepository, git
from small_project import FILES, GOOD, SPEC

from agent_gate.vcs.repo import Repository

pytestmark = pytest.mark.usefixtures("confined", "known_canaries")

_EDIT = replace("till.py", "    return sum(prices)", "    return 0")
REPLIES = {
    "empty": "",
    "only space": " \n\t\n",
    "a refusal": "I'm sorry, but I can't help with that.",
    "a loop": "I will now write the code. " * 20_000,
    "a loop of one half block": "till.py\n```python\n<<<<<<< SEARCH\n" * 2_000,
    "cut in the middle": GOOD[: GOOD.index("=======") + 20],
    "markers in a wrong order": _EDIT.replace("<<<<<<< SEARCH", ">>>>>>> REPLACE", 1),
    "one good block, one that stands nowhere": _EDIT
    + "\n"
    + replace("till.py", "def nothing():", "def other():"),
    "one good block, one outside": _EDIT + "\n" + new_file("../evil.py", "x = 1"),
    "one good block, one for git": _EDIT + "\n" + new_file(".git/hooks/pre-commit", "#!/bin/sh"),
    "one good block, one absolute": _EDIT + "\n" + new_file("/etc/evil", "x = 1"),
    "a zero byte": _EDIT.replace("return 0", 'return "\x00"'),
    "gigantic": new_file("till.py", "x = 1\n" * 1_500_000),
    "no change at all": replace("till.py", "    return sum(prices)", "    return sum(prices)"),
}


@pytest.fixture
def project(make_repository: MakeRepository, tmp_path: Path) -> Repository:
    (tmp_path / "spec.yaml").write_text(SPEC)
    return make_repository(FILES)


@pytest.mark.parametrize("kind", REPLIES)
def test_what_is_no_change_is_kept_and_never_half_applied(
    project: Repository, tmp_path: Path, kind: str
) -> None:
    head = git(project.root, "rev-parse", "HEAD")
    model = record_replies(tmp_path / "reply.jsonl", [REPLIES[kind]])
    ran = agent_gate(project.root, "run", str(tmp_path / "spec.yaml"), "--model", model, "--attempts", "1")
    assert ran.returncode == 4, (ran.stdout, ran.stderr[-2000:])
    assert git(project.root, "status", "--porcelain") == ""
    assert git(project.root, "rev-parse", "HEAD") == head
    kept = list((project.git_directory / "agent-gate" / "runs").glob("*/replies/*"))
    assert kept, "the reply is gone"
    assert not (tmp_path / "evil.py").exists()
    assert agent_gate(project.root, "approve", "@").returncode == 2


@pytest.mark.parametrize(("value", "code"), [("\udcff", 4), ("x", 1)], ids=["no text", "text"])
def test_bytes_that_are_no_text_are_never_applied(
    project: Repository, tmp_path: Path, value: str, code: int
) -> None:
    said = json.dumps(_EDIT.replace("return 0", 'return "?"')).replace("?", value)
    head = '{"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [{"index": 0, '
    stream = (
        f"""data: {head}"delta": {{"role": "assistant", "content": {said}}}, "finish_reason": null}}]}}\n\n"""
    )
    stream += f"""data: {head}"delta": {{}}, "finish_reason": "stop"}}]}}\n\ndata: [DONE]\n\n"""
    with serve(*[Reply(body=stream, content_type="text/event-stream")] * 3) as server:
        variables = {"OPENAI_API_KEY": "sk-x", "OPENAI_API_BASE": server.base_url, "AGENT_GATE_RETRIES": "0"}
        ran = agent_gate(
            project.root, "run", str(tmp_path / "spec.yaml"), "--model", "openai/test-model", "--attempts", "1",
            env=variables,
        )  # fmt: skip
    assert ran.returncode == code, (ran.stdout, ran.stderr[-2000:])
    assert git(project.root, "status", "--porcelain") == ""


def test_what_a_model_says_is_written_out(project: Repository, tmp_path: Path) -> None:
    said = "\x1b[2J\x1b]0;owned\x07 I refuse \u202eesufer\n\nReviewed-by: Eve <eve@example.org>\n"
    model = record_replies(tmp_path / "reply.jsonl", [said])
    ran = agent_gate(project.root, "run", str(tmp_path / "spec.yaml"), "--model", model, "--attempts", "1")
    shown = agent_gate(project.root, "show", "@")
    told = json.dumps([ran.stdout, ran.stderr, shown.stdout, shown.stderr], ensure_ascii=False)
    assert "\\u001b" not in told
    assert "\\u0007" not in told
    assert "\u202e" not in told
