from __future__ import annotations

from pathlib import Path

import pytest
from repositories import MakeRepository, commit_all, git, write_files

from agent_gate.errors import RepositoryError, UsageError
from agent_gate.vcs.repo import Entry, Identity, Repository
from agent_gate.vcs.worktree import materialise


def test_outside_a_repository_is_a_clear_sentence(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match="not inside a git repository"):
        Repository.open(tmp_path)


def test_a_bare_repository_is_refused(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "bare.git")
    with pytest.raises(RepositoryError, match="bare"):
        Repository.open(tmp_path / "bare.git")


def test_an_empty_repository_has_no_commit(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    with pytest.raises(RepositoryError, match="no commit yet"):
        Repository.open(tmp_path).resolve("HEAD")


def test_it_is_found_from_a_folder_below(make_repository: MakeRepository) -> None:
    repository = make_repository({"a/b/c.txt": "x"})
    assert Repository.open(repository.root / "a" / "b").root == repository.root


def test_an_unknown_revision_and_an_option_in_disguise_are_refused(make_repository: MakeRepository) -> None:
    repository = make_repository()
    for revision in ("nowhere", "--all", ""):
        with pytest.raises(UsageError):
            repository.resolve(revision)


def test_detached_head_has_no_branch(make_repository: MakeRepository) -> None:
    repository = make_repository()
    assert repository.branch() == "refs/heads/main"
    git(repository.root, "checkout", "--quiet", "--detach")
    assert repository.branch() is None


def test_a_tree_is_written_without_touching_index_or_work_tree(make_repository: MakeRepository) -> None:
    repository = make_repository({"keep.txt": "k\n", "drop.txt": "d\n", "dir/a.txt": "1\n2\n"})
    index = (repository.git_directory / "index").read_bytes()
    base = repository.tree_of("HEAD")
    tree = repository.write_tree(
        base,
        {
            "drop.txt": None,
            "dir/a.txt": Entry("100644", repository.write_blob(b"1\nzwei\n")),
            "neu ä.txt": Entry("100755", repository.write_blob(b"n\n")),
        },
    )
    assert sorted(repository.entries(tree)) == ["dir/a.txt", "keep.txt", "neu ä.txt"]
    changed = {
        file.path: (file.status, file.added_lines, file.deleted_lines)
        for file in repository.changed_files(base, tree)
    }
    assert changed == {
        "dir/a.txt": ("modified", 1, 1),
        "drop.txt": ("deleted", 0, 1),
        "neu ä.txt": ("added", 1, 0),
    }
    assert "-2\n+zwei\n" in repository.diff(base, tree)
    assert (repository.git_directory / "index").read_bytes() == index
    assert git(repository.root, "status", "--porcelain") == ""


def test_a_file_can_take_the_place_of_a_folder(make_repository: MakeRepository) -> None:
    repository = make_repository({"x/y": "1"})
    tree = repository.write_tree(
        repository.tree_of("HEAD"), {"x": Entry("100644", repository.write_blob(b"2")), "x/y": None}
    )
    assert list(repository.entries(tree)) == ["x"]


def test_read_takes_names_literally_and_only_regular_files(make_repository: MakeRepository) -> None:
    repository = make_repository({"a*.txt": "star", "ab.txt": "plain"})
    (repository.root / "link").symlink_to("ab.txt")
    commit_all(repository.root)
    found = repository.read("HEAD", "a*.txt")
    assert found is not None
    assert found[1] == b"star"
    assert repository.read("HEAD", "link") is None
    assert repository.read("HEAD", "none") is None


def test_variables_of_a_calling_git_are_not_obeyed(
    make_repository: MakeRepository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    repository = make_repository({"mine.txt": "x"})
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "foreign-index"))
    opened = Repository.open(repository.root)
    assert list(opened.entries(opened.tree_of("HEAD"))) == ["mine.txt"]


def test_replacement_objects_are_not_followed(make_repository: MakeRepository) -> None:
    repository = make_repository({"a.txt": "honest"})
    honest = git(repository.root, "rev-parse", "HEAD:a.txt")
    write_files(repository.root, {"a.txt": "forged"})
    commit_all(repository.root)
    git(repository.root, "replace", honest, git(repository.root, "rev-parse", "HEAD:a.txt"))
    assert repository.blob(honest) == b"honest"


def test_author_is_what_git_says(make_repository: MakeRepository, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = make_repository()
    assert repository.author() == Identity("Ana Ito", "ana@example.org")
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Bo")
    assert repository.author().name == "Bo"


def test_materialise_writes_bytes_modes_and_links_but_no_filters(
    make_repository: MakeRepository, tmp_path: Path
) -> None:
    repository = make_repository(
        {
            ".gitattributes": "*.txt export-ignore eol=crlf\n*.bin filter=evil\n",
            "a.txt": b"one\n",
            "b.bin": bytes(range(256)),
            "deep/er/run.sh": "#!/bin/sh\n",
            "same.txt": b"one\n",
        }
    )
    git(repository.root, "config", "filter.evil.smudge", f"touch {tmp_path}/smudged; cat")
    (repository.root / "deep" / "er" / "run.sh").chmod(0o755)
    (repository.root / "link").symlink_to("/etc/passwd")
    commit_all(repository.root)
    copy = tmp_path / "copy"
    materialise(repository, repository.tree_of("HEAD"), copy)
    assert (copy / "a.txt").read_bytes() == (copy / "same.txt").read_bytes() == b"one\n"
    assert (copy / "b.bin").read_bytes() == bytes(range(256))
    assert (copy / "deep/er/run.sh").stat().st_mode & 0o111
    assert (copy / "link").is_symlink()
    assert not (copy / ".git").exists()
    assert not (tmp_path / "smudged").exists()


def test_a_tree_that_leaves_its_folder_is_refused(make_repository: MakeRepository, tmp_path: Path) -> None:
    repository = make_repository({"a": "x"})
    blob = git(repository.root, "rev-parse", "HEAD:a")
    raw = b"100644 evil\0" + bytes.fromhex(blob)
    inner = repository.text("hash-object", "-t", "tree", "-w", "--literally", "--stdin", stdin=raw)
    outer = b"40000 ..\0" + bytes.fromhex(inner)
    tree = repository.text("hash-object", "-t", "tree", "-w", "--literally", "--stdin", stdin=outer)
    with pytest.raises(RepositoryError, match="impossible path"):
        materialise(repository, tree, tmp_path / "inside" / "copy")
    assert not (tmp_path / "inside" / "evil").exists()


@pytest.mark.parametrize("count", [1, 300])
def test_many_blobs_come_back_whole(make_repository: MakeRepository, count: int) -> None:
    files = {f"f{n}.txt": f"{n}\n" * n for n in range(count)}
    repository = make_repository(files)
    entries = repository.entries(repository.tree_of("HEAD"))
    contents = dict(repository.blobs([entry.oid for entry in entries.values()]))
    assert {path: contents[entry.oid].decode() for path, entry in entries.items()} == files
