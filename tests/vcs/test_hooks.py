"""Which hook git would run, and whose version of it counts."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from repositories import MakeRepository, commit_all, git, write_files

from agent_gate.errors import RepositoryError
from agent_gate.vcs.hooks import PRE_COMMIT, Hook, find_hook
from agent_gate.vcs.repo import Repository

MINE = "#!/bin/sh\necho mine >&2\nexit 7\n"
BASES = "#!/bin/sh\necho base >&2\nexit 7\n"
CHANGED = "#!/bin/sh\nexit 0\n"


def install(path: Path, content: str = MINE) -> Path:
    """Writes an executable file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    path.chmod(0o755)
    return path


@pytest.fixture
def project(make_repository: MakeRepository) -> Repository:
    """A repository whose base has a hook in `.githooks`, a library beside it, and an edited work tree."""
    repository = make_repository({"README.md": "# sample\n", ".githooks/lib/words": "a\n"})
    install(repository.root / ".githooks" / PRE_COMMIT, BASES)
    commit_all(repository.root, "a hook")
    install(repository.root / ".githooks" / PRE_COMMIT, CHANGED)
    return repository


def found(repository: Repository) -> Hook:
    hook = find_hook(repository, PRE_COMMIT, "HEAD")
    assert hook is not None
    return hook


def commit_all_without_hooks(repository: Repository) -> None:
    git(repository.root, "add", "--all")
    git(repository.root, "-c", "core.hooksPath=/dev/null", "commit", "--quiet", "--message", "more")


def git_runs_one(repository: Repository) -> bool:
    """Whether git itself runs a pre-commit hook here: those of these tests exit with 7 or refuse nothing."""
    done = subprocess.run(
        ["git", "commit", "--allow-empty", "--quiet", "--message", "x"],
        cwd=repository.root, capture_output=True, check=False,
    )  # fmt: skip
    return done.returncode != 0


def test_without_a_hook_there_is_none(project: Repository) -> None:
    assert find_hook(project, PRE_COMMIT, "HEAD") is None
    install(project.common_directory / "hooks" / "pre-commit.sample")
    assert find_hook(project, PRE_COMMIT, "HEAD") is None
    assert not git_runs_one(project)


def test_the_repositorys_own_folder_with_what_lies_in_it(project: Repository) -> None:
    folder = project.common_directory / "hooks"
    install(folder / PRE_COMMIT)
    install(folder / "pre-commit.d" / "one", "#!/bin/sh\n")
    install(folder / "commit-msg.sample")
    hook = found(project)
    assert (hook.command, hook.content) == (".git/hooks/pre-commit", MINE.encode())
    assert {name: file.executable for name, file in hook.files.items()} == {
        PRE_COMMIT: True, "pre-commit.d/one": True,
    }  # fmt: skip
    assert not hook.is_made_of(".githooks/pre-commit")
    assert git_runs_one(project)


def test_a_file_that_is_not_executable_is_no_hook(project: Repository) -> None:
    path = install(project.common_directory / "hooks" / PRE_COMMIT)
    path.chmod(0o644)
    assert find_hook(project, PRE_COMMIT, "HEAD") is None
    assert not git_runs_one(project)


@pytest.mark.parametrize("scope", ["--global", "--local", "--worktree"])
def test_a_folder_outside_from_any_scope(project: Repository, tmp_path: Path, scope: str) -> None:
    install(project.common_directory / "hooks" / PRE_COMMIT, CHANGED)
    install(tmp_path / "my hooks" / PRE_COMMIT)
    git(project.root, "config", scope, "core.hooksPath", str(tmp_path / "my hooks"))
    assert found(project).content == MINE.encode()
    assert git_runs_one(project)


def test_the_nearest_scope_wins_and_tilde_is_home(project: Repository, tmp_path: Path) -> None:
    install(Path(os.environ["HOME"]) / "hooks" / PRE_COMMIT)
    install(tmp_path / "other" / PRE_COMMIT, CHANGED)
    git(project.root, "config", "--global", "core.hooksPath", str(tmp_path / "other"))
    git(project.root, "config", "--local", "core.hooksPath", "~/hooks")
    assert found(project).content == MINE.encode()
    assert git_runs_one(project)


def test_an_empty_path_turns_hooks_off(project: Repository) -> None:
    install(project.common_directory / "hooks" / PRE_COMMIT)
    install(project.root / PRE_COMMIT)
    commit_all_without_hooks(project)
    git(project.root, "config", "core.hooksPath", "")
    assert find_hook(project, PRE_COMMIT, "HEAD") is None
    assert not git_runs_one(project)


def _relative(repository: Repository) -> None:
    git(repository.root, "config", "core.hooksPath", ".githooks")


def _absolute(repository: Repository) -> None:
    git(repository.root, "config", "core.hooksPath", str(repository.root / ".githooks"))


def _other_name(repository: Repository) -> None:
    alias = repository.root.parent / "alias"
    alias.symlink_to(repository.root)
    git(repository.root, "config", "core.hooksPath", str(alias / ".githooks"))


def _linked_folder(repository: Repository) -> None:
    folder = repository.common_directory / "hooks"
    shutil.rmtree(folder, ignore_errors=True)
    folder.symlink_to("../.githooks")


CONFIGURED = pytest.mark.parametrize("configure", [_relative, _absolute, _other_name, _linked_folder])


@CONFIGURED
def test_a_folder_of_the_repository_counts_as_the_base_has_it(
    project: Repository, configure: Callable[[Repository], None]
) -> None:
    configure(project)
    hook = found(project)
    assert (hook.command, hook.content) == (".githooks/pre-commit", BASES.encode())
    assert hook.is_made_of(".githooks/lib/words")
    assert hook.is_made_of(".githooks")
    assert not hook.is_made_of(".githooks-of-others")
    assert hook.files == {}
    assert not git_runs_one(project)  # git takes the work tree's version


@CONFIGURED
def test_a_folder_that_the_work_tree_leads_elsewhere_stays_the_bases(
    project: Repository, configure: Callable[[Repository], None], tmp_path: Path
) -> None:
    configure(project)
    install(tmp_path / "evil" / PRE_COMMIT, CHANGED)
    shutil.rmtree(project.root / ".githooks")
    (project.root / ".githooks").symlink_to(tmp_path / "evil")
    assert found(project).content == BASES.encode()
    assert not git_runs_one(project)


def test_a_link_to_a_file_of_the_repository_counts_as_the_base_has_it(project: Repository) -> None:
    hooks = project.common_directory / "hooks"
    install(hooks / "beside", "#!/bin/sh\n")
    (hooks / PRE_COMMIT).symlink_to("../../.githooks/pre-commit")
    hook = found(project)
    assert (hook.command, hook.content) == (".git/hooks/pre-commit", BASES.encode())
    assert set(hook.files) == {PRE_COMMIT, "beside"}
    assert hook.is_made_of(".githooks/pre-commit")
    assert not hook.is_made_of(".githooks/lib/words")


def test_a_link_to_elsewhere_is_followed(project: Repository, tmp_path: Path) -> None:
    install(tmp_path / "dotfiles" / "check")
    hooks = project.common_directory / "hooks"
    hooks.mkdir(exist_ok=True)
    (hooks / PRE_COMMIT).symlink_to(tmp_path / "dotfiles" / "check")
    assert found(project).content == MINE.encode()
    assert git_runs_one(project)
    (hooks / PRE_COMMIT).unlink()
    (hooks / PRE_COMMIT).symlink_to(PRE_COMMIT)
    assert find_hook(project, PRE_COMMIT, "HEAD") is None


def test_links_of_the_base_are_followed_in_the_base(project: Repository, tmp_path: Path) -> None:
    folder = project.root / ".githooks"
    install(project.root / "tools" / "check", BASES)
    (folder / PRE_COMMIT).unlink()
    (folder / PRE_COMMIT).symlink_to("../tools/check")
    (project.root / "hooks").symlink_to(".githooks")
    commit_all(project.root, "links")
    for name in ("check", "../hooks", "../.githooks/pre-commit"):
        (project.root / "tools" / name).unlink()
    install(tmp_path / "evil" / PRE_COMMIT, CHANGED)
    (project.root / "hooks").symlink_to(tmp_path / "evil")
    git(project.root, "config", "core.hooksPath", "hooks")
    hook = found(project)
    assert (hook.command, hook.content) == ("tools/check", BASES.encode())
    assert hook.is_made_of("tools/check")
    assert hook.is_made_of("hooks")
    assert not git_runs_one(project)


def test_the_root_as_folder_takes_the_hook_alone(project: Repository) -> None:
    install(project.root / PRE_COMMIT, BASES)
    commit_all(project.root, "at the root")
    git(project.root, "config", "core.hooksPath", ".")
    hook = found(project)
    assert hook.is_made_of(PRE_COMMIT)
    assert not hook.is_made_of("README.md")


def test_a_hook_that_only_the_work_tree_has_is_not_trusted(project: Repository) -> None:
    write_files(project.root, {".gitignore": "_/\n"})
    install(project.root / "_" / PRE_COMMIT, CHANGED)
    git(project.root, "config", "core.hooksPath", "_")
    hook = found(project)
    assert "_/pre-commit, a file of the work tree that the base commit does not hold" in hook.problem
    assert hook.content == b""


def test_a_hook_that_came_after_the_base_is_none_of_its(project: Repository) -> None:
    git(project.root, "config", "core.hooksPath", ".githooks")
    assert find_hook(project, PRE_COMMIT, "HEAD^") is None


@pytest.mark.parametrize("place", ["../linked", "trees/linked"])
def test_in_a_linked_work_tree_the_main_ones_folder_counts(project: Repository, place: str) -> None:
    install(project.common_directory / "hooks" / PRE_COMMIT)
    git(project.root, "worktree", "add", "--quiet", place)
    linked = Repository.open(project.root / place)
    assert found(linked).content == MINE.encode()
    (project.common_directory / "hooks" / PRE_COMMIT).unlink()
    (project.common_directory / "hooks" / PRE_COMMIT).symlink_to("../../.githooks/pre-commit")
    assert found(linked).content == BASES.encode()
    git(project.root, "config", "core.hooksPath", ".githooks")
    assert found(linked).content == BASES.encode()


def test_the_digest_covers_the_hook_and_what_lies_beside_it(project: Repository) -> None:
    folder = project.common_directory / "hooks"
    install(folder / PRE_COMMIT)
    digests = [found(project).digest]
    install(folder / "beside")
    digests.append(found(project).digest)
    (folder / "beside").chmod(0o644)
    digests.append(found(project).digest)
    install(folder / PRE_COMMIT, CHANGED)
    digests.append(found(project).digest)
    assert len(set(digests)) == 4
    assert found(project).digest == digests[-1]


def test_a_folder_that_holds_more_than_hooks_is_refused(project: Repository, tmp_path: Path) -> None:
    install(tmp_path / "all" / PRE_COMMIT)
    with (tmp_path / "all" / "film").open("wb") as stream:
        stream.truncate(65 * 1024 * 1024)
    git(project.root, "config", "core.hooksPath", str(tmp_path / "all"))
    with pytest.raises(RepositoryError, match="more than 64 MiB"):
        find_hook(project, PRE_COMMIT, "HEAD")


def test_a_hook_that_the_base_has_not_executable_is_none(project: Repository) -> None:
    (project.root / ".githooks" / PRE_COMMIT).chmod(0o644)
    commit_all(project.root, "off")
    (project.root / ".githooks" / PRE_COMMIT).chmod(0o755)
    git(project.root, "config", "core.hooksPath", ".githooks")
    assert find_hook(project, PRE_COMMIT, "HEAD") is None
