"""A run may die anywhere: nothing is lost, nothing is paid twice, and the same thing comes out."""

from __future__ import annotations

import asyncio
import contextlib
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from program import agent_gate, command, record_replies
from repositories import MakeRepository, git
from small_project import FILES, GOOD, INSECURE, SPEC

from agent_gate.audit.verify import verify_commit
from agent_gate.engine.advance import advance
from agent_gate.engine.context import Context
from agent_gate.engine.decide import approve
from agent_gate.engine.start import RunOptions, start_run
from agent_gate.run.state import RunState
from agent_gate.spec.reader import parse_spec
from agent_gate.vcs.repo import Repository

pytestmark = pytest.mark.usefixtures("confined")


def finish(context: Context, run_id: str) -> RunState:
    """Carries a run on to its end, as a person would who approves."""
    state = asyncio.run(advance(context, run_id))
    if state.phase == "awaiting_approval":
        approve(context, run_id)
        state = asyncio.run(advance(context, run_id))
    return state


@pytest.fixture
def sealed_run(make_repository: MakeRepository, tmp_path: Path) -> tuple[Repository, RunState, Path]:
    """A run from the first event to the seal, and a copy of the repository from before it."""
    repository = make_repository(FILES)
    before = tmp_path / "before"
    shutil.copytree(repository.root, before, symlinks=True)
    context = Context.open(repository.root)
    model = record_replies(tmp_path / "replies.jsonl", [INSECURE, GOOD])
    spec = parse_spec(SPEC.encode(), "spec.yaml")
    run_id = asyncio.run(start_run(context, spec, RunOptions(model=model))).run_id
    return repository, finish(context, run_id), before


def test_truncated_after_any_event_the_same_comes_out(
    sealed_run: tuple[Repository, RunState, Path], tmp_path: Path
) -> None:
    repository, state, before = sealed_run
    assert state.phase == "sealed"
    assert state.verdict is not None
    assert state.sealed is not None
    run = repository.common_directory / "agent-gate" / "runs" / state.run_id
    lines = (run / "events.jsonl").read_bytes().splitlines(keepends=True)
    sealed_at = next(n for n, line in enumerate(lines, 1) if b'"SealPrepared"' in line)
    commits = set()
    for kept in range(1, len(lines) + 1):
        root = tmp_path / f"after-{kept}"
        shutil.copytree(before if kept < len(lines) else repository.root, root, symlinks=True)
        # Objects are written before the event that names them; refs, index and files are those of before.
        shutil.copytree(
            repository.common_directory / "objects", root / ".git" / "objects", dirs_exist_ok=True
        )
        copy = root / ".git" / "agent-gate" / "runs" / state.run_id
        shutil.copytree(run, copy, dirs_exist_ok=True)
        (copy / "events.jsonl").write_bytes(b"".join(lines[:kept]) + b'{"schema":1,"torn')
        again = finish(Context.open(root), state.run_id)
        assert again.phase == "sealed", (kept, again.phase)
        assert again.verdict is not None
        assert again.sealed is not None
        assert again.candidate == state.candidate
        assert again.verdict.digest == state.verdict.digest, kept
        if kept >= sealed_at:
            assert again.sealed.commit == state.sealed.commit, kept
        commits.add(again.sealed.commit)
        assert git(root, "rev-parse", "HEAD") == again.sealed.commit
        assert git(root, "status", "--porcelain") == ""
        assert verify_commit(Repository.open(root), "HEAD").holds
        shutil.rmtree(root)
    assert state.sealed.commit in commits


@pytest.mark.slow
def test_killed_at_random_moments_it_always_ends_in_one_verified_commit(
    make_repository: MakeRepository, tmp_path: Path
) -> None:
    repository = make_repository(FILES)
    base = git(repository.root, "rev-parse", "HEAD")
    (tmp_path / "spec.yaml").write_text(SPEC)
    model = record_replies(tmp_path / "replies.jsonl", [INSECURE, GOOD])
    chance = random.Random(20261120)
    assert _killed(repository, chance, ["run", str(tmp_path / "spec.yaml"), "--model", model])
    for _ in range(6):
        _killed(repository, chance, ["resume", "@"])
    parked = agent_gate(repository.root, "resume", "@")
    assert parked.returncode == 3, parked.stderr
    for _ in range(4):
        _killed(repository, chance, ["approve", "@"])
    done = agent_gate(repository.root, "resume", "@")
    if done.returncode == 3:
        done = agent_gate(repository.root, "approve", "@")
    assert done.returncode == 0, done.stderr
    assert git(repository.root, "rev-list", "--count", f"{base}..main") == "1"
    assert git(repository.root, "status", "--porcelain") == ""
    assert agent_gate(repository.root, "verify").returncode == 0
    replies = sorted(path.name for path in _newest_run(repository).joinpath("replies").glob("*.md"))
    assert replies == ["1.md", "2.md"]


def _killed(repository: Repository, chance: random.Random, arguments: list[str]) -> bool:
    """Starts the program and kills it, and it alone, soon after one of its next events; False where it ended before."""
    kill_at = _events(repository) + chance.randint(1, 4)
    process = subprocess.Popen(
        command(*arguments),
        cwd=repository.root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while _events(repository) < kill_at and process.poll() is None:
        time.sleep(0.01)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=chance.uniform(0, 0.3))
    process.kill()
    return process.wait() == -signal.SIGKILL


def _events(repository: Repository) -> int:
    journals = (repository.common_directory / "agent-gate" / "runs").glob("*/events.jsonl")
    return sum(journal.read_bytes().count(b"\n") for journal in journals)


def _newest_run(repository: Repository) -> Path:
    return max((repository.common_directory / "agent-gate" / "runs").iterdir())


def test_an_interrupted_run_says_how_to_go_on(make_repository: MakeRepository, tmp_path: Path) -> None:
    repository = make_repository(FILES)
    (tmp_path / "spec.yaml").write_text(SPEC)
    model = record_replies(tmp_path / "replies.jsonl", [GOOD])
    process = subprocess.Popen(
        command("run", str(tmp_path / "spec.yaml"), "--model", model),
        cwd=repository.root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    runs = repository.common_directory / "agent-gate" / "runs"
    deadline = time.monotonic() + 30
    while not list(runs.glob("*/events.jsonl")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130, told
    assert "agent-gate resume" in told
    resumed = agent_gate(repository.root, "resume", "@")
    assert resumed.returncode == 3, resumed.stderr
