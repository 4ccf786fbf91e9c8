"""What goes wrong before anything begins: a clear sentence, and the code that the contract promises."""

from __future__ import annotations

from pathlib import Path

import pytest
from program import WITHOUT_SANDBOX, agent_gate, record_replies
from repositories import MakeRepository, commit_all, git, write_files
from small_project import FILES, GOOD, SPEC

from agent_gate.vcs.repo import Repository


@pytest.fixture
def project(make_repository: MakeRepository, tmp_path: Path) -> Repository:
    (tmp_path / "spec.yaml").write_text(SPEC)
    return make_repository(FILES)


def failing(where: Path, *arguments: str, code: int, env: dict[str, str] | None = None) -> str:
    """Standard error of a command that must fail with this code, with a hint and without a traceback."""
    done = agent_gate(where, *arguments, env=env)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert "hint:" in done.stderr
    return done.stderr


def test_outside_a_repository(tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").write_text(SPEC)
    for arguments in (
        ["run", "spec.yaml", "--model", "m"],
        ["check"],
        ["runs"],
        ["verify"],
        ["approve", "@"],
    ):
        assert "not inside a git repository" in failing(tmp_path, *arguments, code=2)


def test_in_an_empty_repository(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "empty")
    (tmp_path / "spec.yaml").write_text(SPEC)
    for arguments in (["run", str(tmp_path / "spec.yaml"), "--model", "m"], ["check"], ["verify"]):
        assert "no commit yet" in failing(tmp_path / "empty", *arguments, code=2)


@pytest.mark.usefixtures("confined")
def test_on_a_detached_head(project: Repository, tmp_path: Path) -> None:
    git(project.root, "checkout", "--quiet", "--detach")
    model = record_replies(tmp_path / "good.jsonl", [GOOD])
    told = failing(project.root, "run", str(tmp_path / "spec.yaml"), "--model", model, code=2)
    assert "detached" in told
    assert "--branch" in told
    ran = agent_gate(
        project.root, "run", str(tmp_path / "spec.yaml"), "--model", model, "--branch", "feature/discount"
    )
    assert ran.returncode == 3, ran.stderr
    assert agent_gate(project.root, "approve", "@").returncode == 0
    assert git(project.root, "rev-parse", "feature/discount^") == git(project.root, "rev-parse", "HEAD")
    assert agent_gate(project.root, "verify", "feature/discount").returncode == 0


def test_without_a_model(project: Repository, tmp_path: Path) -> None:
    told = failing(
        project.root, "run", str(tmp_path / "spec.yaml"), code=2, env={"ANTHROPIC_API_KEY": "secret-value"}
    )
    assert "no model" in told
    assert "ANTHROPIC_API_KEY" in told
    assert "secret-value" not in told
    assert "--model" in told


def test_a_spec_error_names_file_line_and_field(project: Repository, tmp_path: Path) -> None:
    broken = SPEC.replace("pytest:tests/test_discount.py::test_discount", "pytset:tests/test_discount.py")
    (tmp_path / "broken.yaml").write_text(broken)
    told = failing(project.root, "run", str(tmp_path / "broken.yaml"), "--model", "m", code=2)
    line = next(n for n, text in enumerate(broken.splitlines(), 1) if "pytset" in text)
    assert f"broken.yaml:{line}: acceptance[0].verified_by" in told
    assert "is no verifier" in told
    assert "No such file" in failing(project.root, "run", "nowhere.yaml", "--model", "m", code=2)


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        ("[modle]\n", "agent-gate.toml: modle"),
        ("[gates]\nrequired = ['ruff', 'no-such-gate']\n", "no-such-gate"),
        ("[approval]\nrequired = 0\n", "approval.required"),
        ("not toml", "agent-gate.toml"),
        ("[approval]\nai_trailer = 'forbid'\n", "forbids"),
        ("[proposer]\ncommand = ['typist']\n", "proposer.command"),
    ],
)
def test_a_wrong_policy_names_file_and_field(
    project: Repository, tmp_path: Path, policy: str, told: str
) -> None:
    write_files(project.root, {"agent-gate.toml": policy})
    commit_all(project.root)
    assert told in failing(project.root, "run", str(tmp_path / "spec.yaml"), "--model", "m/m", code=2)


@pytest.mark.usefixtures("confined")
def test_an_uncommitted_policy_does_not_count(project: Repository, tmp_path: Path) -> None:
    write_files(project.root, {"agent-gate.toml": "not toml"})
    model = record_replies(tmp_path / "good.jsonl", [GOOD])
    assert agent_gate(project.root, "run", str(tmp_path / "spec.yaml"), "--model", model).returncode == 3


@pytest.mark.usefixtures("confined")
def test_without_a_sandbox_it_is_a_matter_of_set_up(project: Repository, tmp_path: Path) -> None:
    model = record_replies(tmp_path / "good.jsonl", [GOOD])
    arguments = ["run", str(tmp_path / "spec.yaml"), "--model", model]
    refused = agent_gate(project.root, *arguments, under=WITHOUT_SANDBOX)
    assert refused.returncode == 7, refused.stderr
    assert "sandbox is not available" in refused.stderr
    assert "--allow-unsandboxed" in refused.stderr
    accepted = agent_gate(project.root, *arguments, "--allow-unsandboxed", under=WITHOUT_SANDBOX)
    assert accepted.returncode == 3, accepted.stderr
    assert agent_gate(project.root, "approve", "@").returncode == 0
    assert "Agent-Gate-Result: pass; unsandboxed" in git(project.root, "show", "--no-patch", "--format=%B")
    assert agent_gate(project.root, "verify").returncode == 0


@pytest.mark.usefixtures("confined")
def test_a_repository_that_asks_for_more_than_one_unsigned_word_stays_parked(
    project: Repository, tmp_path: Path
) -> None:
    write_files(project.root, {"agent-gate.toml": "[approval]\nsignatures = 'required'\n"})
    commit_all(project.root)
    model = record_replies(tmp_path / "good.jsonl", [GOOD])
    assert agent_gate(project.root, "run", str(tmp_path / "spec.yaml"), "--model", model).returncode == 3
    assert "does not count" in failing(project.root, "approve", "@", code=3)


@pytest.mark.usefixtures("confined")
def test_unknown_runs_and_ambiguous_prefixes(project: Repository, tmp_path: Path) -> None:
    assert "no run" in failing(project.root, "show", "01ABC", code=2)
    model = record_replies(tmp_path / "good.jsonl", [GOOD])
    for _ in range(2):
        agent_gate(project.root, "run", str(tmp_path / "spec.yaml"), "--model", model)
    assert "more than one run" in failing(project.root, "show", "01", code=2)


def test_with_no_terminal_the_bare_command_is_help(project: Repository) -> None:
    done = agent_gate(project.root)
    assert done.returncode == 2
    assert "Usage: agent-gate" in done.stderr
