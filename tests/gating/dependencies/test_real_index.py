"""Against the indexes that pip and npm are configured for on this machine."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from datetime import date
from pathlib import Path

import pytest

from agent_gate import process
from agent_gate.gating.dependencies.answer import PackageIndex, UnreachableIndexError
from agent_gate.gating.dependencies.npm_index import NpmIndex, find_npm
from agent_gate.gating.dependencies.pip_index import PipIndex, find_pip
from agent_gate.gating.dependencies.requirement import Ecosystem, Requirement

pytestmark = pytest.mark.registry


async def judge(index: PackageIndex, ecosystem: Ecosystem, real: str) -> None:
    """A real name is there, one that nobody has is not, and the index proves that it tells them apart."""
    try:
        assert await index.prove()
        there = await index.ask(Requirement(ecosystem, real, "", "x"), is_new=True)
        absent = await index.ask(
            Requirement(ecosystem, "agent-gate-no-such-package-5b1f0e", "", "x"), is_new=True
        )
    except UnreachableIndexError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(error.message)
    assert (there.exists, there.installable, bool(there.version)) == (True, True, True)
    assert there.releases > 5
    assert not absent.exists


def everything() -> dict[str, str]:
    return process.allowed_environment(list(os.environ))


async def test_pip(tmp_path: Path) -> None:
    pip = await find_pip(Path(sys.executable))
    await judge(
        PipIndex(pip, tmp_path, everything(), asyncio.Semaphore(2), date(2020, 1, 1), {}), "pypi", "click"
    )


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not there")
async def test_npm(tmp_path: Path) -> None:
    await judge(
        NpmIndex(find_npm(), tmp_path, everything(), asyncio.Semaphore(2), date(2020, 1, 1)), "npm", "is-odd"
    )
