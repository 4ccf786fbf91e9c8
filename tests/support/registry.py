"""Commands that need the package index that pip is configured for."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence

import pytest


def from_index(argv: Sequence[str]) -> None:
    """Runs the command; where it fails the test is skipped (no network, perhaps), except in CI."""
    done = subprocess.run(list(argv), capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return
    told = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI must reach the package index: {told[0]}")
    pytest.skip(f"the package index cannot be reached: {told[0]}")
