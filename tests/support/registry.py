"""Commands that need the package index that pip is configured for."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

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


def environment_with(folder: Path, *requirements: str) -> Path:
    """The folder of the programs of a new environment at `folder`, in which these are installed."""
    uv = [sys.executable, "-m", "uv"]
    subprocess.run([*uv, "venv", "--quiet", "--python", sys.executable, str(folder)], check=True)
    python = folder / "bin" / "python"
    from_index(
        [*uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", str(python), *requirements]
    )
    return folder / "bin"
