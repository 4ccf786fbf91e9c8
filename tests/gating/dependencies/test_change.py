"""What a change adds, from one tree to the next; moves, removals and the project itself are no change."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from repositories import MakeRepository

from agent_gate.gating.dependencies.change import DependencyChange, read_change, touches_dependencies
from agent_gate.vcs.repo import Entry, Repository

LOCK = """
[[package]]
name = "flask"
version = "3.0.0"
source = {{ registry = "https://index.example/simple" }}
wheels = [{{ url = "{host}/flask.whl", hash = "sha256:00" }}]
[[package]]
name = "{name}"
version = "{version}"
source = {{ registry = "https://index.example/simple" }}
wheels = [{{ url = "https://files.example/x.whl" {hash} }}]
"""


def lock(
    name: str = "flask",
    version: str = "3.0.0",
    host: str = "https://files.example",
    digest: str = ', hash = "sha256:00"',
) -> str:
    return LOCK.format(name=name, version=version, host=host, hash=digest)


def tree(repository: Repository, files: Mapping[str, str | None]) -> tuple[str, str]:
    base = repository.tree_of(repository.resolve("HEAD"))
    entries = {
        path: None if text is None else Entry("100644", repository.write_blob(text.encode()))
        for path, text in files.items()
    }
    return base, repository.write_tree(base, entries)


def changed(repository: Repository, files: Mapping[str, str | None]) -> DependencyChange:
    return read_change(repository, *tree(repository, files), ["fixtures"])


def titles(change: DependencyChange) -> tuple[list[str], list[str]]:
    return [r.title for r in change.added], [r.title for r in change.changed]


@pytest.fixture
def repository(make_repository: MakeRepository) -> Repository:
    return make_repository(
        {
            "pyproject.toml": '[project]\nname = "shop"\ndependencies = ["Flask>=3"]\n',
            "requirements.txt": "flask==3.0.0\n-r deps/more.list\n",
            "deps/more.list": "redis==5.0\n",
            "uv.lock": lock(),
        }
    )


def test_added_changed_and_where(repository: Repository) -> None:
    change = changed(repository, {"requirements.txt": "flask==3.1.0\n-r deps/more.list\n\nhttpx==0.27\n"})
    assert titles(change) == (["httpx ==0.27"], ["flask ==3.1.0"])
    assert [(r.path, r.line) for r in (*change.added, *change.changed)] == [
        ("requirements.txt", 4),
        ("requirements.txt", 1),
    ]
    assert (change.loose, change.unhashed, change.unread) == ((), (), ())


@pytest.mark.parametrize(
    "files",
    [
        {"requirements.txt": "flask==3.0.0\n"},  # removed
        {
            "requirements.txt": None,
            "requirements/base.txt": "FLASK == 3.0.0\nredis==5.0\n",
            "deps/more.list": None,
        },  # moved
        {"pyproject.toml": '[project]\nname = "shop"\ndependencies = ["flask>=3", "shop[fast]"]\n'},  # itself
        {"requirements.txt": "flask==3.0.0  # why\n-r deps/more.list\n-e .\n./libs/own\n"},  # a folder here
        {"tests/fixtures/requirements.txt": "evil==1\n"},
        {"a.py": "import os\n"},
    ],
)
def test_what_is_no_change(repository: Repository, files: Mapping[str, str | None]) -> None:
    assert changed(repository, files).is_empty


def test_a_file_that_only_another_one_names(repository: Repository) -> None:
    files = {"deps/more.list": "redis==5.0\nevil==1.0\n"}
    assert titles(changed(repository, files)) == (["evil ==1.0"], [])
    base, candidate = tree(repository, files)
    assert touches_dependencies(repository, (base, candidate), files, [])
    assert not touches_dependencies(repository, (base, candidate), ["notes.list"], [])


def test_the_locked_version_is_the_one_that_counts(repository: Repository) -> None:
    files = {
        "pyproject.toml": '[project]\nname = "shop"\ndependencies = ["Flask>=3",\n"httpx"]\n',
        "uv.lock": lock("httpx", "0.27.0"),
    }
    (found,) = changed(repository, files).added
    assert (found.title, found.path, found.line) == ("httpx ==0.27.0", "pyproject.toml", 4)


def test_a_lock_that_takes_a_known_package_from_elsewhere(repository: Repository) -> None:
    change = changed(repository, {"uv.lock": lock(host="https://evil.example")})
    assert [place.text for place in change.origins] == ["https://evil.example"]
    source = changed(
        repository, {"requirements.txt": "flask @ https://evil.example/flask.zip\n-r deps/more.list\n"}
    )
    assert [r.source for r in source.changed] == ["https://evil.example/flask.zip"]


def test_exceptions_from_the_rule_of_a_file(repository: Repository) -> None:
    change = changed(
        repository, {"requirements.txt": "flask==3.0.0\nhttpx\n", "uv.lock": lock("httpx", "1.0", digest="")}
    )
    assert [r.title for r in change.loose] == ["httpx"]
    assert [r.title for r in change.unhashed] == ["httpx ==1.0"]
    library = changed(
        repository, {"pyproject.toml": '[project]\nname = "shop"\ndependencies = ["flask>=3", "httpx"]\n'}
    )
    assert library.loose == ()


def test_new_indexes_and_files_that_nobody_can_read(repository: Repository) -> None:
    change = changed(
        repository,
        {
            "requirements.txt": "--trusted-host else.example\nflask==3.0.0\n-r ../outside.txt\n-r gone.txt\n",
            "package.json": "{",
            "setup.py": "from setuptools import setup\nsetup(install_requires=open('x').read())\n",
        },
    )
    assert [place.text for place in change.settings] == ["--trusted-host else.example"]
    assert [place.path for place in change.unread] == ["gone.txt", "package.json"]
    assert [place.path for place in change.computed] == ["setup.py"]


def test_what_the_base_could_not_read_either_is_no_finding(make_repository: MakeRepository) -> None:
    repository = make_repository({"package.json": "{", "requirements.txt": "flask\n"})
    assert changed(repository, {"a.py": ""}).is_empty
