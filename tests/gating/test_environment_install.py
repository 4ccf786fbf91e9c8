"""The environment of the tests, installed from the base's lock by the real uv and the real pip."""

from __future__ import annotations

import asyncio
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from package_index import PackageIndex, Release, serve_index
from program import agent_gate
from repositories import Files, MakeRepository

from agent_gate.domain.policy import EnvironmentPolicy, Policy
from agent_gate.errors import ExitCode, SetupError
from agent_gate.gating.environment import Base, find_environment
from agent_gate.gating.environment_install import Installation, install
from agent_gate.vcs.repo import Repository

PIP = "pip install --no-deps -r requirements.txt"
PROJECT = (
    '[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["soundthing"]\n'
)


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[PackageIndex]:
    packages = {"soundthing": [Release("1.0")], "sourcething": [Release("1.0", source_only=True)]}
    with serve_index(PackageIndex(packages)) as served:
        for name, value in served.environment().items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("UV_CACHE_DIR", f"{os.environ['AGENT_GATE_CACHE_DIR']}-of-uv")
        yield served


def wanted(repository: Repository, command: str) -> Installation:
    return Installation(
        command, Path(sys.executable), repository, repository.tree_of(repository.resolve("HEAD"))
    )


def version(python: Path) -> str:
    code = "import soundthing; print(soundthing.VERSION)"
    return subprocess.run(
        [str(python), "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


def left(cache: Path) -> list[str]:
    return [path.name for path in (cache / "environments").iterdir() if path.is_dir()]


@pytest.fixture
def cache() -> Path:
    return Path(os.environ["AGENT_GATE_CACHE_DIR"])


async def test_it_is_built_once_and_anew_when_the_lock_changes(
    make_repository: MakeRepository, index: PackageIndex
) -> None:
    told: list[str] = []
    repository = make_repository({"requirements.txt": "soundthing==1.0\n", "a.py": ""})
    first, second = await asyncio.gather(*(install(wanted(repository, PIP), told.append) for _ in range(2)))
    assert (first, version(first)) == (second, "1.0")
    assert [line for line in told if line.startswith("installing")] == [
        f"installing the environment of the tests: {PIP}"
    ]
    index.python["soundthing"].append(Release("1.1"))
    other = make_repository({"requirements.txt": "soundthing==1.1\n"}, name="other")
    assert version(await install(wanted(other, PIP))) == "1.1"
    asked = len(index.asked)
    assert await install(wanted(repository, PIP)) == first
    assert len(index.asked) == asked


async def test_uv_installs_what_the_lock_says_and_never_the_project(
    make_repository: MakeRepository, index: PackageIndex, tmp_path: Path
) -> None:
    repository = make_repository(locked(tmp_path / "lock", index))
    policy = Policy(environment=EnvironmentPolicy(install="uv sync --frozen"))
    base = Base(repository, repository.tree_of(repository.resolve("HEAD")))
    found = await find_environment(policy, repository.root, base)
    assert version(found.python) == "1.0"
    assert not list(found.python.parents[1].glob("lib/python*/site-packages/*shop*"))
    assert found.python.parents[1] in found.paths


def locked(folder: Path, index: PackageIndex) -> Files:
    """A project that can be built, locked by uv itself."""
    folder.mkdir()
    build = '[build-system]\nrequires = ["nowhere-to-be-found"]\nbuild-backend = "nowhere"\n'
    (folder / "pyproject.toml").write_text(build + PROJECT)
    uv = [sys.executable, "-m", "uv", "lock", "--python", sys.executable]
    env = {**os.environ, **index.environment()}
    subprocess.run(uv, cwd=folder, env=env, check=True, capture_output=True)
    return {name: (folder / name).read_text() for name in ("pyproject.toml", "uv.lock")}


@pytest.mark.usefixtures("index")
async def test_nothing_is_ever_built(make_repository: MakeRepository, cache: Path) -> None:
    repository = make_repository({"requirements.txt": "sourcething==1.0\n"})
    with pytest.raises(SetupError, match="No matching distribution") as caught:
        await install(wanted(repository, PIP))
    assert caught.value.exit_code == ExitCode.SETUP
    assert left(cache) == []


async def test_the_project_itself_is_not_installed(
    make_repository: MakeRepository, index: PackageIndex, cache: Path
) -> None:
    index.python["shop"] = [Release("1.0")]
    repository = make_repository({"pyproject.toml": PROJECT, "requirements.txt": "shop==1.0\n"})
    with pytest.raises(SetupError, match="installs the project itself"):
        await install(wanted(repository, PIP))
    assert left(cache) == []


@pytest.mark.usefixtures("index")
async def test_a_command_that_fails_is_told_with_its_last_words(
    make_repository: MakeRepository, cache: Path
) -> None:
    repository = make_repository({"requirements.txt": "imaginary-thing==1.0\n"})
    for command, words in (
        (PIP, "imaginary-thing"),
        ("no-such-installer", "no-such-installer"),
        ("pip 'x", "quotation"),
    ):
        with pytest.raises(SetupError, match=words):
            await install(wanted(repository, command))
    assert left(cache) == []


@pytest.mark.usefixtures("index")
async def test_a_cancelled_installation_leaves_nothing(
    make_repository: MakeRepository, cache: Path, tmp_path: Path
) -> None:
    repository = make_repository({"requirements.txt": ""})
    begun = tmp_path / "begun"
    command = shlex.join(
        [sys.executable, "-c", f"import pathlib, time; pathlib.Path({str(begun)!r}).touch(); time.sleep(60)"]
    )
    building = asyncio.create_task(install(wanted(repository, command)))
    while not begun.exists():  # noqa: ASYNC110 - another process makes it
        await asyncio.sleep(0.02)
    building.cancel()
    with pytest.raises(asyncio.CancelledError):
        await building
    assert left(cache) == []


@pytest.mark.usefixtures("index")
async def test_what_another_process_left_half_done_is_built_anew(make_repository: MakeRepository) -> None:
    repository = make_repository({"requirements.txt": "soundthing==1.0\n"})
    python = await install(wanted(repository, PIP))
    (python.parents[1] / "ready.json").unlink()
    next(python.parents[1].glob("lib/python*/site-packages/soundthing.py")).unlink()
    assert version(await install(wanted(repository, PIP))) == "1.0"


@pytest.mark.usefixtures("index")
async def test_the_candidate_has_no_say(make_repository: MakeRepository) -> None:
    """What lies in the work tree, the candidate's perhaps, is not what is installed."""
    repository = make_repository({"requirements.txt": "soundthing==1.0\n"})
    (repository.root / "requirements.txt").write_text("imaginary-thing\n")
    (repository.root / "pip.conf").write_text("[global]\nindex-url = http://127.0.0.1:9/\n")
    assert version(await install(wanted(repository, PIP))) == "1.0"


@pytest.mark.usefixtures("index")
def test_a_person_who_waits_is_told_and_every_command_uses_the_same(make_repository: MakeRepository) -> None:
    policy = f'[environment]\ninstall = "{PIP}"\n[gates]\nrequired = ["scope"]\nadvisory = []\n'
    repository = make_repository({"requirements.txt": "soundthing==1.0\n", "agent-gate.toml": policy})
    (repository.root / "a.py").write_text("X = 1\n")
    line = f"installing the environment of the tests: {PIP}"
    listed = agent_gate(repository.root, "gates")
    assert (listed.returncode, line in listed.stderr) == (0, True), listed
    checked = agent_gate(repository.root, "check")
    assert (checked.returncode, line in checked.stderr) == (0, False), checked


@pytest.mark.registry
async def test_with_the_real_index(make_repository: MakeRepository) -> None:
    repository = make_repository({"requirements.txt": "iniconfig==2.0.0\n"})
    try:
        python = await install(wanted(repository, "uv pip install -r requirements.txt"))
    except SetupError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(error.message)
    assert list(python.parents[1].glob("lib/python*/site-packages/iniconfig/__init__.py"))
