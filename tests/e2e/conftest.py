"""The end-to-end tests run gates, and gates need the sandbox."""

from __future__ import annotations

from pathlib import Path

import pytest
from sandboxes import sandbox_or_skip


@pytest.fixture
async def confined() -> None:
    """Skips where the machine has no sandbox; in CI that is a failure."""
    await sandbox_or_skip()


@pytest.fixture(scope="session")
def results_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results are kept by content, so tests on the same trees need not gate them again and again.

    Workers share it.
    """
    folder = tmp_path_factory.getbasetemp()
    return (folder.parent if folder.name.startswith("popen-") else folder) / "results"


@pytest.fixture(autouse=True)
def _shared_results(
    results_cache: Path, _hermetic_environment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENT_GATE_CACHE_DIR", str(results_cache))
