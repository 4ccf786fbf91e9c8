"""What commands need that run gates."""

from __future__ import annotations

import pytest
from sandboxes import sandbox_or_skip


@pytest.fixture
async def confined() -> None:
    """Skips where the machine has no sandbox; in CI that is a failure."""
    await sandbox_or_skip()
