from __future__ import annotations

import pytest
from sandboxes import sandbox_or_skip

from agent_gate.sandbox.base import Sandbox


@pytest.fixture
async def sandbox() -> Sandbox:
    """The machine's sandbox, or the test is skipped."""
    return await sandbox_or_skip()
