"""The machine's sandbox for tests."""

from __future__ import annotations

import os

import pytest

from agent_gate.sandbox.base import Sandbox
from agent_gate.sandbox.find import find_sandbox


async def sandbox_or_skip() -> Sandbox:
    """The sandbox; where there is none the test is skipped, except in CI, where it fails."""
    probe = await find_sandbox()
    if probe.sandbox is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must have a sandbox: {probe.reason}")
        pytest.skip(f"no sandbox on this machine: {probe.reason}")
    return probe.sandbox
