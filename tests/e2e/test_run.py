"""`run`, parking, and the decision from another process, as a user without a terminal sees them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from program import agent_gate, events, record_replies, replace
from repositories import MakeRepository, commit_all, git, write_files
from small_project import (
    BREAKING,
    FILES,
    GOOD,
    HOLLOW,
    INSECURE,
    MANUAL_SPEC,
    NOT_APPLICABLE,
    OUTSIDE,
    PROSE,
    QUICK_FILES,
    QUICK_SPEC,
    SPEC,
    WEAKENING,
    WRONG,
)

from agent_gate.engine.context import Context
from agent_gate.engine.prompt import next_prompt
from agent_gate.run.state import fold
from agent_gate.vcs.repo import Repository

pytestmark = pytest.mark.usefixtures("confined")


@pytest.fixture
def project(make_repository: MakeRepository, tmp_path: Path) -> Repository:
    """The small project, with its specs beside the repository."""
    repository = make_repository(FILES)
    (tmp_path / "spec.yaml").write_text(SPEC)
    (tmp_path / "manual.yaml").write_text(MANUAL_SPEC)
    return repository


@pytest.fixture
def quick(make_repository: MakeRepository, tmp_path: Path) -> Repository:
    """The same with one quick gate and a sentence to be given."""
    (tmp_path / "quick.yaml").write_text(QUICK_SPEC)
    return make_repository(QUICK_FILES)


def snapshot(root: Path) -> dict[str, bytes]:
    """Work tree, index and refs, byte for byte; agent-gate's own folder and refs left out."""
    found = {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(root).parts
    }
    found["index"] = (root / ".git" / "index").read_bytes()
    found["HEAD"] = (root / ".git" / "HEAD").read_bytes()
    refs = git(root, "for-each-ref", "--format=%(refname) %(objectname)").splitlines()
    found["refs"] = "\n".join(ref for ref in refs if not ref.startswith("refs/agent-gate/")).encode()
    return found


def told_to_the_model(project: Repository) -> str:
    """What the model was told after its first attempt."""
    context = Context.open(project.root)
    journal = context.runs.find("@")
    events = journal.events()
    judged = next(n for n, event in enumerate(events, start=1) if event.type == "ChecksFinished")
    prompt = next_prompt(context, fold(events[:judged]), journal)
    return "\n".join(message.content for message in prompt.messages)


def test_a_run_parks_and_another_process_approves(project: Repository, tmp_path: Path) -> None:
    (project.root / "notes.txt").write_text("mine, untracked")
    before = snapshot(project.root)
    model = record_replies(tmp_path / "good.jsonl", [GOOD])
    ran = agent_gate(project.root, "run", str(tmp_path / "spec.yaml"), "--model", model)
    assert ran.returncode == 3, ran.stderr
    assert snapshot(project.root) == before
    next_command = ran.stdout.strip().splitlines()[-1]
    assert next_command.startswith("agent-gate approve ")

    listed = agent_gate(project.root, "runs")
    assert "awaiting approval" in listed.stdout
    assert next_command in listed.stdout
    shown = agent_gate(project.root, "show", "@")
    assert "+def total(prices: list[int], discount: int = 0) -> int:" in shown.stdout
    assert "passes, red on the base: passed, red (TypeError)" in shown.stdout

    approved = agent_gate(project.root, *next_command.split()[1:])
    assert approved.returncode == 0, approved.stderr
    assert "you confirm: ACC-1 rests on pytest:tests/test_discount.py::test_discount" in approved.stderr
    message = git(project.root, "show", "--no-patch", "--format=%B", "HEAD")
    assert "Agent-Gate-Result: pass" in message
    assert "Assisted-by: agent-gate:replay:good ruff bandit pytest" in message
    assert (
        git(project.root, "show", "--no-patch", "--format=%an <%ae>", "HEAD") == "Ana Ito <ana@example.org>"
    )
    assert git(project.root, "status", "--porcelain") == "?? notes.txt"
    assert "discount" in (project.root / "till.py").read_text()
    verified = agent_gate(project.root, "verify", "HEAD")
    assert verified.returncode == 0, verified.stdout
    again = agent_gate(project.root, "approve", "@")
    assert again.returncode == 2
    assert "waits for no approval: it is sealed" in again.stderr


def test_findings_go_back_to_the_model(project: Repository, tmp_path: Path) -> None:
    model = record_replies(tmp_path / "repair.jsonl", [INSECURE, WRONG, GOOD])
    ran = agent_gate(project.root, "run", str(tmp_path / "spec.yaml"), "--model", model, "--json")
    assert ran.returncode == 3, ran.stderr
    types = [event["type"] for event in events(ran.stdout)]
    assert types.count("ProposalFinished") == 3
    assert types[-1] == "Parked"
    assert [event["seq"] for event in events(ran.stdout)] == list(range(1, len(types) + 1))
    run = next((project.common_directory / "agent-gate" / "runs").iterdir())
    assert run.stat().st_mode & 0o777 == 0o700
    assert (run / "replies" / "2.md").read_text() == WRONG


def test_a_test_that_asserts_nothing_much_goes_back_with_the_faults_that_it_misses(
    project: Repository, tmp_path: Path
) -> None:
    model = record_replies(tmp_path / "hollow.jsonl", [HOLLOW, GOOD])
    ran = agent_gate(project.root, "run", str(tmp_path / "spec.yaml"), "--model", model)
    assert ran.returncode == 3, ran.stderr
    first, second = ran.stderr.split("attempt 2")
    assert "1 of 2 new verifiers notice one" in first
    assert "✓ tests" in first
    assert "it asserts nothing much" in first
    assert "✗ verdict: 1 reason blocks" in first
    assert "2 of 2 new verifiers notice one" in second
    prompt = told_to_the_model(project)
    assert "[mutation weak-test] tests/test_discount.py (a remark)" in prompt
    assert "tests/test_discount.py::test_discount asserts nothing much" in prompt
    assert "(till.py:" in prompt


def test_a_question_of_a_gate_reaches_the_approver(project: Repository, tmp_path: Path) -> None:
    model = record_replies(tmp_path / "weakening.jsonl", [WEAKENING])
    ran = agent_gate(project.root, "run", str(tmp_path / "spec.yaml"), "--model", model)
    assert ran.returncode == 3, ran.stderr
    assert "      ? tests/test_till.py:5 weakened-assertion" in ran.stderr
    question = "integrity: tests/test_till.py:5: weakened-assertion"
    assert f"    ? {question}" in ran.stderr
    assert question in agent_gate(project.root, "show", "@").stdout.partition("questions")[2]
    approved = agent_gate(project.root, "approve", "@")
    assert approved.returncode == 0, approved.stderr
    assert f"you accept: {question}" in approved.stderr


@pytest.mark.parametrize(
    ("replies", "code", "told"),
    [
        ([INSECURE], 1, "B307"),
        ([WRONG], 1, "test_discount"),
        ([BREAKING], 1, "test_total"),
        ([OUTSIDE], 4, "does not allow"),
        ([NOT_APPLICABLE], 4, "does not stand in the file"),
        ([PROSE], 4, "no edit"),
        ([NOT_APPLICABLE, INSECURE], 1, "B307"),
    ],
)
def test_what_does_not_pass_never_lands(
    project: Repository, tmp_path: Path, replies: list[str], code: int, told: str
) -> None:
    before = snapshot(project.root)
    model = record_replies(tmp_path / "bad.jsonl", replies)
    ran = agent_gate(
        project.root, "run", str(tmp_path / "spec.yaml"), "--model", model, "--attempts", str(len(replies))
    )
    assert ran.returncode == code, ran.stderr
    assert told in ran.stderr
    assert snapshot(project.root) == before
    refused = agent_gate(project.root, "approve", "@")
    assert refused.returncode == 2


def test_a_cut_off_reply_is_never_applied(quick: Repository, tmp_path: Path) -> None:
    model = record_replies(tmp_path / "cut.jsonl", [GOOD], finish_reason="length")
    ran = agent_gate(quick.root, "run", str(tmp_path / "quick.yaml"), "--model", model, "--attempts", "1")
    assert ran.returncode == 4, ran.stderr
    assert "did not come to its end" in ran.stderr


def test_reject_ends_the_run(quick: Repository, tmp_path: Path) -> None:
    model = record_replies(tmp_path / "good.jsonl", [GOOD])
    agent_gate(quick.root, "run", str(tmp_path / "quick.yaml"), "--model", model)
    assert agent_gate(quick.root, "reject", "@").returncode == 2
    rejected = agent_gate(quick.root, "reject", "@", "--reason", "the rounding is wrong")
    assert rejected.returncode == 0, rejected.stderr
    assert agent_gate(quick.root, "show", "@").returncode == 5
    assert agent_gate(quick.root, "resume", "@").returncode == 5
    assert agent_gate(quick.root, "approve", "@").returncode == 2


def test_a_manual_clause_needs_a_sentence(quick: Repository, tmp_path: Path) -> None:
    model = record_replies(tmp_path / "good.jsonl", [GOOD])
    agent_gate(quick.root, "run", str(tmp_path / "quick.yaml"), "--model", model)
    unanswered = agent_gate(quick.root, "approve", "@")
    assert unanswered.returncode == 3
    assert "DEC-1" in unanswered.stderr
    stray = agent_gate(quick.root, "approve", "@", "--answer", "ACC-1=yes", "--answer", "DEC-1=yes")
    assert stray.returncode == 2
    answered = agent_gate(quick.root, "approve", "@", "--answer", "DEC-1=only // is used")
    assert answered.returncode == 0, answered.stderr
    note = git(quick.root, "notes", "--ref=agent-gate", "show", "HEAD^{tree}")
    assert agent_gate(quick.root, "verify").returncode == 0
    assert len(note.splitlines()) >= 4


def test_a_moved_base_lands_nothing_and_resume_gates_again(quick: Repository, tmp_path: Path) -> None:
    answered = ("--answer", "DEC-1=only // is used")
    model = record_replies(tmp_path / "good.jsonl", [GOOD])
    agent_gate(quick.root, "run", str(tmp_path / "quick.yaml"), "--model", model)
    write_files(quick.root, {"README.md": "new\n"})
    moved = commit_all(quick.root, "meanwhile")
    stale = agent_gate(quick.root, "approve", "@", *answered)
    assert stale.returncode == 3, stale.stderr
    assert "moved" in stale.stderr
    assert git(quick.root, "rev-parse", "HEAD") == moved
    assert agent_gate(quick.root, "approve", "@", *answered).returncode == 3
    resumed = agent_gate(quick.root, "resume", "@")
    assert resumed.returncode == 3, resumed.stderr
    approved = agent_gate(quick.root, "approve", "@", *answered)
    assert approved.returncode == 0, approved.stderr
    assert git(quick.root, "rev-parse", "HEAD^") == moved
    assert agent_gate(quick.root, "verify").returncode == 0


def test_what_the_policy_states_and_nothing_enforces_is_told(quick: Repository, tmp_path: Path) -> None:
    write_files(
        quick.root,
        {"agent-gate.toml": QUICK_FILES["agent-gate.toml"] + "[model]\nbudget_usd_per_day = 1.5\n"},
    )
    commit_all(quick.root)
    model = record_replies(tmp_path / "prose.jsonl", [PROSE])
    ran = agent_gate(quick.root, "run", str(tmp_path / "quick.yaml"), "--model", model, "--attempts", "1")
    assert "model.budget_usd_per_day is stated, and not enforced by this version" in ran.stderr


def test_an_unfinished_run_can_be_rejected_too(quick: Repository, tmp_path: Path) -> None:
    model = record_replies(tmp_path / "prose.jsonl", [PROSE])
    agent_gate(quick.root, "run", str(tmp_path / "quick.yaml"), "--model", model, "--attempts", "2")
    assert agent_gate(quick.root, "reject", "@", "--reason", "the model does not get it").returncode == 0
    assert agent_gate(quick.root, "resume", "@").returncode == 5
    assert agent_gate(quick.root, "reject", "@", "--reason", "again").returncode == 2


def test_a_sealed_run_shows_the_answer_that_a_clause_rests_on(quick: Repository, tmp_path: Path) -> None:
    model = record_replies(tmp_path / "good.jsonl", [GOOD])
    agent_gate(quick.root, "run", str(tmp_path / "quick.yaml"), "--model", model)
    agent_gate(quick.root, "approve", "@", "--answer", "DEC-1=only // is used")
    shown = agent_gate(quick.root, "show", "@").stdout
    assert "✓ DEC-1" in shown
    assert "only // is used" in shown


def test_show_speaks_json_and_markdown(project: Repository, tmp_path: Path) -> None:
    model = record_replies(tmp_path / "good.jsonl", [GOOD])
    agent_gate(project.root, "run", str(tmp_path / "spec.yaml"), "--model", model)
    shown = json.loads(agent_gate(project.root, "show", "@", "--format", "json").stdout)
    assert shown["phase"] == "awaiting_approval"
    assert shown["details"][0]["verdict"]["outcome"] == "passed"
    assert "| ✓ ACC-1 " in agent_gate(project.root, "show", "--format", "markdown").stdout
    assert '<span class="id">ACC-1</span>' in agent_gate(project.root, "show", "--format", "html").stdout
    listed = json.loads(agent_gate(project.root, "runs", "--json").stdout)
    assert listed["next"].startswith("agent-gate approve")


def test_dry_run_prints_the_prompt_and_asks_nobody(project: Repository, tmp_path: Path) -> None:
    ran = agent_gate(project.root, "run", str(tmp_path / "spec.yaml"), "--dry-run")
    assert ran.returncode == 0, ran.stderr
    assert "ten per cent off 1,000 cents" in ran.stdout
    assert "def total" in ran.stdout
    assert not (project.common_directory / "agent-gate" / "runs").exists()


def test_a_trivial_change_needs_no_file(project: Repository, tmp_path: Path) -> None:
    reply = replace("till.py", '"""A till."""', '"""A till that counts in whole cents."""')
    model = record_replies(tmp_path / "trivial.jsonl", [reply])
    ran = agent_gate(
        project.root, "run", "--goal", "Say that cents are whole", "--allow", "till.py", "--model", model
    )
    assert ran.returncode == 3, ran.stderr
    assert agent_gate(project.root, "approve", "@").returncode == 0
    assert agent_gate(project.root, "verify").returncode == 0
