"""What all tests share: real repositories in a temporary folder, with an identity of their own."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from pathlib import Path

import pytest
from known_canaries import cache_with_canaries
from lean_environment import lean_environment
from repositories import Files, MakeRepository, hermetic_git_environment, new_repository

from agent_gate.vcs.repo import Repository


def pytest_collection_finish() -> None:
    """What is there before the first test stays to the end, and is not looked through for rubbish again and again.

    That was a quarter of the time of the tests of the terminal UI.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000)


@pytest.fixture(scope="session")
def environment_under_test(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The virtual environment that gates run the candidate's code in, where a test says nothing else."""
    return lean_environment(tmp_path_factory.mktemp("environment") / "venv")


@pytest.fixture(autouse=True)
def _hermetic_environment(
    tmp_path_factory: pytest.TempPathFactory, environment_under_test: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No test reads or writes the user's git configuration, caches or keys."""
    home = tmp_path_factory.mktemp("home")
    for name, value in hermetic_git_environment(home).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AGENT_GATE_CACHE_DIR", str(home / "cache"))
    monkeypatch.setenv("VIRTUAL_ENV", str(environment_under_test))


@pytest.fixture
def known_canaries(
    tmp_path_factory: pytest.TempPathFactory, _hermetic_environment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All built-in gates have flagged their canaries, and tests with this fixture share their results."""
    monkeypatch.setenv("AGENT_GATE_CACHE_DIR", str(cache_with_canaries(tmp_path_factory, "results")))


@pytest.fixture
def make_repository(tmp_path: Path) -> MakeRepository:
    """`make_repository({path: content}, name="repo")`: a repository with one commit on main."""

    def make(files: Files | None = None, name: str = "repo") -> Repository:
        contents: Mapping[str, str | bytes] = files if files is not None else {"README.md": "# sample\n"}
        return new_repository(tmp_path / name, contents)

    return make
