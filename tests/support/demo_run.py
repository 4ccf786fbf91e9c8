"""The demo, approved without a word, run once: it takes as long as everything that looks at it together."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from program import agent_gate
from shared import made_once


@dataclass(frozen=True)
class DemoRun:
    """What it said, and what it left behind for all to read."""

    returncode: int
    stdout: str
    stderr: str
    shop: Path
    cache: Path
    """Its results: a second run of the demo finds them there."""


def demo_run(factory: pytest.TempPathFactory) -> DemoRun:
    """The run of `agent-gate demo --dir shop --yes` with an empty cache, made by whoever asks first."""
    folder = made_once(factory, "demo", _run)
    told = json.loads((folder / "told.json").read_text())
    return DemoRun(**told, shop=folder / "shop", cache=folder / "cache")


def _run(folder: Path) -> None:
    cache = {"AGENT_GATE_CACHE_DIR": str(folder / "cache")}
    done = agent_gate(folder, "demo", "--dir", "shop", "--yes", env=cache, timeout=240)
    told = {"returncode": done.returncode, "stdout": done.stdout, "stderr": done.stderr}
    (folder / "told.json").write_text(json.dumps(told))
