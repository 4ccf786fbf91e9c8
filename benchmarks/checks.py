"""`agent-gate check` on a change to a real library, against the same tools by hand."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from timing import Amount, Comparison, command, new_repository, timed

from agent_gate.gating.catalog import load_catalog

PROGRAM = str(Path(sys.executable).parent / "agent-gate")
_NEW_FUNCTION = '''

def last_index(iterable, value):
    """Return the last position of *value* in *iterable*, or -1."""
    found = -1
    for position, item in enumerate(iterable):
        if item == value:
            found = position
    return found
'''


def real_library(folder: Path, requirement: str) -> tuple[Path, Path]:
    """(checkout with a change in its work tree, environment with pytest)."""
    environment = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    pip = [str(environment / "bin" / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    download = ["download", "--no-deps", "--no-binary", ":all:", "--dest", str(folder), requirement]
    subprocess.run([*pip, *download], check=True)
    subprocess.run([*pip, "install", "pytest"], check=True)
    archive = next(folder.glob("*.tar.gz"))
    with tarfile.open(archive) as stream:
        stream.extractall(folder, filter="data")
    checkout = folder / archive.name.removesuffix(".tar.gz")
    new_repository(checkout, requirement)
    changed = checkout / "more_itertools" / "more.py"
    changed.write_text(changed.read_text() + _NEW_FUNCTION)
    return checkout, environment


def check_against_hand(folder: Path, requirement: str, runs: int) -> tuple[Comparison | Amount, ...]:
    """The first check of a tree whose base is measured, a second one of the same tree, and our own share."""
    checkout, environment = real_library(folder, requirement)
    gate = [PROGRAM, "check", "--format", "json"]
    env = {**os.environ, "VIRTUAL_ENV": str(environment), "AGENT_GATE_CACHE_DIR": str(folder / "cache")}
    by_hand = [
        command([str(Path(sys.executable).parent / "ruff"), "check", "--no-cache", "."], checkout),
        command([sys.executable, "-m", "bandit", "-q", "-r", "."], checkout),
        command([str(environment / "bin" / "python"), "-m", "pytest", "-q"], checkout),
    ]
    changed = checkout / "more_itertools" / "more.py"
    original = changed.read_text()
    first, second, hand, own = [], [], [], []
    command(gate, checkout, env)()  # measures the base, as a run does while the model is typing
    for number in range(runs):
        changed.write_text(f"{original}\n# {number}\n")
        started = time.perf_counter()
        told = _output(gate, checkout, env)
        first.append(time.perf_counter() - started)
        own.append(first[-1] - _gates_s(told))
        second.append(timed(command(gate, checkout, env)))
        hand.append(timed(lambda: [step() for step in by_hand]))
    return (
        Comparison(f"check on {requirement}", first, "ruff, bandit, pytest by hand", hand, "at most 0.85"),
        Amount("our own share of it", own, "s", "at most 0.3"),
        Amount("a second check of the same tree", second, "s", "at most 0.3"),
    )


def _output(argv: list[str], where: Path, env: Mapping[str, str]) -> bytes:
    return subprocess.run(argv, cwd=where, env=env, capture_output=True, check=False).stdout


def _gates_s(told: bytes) -> float:
    """What the gates themselves took: of each stage the slowest one, since its gates run side by side."""
    stages = {gate.id: gate.stage for gate in load_catalog().values()}
    slowest: defaultdict[str, int] = defaultdict(int)
    for result in json.loads(told)["results"]:
        stage = stages[result["gate"]]
        slowest[stage] = max(slowest[stage], result["duration_ms"])
    return sum(slowest.values()) / 1000
