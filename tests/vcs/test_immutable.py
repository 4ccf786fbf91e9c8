"""What was said about an object is not asked for again; what can change is."""

from __future__ import annotations

import pytest
from repositories import MakeRepository, commit_all, git, write_files

from agent_gate.vcs import repo
from agent_gate.vcs.git_command import run_git
from agent_gate.vcs.immutable import Answers, is_object_id


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The git commands that were started."""
    commands: list[str] = []

    def counted(args: tuple[str, ...], **more: object) -> bytes:
        commands.append(args[0])
        return run_git(args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(repo, "run_git", counted)
    return commands


def test_a_tree_and_its_files_are_asked_for_once(make_repository: MakeRepository, asked: list[str]) -> None:
    repository = make_repository({"a.txt": "one\n", "b/c.txt": "two\n"})
    tree = repository.tree_of(repository.resolve("HEAD"))
    asked.clear()
    for _ in range(3):
        assert set(repository.entries(tree)) == {"a.txt", "b/c.txt"}
        found = repository.read(tree, "b/c.txt")
        assert found is not None
        assert found[1] == b"two\n"
        assert repository.read(tree, "missing") is None
    assert asked == ["ls-tree", "cat-file"]


def test_the_same_tree_is_written_once(make_repository: MakeRepository, asked: list[str]) -> None:
    repository = make_repository({"a.txt": "one\n"})
    base = repository.tree_of(repository.resolve("HEAD"))
    trees = {repository.write_tree(base, {"a.txt": None}) for _ in range(3)}
    assert len(trees) == 1
    assert asked.count("write-tree") == 1


def test_a_branch_is_asked_for_each_time(make_repository: MakeRepository) -> None:
    repository = make_repository({"a.txt": "one\n"})
    before = repository.tree_of("main"), dict(repository.entries("main")), repository.read("main", "a.txt")
    write_files(repository.root, {"a.txt": "two\n"})
    commit_all(repository.root, "second")
    after = repository.tree_of("main"), dict(repository.entries("main")), repository.read("main", "a.txt")
    assert all(one != other for one, other in zip(before, after, strict=True))


def test_large_files_and_old_answers_are_not_kept() -> None:
    answers = Answers(2)
    assert answers.get("large", lambda: b"xx", largest=1) == b"xx"
    assert answers.get("large", lambda: b"x", largest=1) == b"x"
    for number in range(3):
        answers.get(number, lambda number=number: number)  # type: ignore[misc]
    assert answers.get(0, lambda: "asked again") == "asked again"
    assert answers.get(2, lambda: -1) == 2


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("a" * 40, True), ("0" * 64, True), ("a" * 39, False), ("main", False), ("A" * 40, False), ("", False)],
)
def test_only_a_whole_id_is_one(name: str, *, is_one: bool) -> None:
    assert is_object_id(name) is is_one


def test_what_git_itself_says_fits(make_repository: MakeRepository) -> None:
    repository = make_repository({"a.txt": "one\n"})
    assert is_object_id(git(repository.root, "rev-parse", "HEAD^{tree}"))
