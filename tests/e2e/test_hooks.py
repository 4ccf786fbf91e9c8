"""Hooks that are configured in git: pre-commit as a gate, commit-msg before anybody is asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from program import WITHOUT_SANDBOX, agent_gate, events, record_replies
from repositories import MakeRepository, commit_all, git, write_files
from small_project import FILES, GOOD, SPEC

from agent_gate.vcs.repo import Repository

pytestmark = pytest.mark.usefixtures("confined")

TITLE = "title: Give a discount on the total"
NO_FLOATS = "#!/bin/sh\nif git diff --cached | grep '^+.*float'; then echo 'no floats here' >&2; exit 1; fi\n"
# Conventional Commits, in short; and an edit of the kind that Gerrit's hook makes.
TYPED = """\
#!/bin/sh
if ! head -1 "$1" | grep -qE '^(feat|fix): '; then
  tail -6 "$1"; echo 'begin with feat: or fix:' >&2; exit 1
fi
echo 'Change-Id: I1' >> "$1"
"""
FLOATING = GOOD.replace(
    "sum(prices) * (100 - discount) // 100", "int(float(sum(prices)) * (100 - discount) // 100)"
)


def install(repository: Repository, name: str, script: str) -> Path:
    path = repository.common_directory / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(script)
    path.chmod(0o755)
    return path


@pytest.fixture
def project(make_repository: MakeRepository, tmp_path: Path) -> Repository:
    repository = make_repository(FILES)
    (tmp_path / "spec.yaml").write_text(SPEC)
    (tmp_path / "typed.yaml").write_text(SPEC.replace(TITLE, "title: 'feat: give a discount on the total'"))
    return repository


def model(tmp_path: Path, *replies: str) -> str:
    return record_replies(tmp_path / "replies.jsonl", replies)


def test_a_refusal_goes_back_to_the_model_and_the_result_into_the_evidence(
    project: Repository, tmp_path: Path
) -> None:
    install(project, "pre-commit", NO_FLOATS)
    replies = model(tmp_path, FLOATING, GOOD)
    ran = agent_gate(project.root, "run", str(tmp_path / "spec.yaml"), "--model", replies, "--json")
    assert ran.returncode == 3, ran.stderr
    results = [e["result"] for e in events(ran.stdout) if e["type"] == "GateFinished"]
    hooks = [r for r in results if isinstance(r, dict) and r["gate"] == "hooks"]
    assert [r["status"] for r in hooks] == ["failed", "passed"]
    assert "no floats here" in hooks[0]["findings"][0]["excerpt"]
    approved = agent_gate(project.root, "approve", "@")
    assert approved.returncode == 0, approved.stderr
    verified = agent_gate(project.root, "verify", "HEAD")
    assert verified.returncode == 0, verified.stdout
    assert "hooks" not in git(project.root, "show", "--no-patch", "--format=%B", "HEAD")


def test_check_runs_it_and_an_advisory_one_asks(project: Repository) -> None:
    change = {
        "till.py": FILES["till.py"] + "\n\ndef ratio() -> float:\n    return 0.5\n",
        "tests/test_ratio.py": "from till import ratio\n\n\ndef test_ratio():\n    assert ratio() == 0.5\n",
    }
    write_files(project.root, change)
    without = agent_gate(project.root, "check", "--format", "json")
    assert without.returncode == 0, without.stdout
    assert "hooks" not in [result["gate"] for result in json.loads(without.stdout)["results"]]
    hook = install(project, "pre-commit", NO_FLOATS)
    blocked = agent_gate(project.root, "check")
    assert blocked.returncode == 1, blocked.stdout
    assert "the pre-commit hook refuses the change" in blocked.stdout
    hook.chmod(0o644)
    git(project.root, "stash", "--quiet", "--include-untracked")
    write_files(project.root, {"agent-gate.toml": '[gates]\nadvisory = ["hooks"]\n'})
    commit_all(project.root, "policy")
    git(project.root, "stash", "pop", "--quiet")
    hook.chmod(0o755)
    asked = agent_gate(project.root, "check")
    assert asked.returncode == 3, asked.stdout


def test_commit_msg_sees_the_message_before_anybody_is_asked(project: Repository, tmp_path: Path) -> None:
    install(project, "commit-msg", TYPED)
    replies = model(tmp_path, GOOD)
    refused = agent_gate(project.root, "run", str(tmp_path / "spec.yaml"), "--model", replies, "--json")
    assert refused.returncode == 1, refused.stderr
    last = events(refused.stdout)[-1]
    assert last["type"] == "RunBlocked"
    told = str(last["message"])
    assert "refuses the message 'Give a discount on the total'" in told
    assert "begin with feat: or fix:" in told
    assert "the spec's title" in told
    assert f"Agent-Gate-Run: {last['run']}\nAgent-Gate-Spec: discount@sha256:" in told
    assert f"Agent-Gate-Evidence: sha256:{'0' * 64}\nAgent-Gate-Result: pass\n" in told
    assert agent_gate(project.root, "approve", "@").returncode == 2

    parked = agent_gate(project.root, "run", str(tmp_path / "typed.yaml"), "--model", replies)
    assert parked.returncode == 3, parked.stderr
    assert "would edit the message" in parked.stderr
    approved = agent_gate(project.root, "approve", "@")
    assert approved.returncode == 0, approved.stderr
    message = git(project.root, "show", "--no-patch", "--format=%B", "HEAD")
    assert message.startswith("feat: give a discount on the total\n")
    assert "Change-Id" not in message


def test_a_commit_msg_hook_that_gives_no_answer_loses_nothing(project: Repository, tmp_path: Path) -> None:
    hook = install(project, "commit-msg", '#!/bin/sh\nno-such-tool "$1"\n')
    ran = agent_gate(project.root, "run", str(tmp_path / "spec.yaml"), "--model", model(tmp_path, GOOD))
    assert ran.returncode == 7, ran.stderr
    assert "no-such-tool" in ran.stderr
    assert "hint:" in ran.stderr
    hook.write_text("#!/bin/sh\ntest -f till.py\n")
    resumed = agent_gate(project.root, "resume", "@")
    assert resumed.returncode == 3, resumed.stderr


def test_without_a_sandbox_hooks_run_where_a_person_agreed(project: Repository, tmp_path: Path) -> None:
    install(project, "pre-commit", "#!/bin/sh\ntest -f till.py\n")
    install(project, "commit-msg", TYPED)
    arguments = ["run", str(tmp_path / "spec.yaml"), "--model", model(tmp_path, GOOD), "--json"]
    ran = agent_gate(project.root, *arguments, "--allow-unsandboxed", under=WITHOUT_SANDBOX)
    assert ran.returncode == 1, ran.stderr
    last = events(ran.stdout)[-1]
    assert "Agent-Gate-Result: pass; unsandboxed" in str(last["message"])
