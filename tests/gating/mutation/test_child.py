"""A child may do what it likes: its parent goes on, knows how it ended, and nothing of it is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent_gate.gating.mutation.inside.child import in_child

MOST = 100_000


@pytest.mark.parametrize(
    ("work", "end"),
    [
        (lambda: {"a": 1}, "finished"),
        (lambda: os._exit(3), "died"),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "died"),
        (lambda: sys.exit(0), "died"),
        (lambda: 1 / 0, "died"),
        (lambda: "x" * (MOST + 1), "died"),
        (object, "died"),
        (lambda: time.sleep(60), "late"),
    ],
    ids=["answer", "exit", "signal", "sys.exit", "exception", "flood", "no data", "sleep"],
)  # fmt: skip
def test_how_it_ended(work: Callable[[], Any], end: str) -> None:
    found = in_child(work, 5 if end != "late" else 0.3, MOST)
    assert found["end"] == end
    assert found["answer"] == ({"a": 1} if end == "finished" else None)


def test_what_it_starts_is_gone_with_it(tmp_path: Path) -> None:
    told = tmp_path / "pid"

    def work() -> bool:
        started = subprocess.Popen(["sleep", "60"])
        return told.write_text(str(started.pid)) > 0

    assert in_child(work, 20, MOST)["end"] == "finished"
    status = Path(f"/proc/{told.read_text()}/stat")
    deadline = time.monotonic() + 20
    while status.exists() and status.read_text().split()[2] != "Z" and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not status.exists() or status.read_text().split()[2] == "Z"


def test_its_changes_stay_its_own() -> None:
    names: list[str] = []

    def work() -> list[str]:
        names.append("mine")
        os.environ["MINE"] = "1"
        return [*names, tempfile.gettempdir()]

    answer = in_child(work, 20, MOST)["answer"]
    assert answer[0] == "mine"
    assert not Path(answer[1]).exists()
    assert (names, "MINE" in os.environ) == ([], False)
    assert tempfile.gettempdir() != answer[1]
