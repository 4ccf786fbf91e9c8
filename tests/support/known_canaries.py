"""A cache that begins with the canaries of all built-in gates, flagged: no test runs them anew."""

from __future__ import annotations

from pathlib import Path

import pytest
from program import agent_gate
from repositories import new_repository
from shared import made_once


def cache_with_canaries(factory: pytest.TempPathFactory, name: str) -> Path:
    """The cache folder of this name, which all workers share."""
    return made_once(factory, name, _flag) / "cache"


def _flag(folder: Path) -> None:
    repository = new_repository(folder / "repository", {"README.md": "# sample\n"})
    done = agent_gate(repository.root, "gates", env={"AGENT_GATE_CACHE_DIR": str(folder / "cache")})
    assert done.returncode == 0, done.stderr
