"""Jobs are values: another process, with nothing but the objects, comes to the same results."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from benches import Bench, MakeBench

from agent_gate.domain.gate import GateResult
from agent_gate.gating.checks import CHECKS
from agent_gate.gating.environment import describe
from agent_gate.gating.executor import LocalExecutor
from agent_gate.gating.job import GateJob
from agent_gate.gating.request import CheckRequest
from agent_gate.gating.runner import request_workplace
from agent_gate.gating.tools import tool_version
from agent_gate.gating.worker import work

FILES = {
    "m.py": "def double(x):\n    return 2 * x\n",
    "tests/test_m.py": "from m import double\n\n\ndef test_double():\n    assert double(2) == 4\n",
}
CHANGES = {
    "honest": {"m.py": "def double(x):\n    return x + x\n"},
    "wrong": {"m.py": "import os\n\n\ndef double(x):\n    return eval('x * 3')\n"},
}
GATES = ("scope", "integrity", "secrets", "ruff", "bandit", "tests")


async def jobs(request: CheckRequest) -> list[GateJob]:
    made = []
    for definition in request.definitions:
        inputs = CHECKS[definition.check].inputs(request) if definition.check else {}
        made.append(request.job(definition, await tool_version(definition, request.environment), inputs))
    return made


def elsewhere(repository: Path, folder: Path) -> Path:
    """Another machine's repository: the same objects, no branch, no work tree, no configuration."""
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    shutil.rmtree(folder / ".git" / "objects")
    shutil.copytree(repository / ".git" / "objects", folder / ".git" / "objects")
    return folder


def worked_on(asked: list[GateJob], repository: Path) -> list[str]:
    """What a worker's process answers, line by line."""
    done = subprocess.run(
        [sys.executable, "-m", "agent_gate.gating.worker_process", str(repository)],
        input="".join(f"{job.model_dump_json(by_alias=True)}\n" for job in asked),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def lasting(result: GateResult) -> GateResult:
    """What does not differ from run to run: times, and digests of outputs that name folders."""
    return result.model_copy(update={"duration_ms": 0, "cached": False, "output_sha256": ""})


@pytest.fixture
async def made(bench: MakeBench) -> Bench:
    found = await bench(FILES, *GATES)
    environment = await describe(Path(sys.executable), found.repository.root)
    return replace(found, request=replace(found.request, environment=environment))


@pytest.mark.parametrize("change", list(CHANGES))
async def test_another_process_with_the_objects_alone_says_the_same(
    made: Bench, change: str, tmp_path: Path
) -> None:
    request = made.change(CHANGES[change])
    asked = await jobs(request)
    async with request_workplace(request) as workplace:
        executor = LocalExecutor(workplace)
        here = [await executor.run(job) for job in asked]
    told = await asyncio.to_thread(worked_on, asked, elsewhere(made.repository.root, tmp_path / "there"))
    results = [GateResult.model_validate_json(line) for line in told]
    assert [lasting(result) for result in results] == [lasting(result) for result in here]
    statuses = {result.gate: result.status for result in results}
    assert "errored" not in statuses.values()
    assert (statuses["bandit"] == "passed") == (change == "honest")


async def test_a_job_comes_back_from_json_as_it_was(made: Bench) -> None:
    for job in await jobs(made.change(CHANGES["honest"])):
        again = GateJob.model_validate_json(job.model_dump_json(by_alias=True))
        assert again == job
        assert again.digest == job.digest


@pytest.mark.parametrize(
    ("gate", "other", "told"),
    [
        ("ruff", {"tool_version": "0.0.1"}, "the job asks for 0.0.1"),
        ("tests", {"environment_digest": "sha256:other"}, "another environment"),
        ("scope", {"sandbox": "seatbelt"}, "the job asks for seatbelt"),
        ("scope", {"variables_digest": "sha256:other"}, "have other values here"),
    ],
)
async def test_a_worker_that_lacks_what_the_job_names_says_so(
    made: Bench, gate: str, other: dict[str, str], told: str
) -> None:
    request = made.change(CHANGES["honest"])
    job = next(job for job in await jobs(request) if job.definition.id == gate)
    async with request_workplace(request) as workplace:
        assert (await work(workplace, job)).status == "passed"
        result = await work(workplace, job.model_copy(update=other))
    assert result.status == "errored"
    assert told in result.reason
