from __future__ import annotations

import os
import sys
import venv
from pathlib import Path

import pytest

from agent_gate.domain.policy import EnvironmentPolicy, Policy
from agent_gate.errors import SetupError
from agent_gate.gating.environment import describe, find_environment


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A virtual environment without any package; its interpreter."""
    folder = tmp_path / "repo" / ".venv"
    venv.create(folder, symlinks=True)
    return folder / "bin" / "python"


async def test_what_a_sandbox_has_to_show(bare: Path) -> None:
    found = await describe(bare, bare.parents[2])
    assert (found.python, found.pytest, found.plugins) == (bare, "", ())
    assert bare.parents[1] in found.paths
    assert Path(sys.base_prefix) in found.paths
    assert bare.parents[2] not in found.paths


async def test_the_policy_wins_then_the_active_one_then_the_repositorys_then_ours(
    bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = bare.parents[2]
    monkeypatch.delenv("VIRTUAL_ENV")
    assert (await find_environment(Policy(), root)).python == bare
    monkeypatch.setenv("VIRTUAL_ENV", sys.prefix)
    assert (await find_environment(Policy(), root)).python == Path(sys.prefix) / "bin" / "python"
    stated = Policy(environment=EnvironmentPolicy(python=".venv/bin/python"))
    assert (await find_environment(stated, root)).python == bare
    monkeypatch.delenv("VIRTUAL_ENV")
    ours = await find_environment(Policy(), tmp_path)
    assert ours.python == Path(sys.executable)
    assert ours.pytest


async def test_an_interpreter_that_does_not_work_is_a_matter_of_set_up(tmp_path: Path) -> None:
    for python in (tmp_path / "missing", Path("/bin/false")):
        with pytest.raises(SetupError) as caught:
            await describe(python, tmp_path)
        assert str(python) in caught.value.message
        assert "agent-gate.toml" in caught.value.hint


async def test_a_prefix_that_holds_the_home_folder_is_refused(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = bare.parents[1] / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    with pytest.raises(SetupError, match="home folder"):
        await describe(bare, bare.parents[2])


async def test_the_digest_follows_what_is_installed(bare: Path) -> None:
    before = await describe(bare, bare.parents[2])
    (site,) = bare.parents[1].glob("lib/python*/site-packages")
    (site / "thing-1.0.dist-info").mkdir()
    (site / "thing-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n"
    )
    assert (await describe(bare, bare.parents[2])).digest != before.digest


def install_thing(python: Path, version: str) -> Path:
    """Puts a distribution beside the interpreter, as an installer would; its metadata file."""
    (site,) = python.parents[1].glob("lib/python*/site-packages")
    metadata = site / "thing.dist-info" / "METADATA"
    metadata.parent.mkdir(exist_ok=True)
    metadata.write_text(f"Metadata-Version: 2.1\nName: thing\nVersion: {version}\n")
    return metadata


def let_time_pass(python: Path) -> None:
    """What changed just now is not remembered: here the files' clocks are turned back."""
    for place in (*python.parents[1].glob("lib/python*/site-packages"), python.parents[1] / "pyvenv.cfg"):
        os.utime(place, (1, 1))


async def test_it_is_asked_again_only_when_something_was_installed_or_removed(bare: Path) -> None:
    metadata = install_thing(bare, "1.0")
    let_time_pass(bare)
    before = await describe(bare, bare.parents[2])
    install_thing(bare, "2.0")  # in place, as no installer does it: only a new question would tell
    assert await describe(bare, bare.parents[2]) == before
    assert await describe(bare, bare.parents[2], use_cache=False) != before
    metadata.unlink()
    metadata.parent.rmdir()
    assert (await describe(bare, bare.parents[2])).digest != before.digest
    install_thing(bare, "1.0")
    assert (await describe(bare, bare.parents[2])).digest == before.digest


async def test_what_was_installed_just_now_is_not_remembered(bare: Path) -> None:
    """A folder can change twice at what its clock takes for one time."""
    install_thing(bare, "1.0")
    before = await describe(bare, bare.parents[2])
    install_thing(bare, "2.0")
    assert (await describe(bare, bare.parents[2])).digest != before.digest
