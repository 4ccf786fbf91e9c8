"""The end-to-end tests run gates, and gates need the sandbox."""

from __future__ import annotations

import pytest
from sandboxes import sandbox_or_skip


@pytest.fixture
async def confined() -> None:
    """Skips where the machine has no sandbox; in CI that is a failure."""
    await sandbox_or_skip()


@pytest.fixture(autouse=True)
def _shared_results(known_canaries: None) -> None:
    """Results are kept by content, so tests on the same trees need not gate them again and again."""
