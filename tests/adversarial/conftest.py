"""All cases share one package index, one interpreter, and what was measured of their few bases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from package_index import serve_index
from sandboxes import sandbox_or_skip
from shared import shared_folder
from threat_outcomes import INDEX, plain_environment

from agent_gate.gating.environment import Environment

_environments: dict[str, Environment] = {}


@pytest.fixture
async def confined() -> None:
    """Skips where the machine has no sandbox; in CI that is a failure."""
    await sandbox_or_skip()


@pytest.fixture(scope="session")
def index_environment() -> Iterator[dict[str, str]]:
    """Variables that point pip and npm to an index of ours."""
    with serve_index(INDEX) as index:
        yield index.environment()


@pytest.fixture(scope="session")
def base_results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Workers share it: what stands in it is kept by content."""
    return shared_folder(tmp_path_factory, "threats")


@pytest.fixture
async def environments(
    index_environment: dict[str, str],
    base_results: Path,
    _hermetic_environment: None,
    monkeypatch: pytest.MonkeyPatch,
) -> dict[str, Environment]:
    """Everything that a case needs around it."""
    await sandbox_or_skip()
    for name, value in index_environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AGENT_GATE_CACHE_DIR", str(base_results))
    if not _environments:
        _environments.update(await plain_environment())
    return _environments
