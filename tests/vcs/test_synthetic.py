from __future__ import annotations

from pathlib import Path

import pytest
from repositories import MakeRepository, git, write_files

from agent_gate.errors import RepositoryError
from agent_gate.vcs.repo import Entry, Repository
from agent_gate.vcs.synthetic import make_synthetic
from agent_gate.vcs.worktree import materialise


def changed(repository: Repository) -> str:
    """The base with one file changed, one added and one deleted."""
    return repository.write_tree(
        "HEAD",
        {
            "a.py": Entry("100644", repository.write_blob(b"a = 2\n")),
            "new.sh": Entry("100755", repository.write_blob(b"#!/bin/sh\n")),
            "old.py": None,
            "link": Entry("120000", repository.write_blob(b"a.py")),
            "module": Entry("160000", "1" * 40),
        },
    )


@pytest.fixture
def project(make_repository: MakeRepository) -> Repository:
    repository = make_repository({"a.py": "a = 1\n", "old.py": "", "kept/b.txt": "b\r\n"})
    write_files(repository.root, {"history.txt": "gone\n"})
    git(repository.root, "config", "http.extraheader", "Authorization: token")
    git(repository.root, "remote", "add", "origin", "https://token@example.org/x.git")
    return repository


@pytest.mark.parametrize("ref", ["refs/heads/topic/one", ""])
def test_one_commit_of_the_base_with_the_candidate_staged(
    project: Repository, tmp_path: Path, ref: str
) -> None:
    tree, base = changed(project), project.tree_of("HEAD")
    folder = tmp_path / "copy"
    materialise(project, tree, folder)
    make_synthetic(project, folder, base, tree, ref)
    assert git(folder, "rev-list", "--count", "--all" if ref else "HEAD") == "1"
    assert git(folder, "rev-parse", "HEAD^{tree}") == base
    assert git(folder, "write-tree") == tree
    assert git(folder, "diff-files", "--name-only") == ""
    assert (
        git(folder, "diff", "--cached", "--name-status")
        == "M\ta.py\nA\tlink\nA\tmodule\nA\tnew.sh\nD\told.py"
    )
    assert git(folder, "log", "--format=%an <%ae> %at") == "agent-gate <agent-gate@localhost> 946684800"
    assert git(folder, "rev-parse", "--symbolic-full-name", "HEAD") == (ref or "HEAD")


def test_nothing_of_the_users_repository_enters(project: Repository, tmp_path: Path) -> None:
    write_files(project.root, {"a.py": "secret = 1\n"})
    git(project.root, "commit", "--quiet", "--all", "--message", "to be forgotten")
    secret = git(project.root, "rev-parse", "HEAD:a.py")
    git(project.root, "reset", "--quiet", "--hard", "HEAD^")
    tree = changed(project)
    folder = tmp_path / "copy"
    materialise(project, tree, folder)
    make_synthetic(project, folder, project.tree_of("HEAD"), tree)
    configuration = (folder / ".git" / "config").read_text()
    assert "token" not in configuration
    assert "Ana" not in configuration
    assert not (folder / ".git" / "hooks").exists()
    assert secret not in git(folder, "cat-file", "--batch-all-objects", "--batch-check")


def test_a_file_that_its_own_attributes_change_is_no_obstacle(
    make_repository: MakeRepository, tmp_path: Path
) -> None:
    project = make_repository({"a.txt": "a\r\n"})
    attributes = Entry("100644", project.write_blob(b"*.txt text\n"))
    tree = project.write_tree("HEAD", {".gitattributes": attributes})
    folder = tmp_path / "copy"
    materialise(project, tree, folder)
    make_synthetic(project, folder, tree, tree)
    assert git(folder, "write-tree") == tree


def test_attributes_of_the_change_start_no_filter_of_the_user(project: Repository, tmp_path: Path) -> None:
    witness = tmp_path / "ran"
    git(project.root, "config", "--global", "filter.mark.clean", f"touch {witness}; cat")
    attributes = Entry("100644", project.write_blob(b"* filter=mark\n"))
    tree = project.write_tree("HEAD", {".gitattributes": attributes})
    folder = tmp_path / "copy"
    materialise(project, tree, folder)
    make_synthetic(project, folder, project.tree_of("HEAD"), tree)
    assert not witness.exists()


def test_a_tree_with_a_git_directory_of_its_own_is_refused(project: Repository, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    write_files(folder, {".git/config": "[core]\n\tfsmonitor = touch /tmp/owned\n"})
    tree = project.tree_of("HEAD")
    with pytest.raises(RepositoryError, match=r"\.git of its own"):
        make_synthetic(project, folder, tree, tree)
