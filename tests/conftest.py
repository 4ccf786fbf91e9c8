"""What all tests share: real repositories in a temporary folder, with an identity of their own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from lean_environment import lean_environment
from repositories import Files, MakeRepository, hermetic_git_environment, new_repository

from agent_gate.vcs.repo import Repository


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
def make_repository(tmp_path: Path) -> MakeRepository:
    """`make_repository({path: content}, name="repo")`: a repository with one commit on main."""

    def make(files: Files | None = None, name: str = "repo") -> Repository:
        contents: Mapping[str, str | bytes] = files if files is not None else {"README.md": "# sample\n"}
        return new_repository(tmp_path / name, contents)

    return make
