from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from repositories import MakeRepository

from agent_gate.vcs.repo import Entry, Repository
from agent_gate.vcs.warm import WarmTrees
from agent_gate.vcs.worktree import materialise, switch

_NAMES = st.sampled_from(["a", "b", "a/x", "a/y/z", "b/x", "c/d/e", "sub"])
_KINDS = st.sampled_from(["100644", "100755", "120000", "160000"])
_TREES = st.dictionaries(_NAMES, st.tuples(_KINDS, st.sampled_from(["", "one", "two/three"])), max_size=6)


def tree_of(repository: Repository, files: Mapping[str, tuple[str, str]]) -> str:
    commit = repository.resolve("HEAD")
    entries: dict[str, Entry | None] = {}
    for path, (mode, text) in sorted(files.items()):
        if any(path.startswith(f"{other}/") for other in entries) or (mode == "120000" and not text):
            continue
        entries[path] = Entry(mode, commit if mode == "160000" else repository.write_blob(text.encode()))
    return repository.write_tree("", entries)


def seen(folder: Path) -> dict[str, tuple[str, int, str]]:
    """Everything below a folder: kind, permissions, content."""
    found: dict[str, tuple[str, int, str]] = {}
    for directory, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(directory) / name
            mode = path.lstat().st_mode
            kind = "link" if path.is_symlink() else "folder" if path.is_dir() else "file"
            said = str(path.readlink()) if kind == "link" else path.read_text() if kind == "file" else ""
            found[str(path.relative_to(folder))] = (kind, mode, said)
    return found


@pytest.fixture
def repository(make_repository: MakeRepository) -> Repository:
    return make_repository({"keep": "x"})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(old=_TREES, new=_TREES)
def test_a_switched_folder_is_what_the_tree_writes_anew(
    repository: Repository,
    tmp_path_factory: pytest.TempPathFactory,
    old: dict[str, tuple[str, str]],
    new: dict[str, tuple[str, str]],
) -> None:
    before, after = tree_of(repository, old), tree_of(repository, new)
    folder = tmp_path_factory.mktemp("trees")
    materialise(repository, before, folder / "switched")
    switch(repository, folder / "switched", before, after)
    materialise(repository, after, folder / "anew")
    assert seen(folder / "switched") == seen(folder / "anew")


def test_a_tree_stays_written_and_is_switched(repository: Repository, tmp_path: Path) -> None:
    warm = WarmTrees(repository, tmp_path / "warm")
    one = tree_of(repository, {"a": ("100644", "one"), "b/x": ("100644", "one")})
    two = tree_of(repository, {"a": ("100644", "two/three"), "b/x": ("100644", "one")})
    with warm.lease(one) as first:
        assert first is not None
        untouched = (first / "b/x").stat().st_ino
    with warm.lease(two) as place:
        assert place == first
        assert (place / "a").read_text() == "two/three"
        assert (place / "b/x").stat().st_ino == untouched


def test_two_at_a_time_and_then_no_more(repository: Repository, tmp_path: Path) -> None:
    warm = WarmTrees(repository, tmp_path / "warm")
    one, two = (tree_of(repository, {"a": ("100644", text)}) for text in ("one", ""))
    with warm.lease(one) as first, warm.lease(two) as second, warm.lease(one) as third:
        assert first is not None
        assert second is not None
        assert first != second
        assert third is None
    with warm.lease(two) as again:
        assert again == second, "the place that holds the tree already is taken first"


def test_a_switch_that_was_cut_short_is_made_anew(repository: Repository, tmp_path: Path) -> None:
    warm = WarmTrees(repository, tmp_path / "warm")
    tree = tree_of(repository, {"a": ("100644", "one"), "b": ("100644", "one")})
    with warm.lease(tree) as place:
        assert place is not None
    (place.parent / "tree").unlink()
    (place / "b").write_text("half")
    (place / "left").write_text("over")
    with warm.lease(tree) as place:
        assert place is not None
        assert sorted(path.name for path in place.iterdir()) == ["a", "b"]
        assert (place / "b").read_text() == "one"


def test_a_tree_that_git_no_longer_has_is_made_anew(repository: Repository, tmp_path: Path) -> None:
    warm = WarmTrees(repository, tmp_path / "warm")
    tree = tree_of(repository, {"a": ("100644", "one")})
    with warm.lease(tree) as place:
        assert place is not None
    (place.parent / "tree").write_text("0" * 40)
    with warm.lease(tree) as place:
        assert place is not None
        assert (place / "a").read_text() == "one"


def test_only_the_user_may_look_into_the_places(repository: Repository, tmp_path: Path) -> None:
    with WarmTrees(repository, tmp_path / "warm").lease(repository.tree_of("HEAD")) as place:
        assert place is not None
        assert place.parent.stat().st_mode & 0o777 == 0o700
