from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_gate.survey import work_tree
from agent_gate.survey.work_tree import MOST_BYTES, WorkTree, find_root


def written(root: Path, *paths: str, text: str = "x = 1\n") -> WorkTree:
    for path in paths:
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    return WorkTree(root)


def test_root_is_the_nearest_folder_that_holds_git(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "inner" / "deep").mkdir(parents=True)
    assert find_root(tmp_path / "inner" / "deep") == tmp_path
    (tmp_path / "inner" / ".git").write_text("gitdir: elsewhere\n")  # a worktree, or a submodule
    assert find_root(tmp_path / "inner" / "deep") == tmp_path / "inner"


def test_root_is_found_from_a_file_that_does_not_exist_yet(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    assert find_root(tmp_path / "specs" / "new.yaml") == tmp_path


def test_there_may_be_no_root(tmp_path: Path) -> None:
    assert find_root(tmp_path) is None
    assert find_root(Path("no\0path")) is None


def test_files_are_listed_sorted_and_relative(tmp_path: Path) -> None:
    tree = written(tmp_path, "b.py", "a/z.py", "a/b/c.txt", ".github/workflows/ci.yml", ".gitignore")
    assert tree.files == (".github/workflows/ci.yml", ".gitignore", "a/b/c.txt", "a/z.py", "b.py")
    assert not tree.truncated


@pytest.mark.parametrize(
    "path",
    [
        ".git/config", "node_modules/a/index.js", "a/__pycache__/a.pyc", ".venv/lib/a.py", ".mypy_cache/a.json",
        "build/lib/a.py", "dist/a.whl", "shop.egg-info/PKG-INFO", "lib/site-packages/a.py",
    ],
)  # fmt: skip
def test_what_nobody_wrote_is_not_listed(tmp_path: Path, path: str) -> None:
    assert written(tmp_path, path, "kept.py").files == ("kept.py",)


@pytest.mark.parametrize("mark", ["pyvenv.cfg", "conda-meta/history"])
def test_environments_are_not_listed_whatever_they_are_called(tmp_path: Path, mark: str) -> None:
    assert written(tmp_path, f"tools/{mark}", "tools/lib/python/a.py", "kept.py").files == ("kept.py",)


def test_a_package_may_be_called_build(tmp_path: Path) -> None:
    assert "src/build/__init__.py" in written(tmp_path, "src/build/__init__.py").files


def test_listing_stops_and_the_shallow_files_come_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work_tree, "MOST_FILES", 10)
    huge = [f"{folder}/data/{number}.txt" for folder in ("aaa", "zzz") for number in range(20)]
    tree = written(tmp_path, *huge, "setup.py", "mmm/app.py")
    assert len(tree.files) == 10
    assert tree.truncated
    assert {"setup.py", "mmm/app.py"} <= set(tree.files)


def test_folders_without_files_end_a_listing_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work_tree, "MOST_FILES", 10)
    for number in range(30):
        (tmp_path / f"empty{number}").mkdir()
    assert WorkTree(tmp_path).truncated


def test_links_that_leave_the_repository_lead_nowhere(tmp_path: Path) -> None:
    outside = written(tmp_path, "outside/secret.py").root / "outside"
    tree = written(tmp_path / "repository", "inner/a.py")
    (tree.root / "file.py").symlink_to(outside / "secret.py")
    (tree.root / "folder").symlink_to(outside)
    (tree.root / "self").symlink_to(tree.root)
    (tree.root / "broken.py").symlink_to("nothing")
    (tree.root / "loop.py").symlink_to("loop.py")
    (tree.root / "kept.py").symlink_to("inner/a.py")
    assert tree.files == ("inner/a.py", "kept.py")
    assert tree.text("kept.py") == "x = 1\n"
    for path in ("file.py", "folder/secret.py", "../outside/secret.py", "broken.py", "loop.py"):
        assert not tree.exists(path), path
        assert tree.text(path) == "", path


def test_absolute_paths_are_not_of_the_repository(tmp_path: Path) -> None:
    tree = written(tmp_path, "a.py")
    assert not tree.exists(str(tmp_path / "a.py"))
    assert tree.exists("a.py")
    assert not tree.exists("")


def test_a_path_does_not_go_up_even_inside(tmp_path: Path) -> None:
    tree = written(tmp_path, "a.py", "shop/b.py")
    assert not tree.exists("shop/../a.py")


def test_folders_are_no_files(tmp_path: Path) -> None:
    tree = written(tmp_path, "shop/a.py")
    assert not tree.exists("shop")
    assert tree.has_folder("shop")
    assert not tree.has_folder("shop/a.py")
    assert not tree.has_folder("../" + tmp_path.name)


@pytest.mark.parametrize(
    "content", [b"\xff\xfe\x00", "grün".encode("latin-1"), b"a\0b", b"x" * (MOST_BYTES + 1)]
)
def test_what_is_no_text_has_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.py").write_bytes(content)
    assert WorkTree(tmp_path).text("a.py") == ""


def test_a_byte_order_mark_is_dropped(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"\xef\xbb\xbfx = 1")
    assert WorkTree(tmp_path).text("a.py") == "x = 1"


def test_a_pipe_is_neither_listed_nor_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    tree = WorkTree(tmp_path)
    assert tree.files == ()
    assert tree.text("pipe.py") == ""


def test_a_text_is_read_once(tmp_path: Path) -> None:
    tree = written(tmp_path, "a.py")
    assert tree.text("a.py") == "x = 1\n"
    (tmp_path / "a.py").write_text("y = 2\n")
    assert tree.text("a.py") == "x = 1\n"


def test_a_root_that_is_not_there_is_empty(tmp_path: Path) -> None:
    tree = WorkTree(tmp_path / "gone")
    assert tree.files == ()
    assert not tree.exists("a.py")


def test_names_that_are_no_text_are_left_out(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.py")).write_text("x = 1\n")
    assert written(tmp_path, "kept.py").files == ("kept.py",)


@given(st.text())
def test_any_path_can_be_asked_for(path: str) -> None:
    tree = WorkTree(Path("/nowhere/at/all"))
    assert not tree.exists(path)
    assert not tree.has_folder(path)
    assert tree.text(path) == ""
