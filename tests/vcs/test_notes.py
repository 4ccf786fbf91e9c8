from __future__ import annotations

import pytest
from repositories import MakeRepository, git

from agent_gate.vcs.notes import NOTES_REF, prepare_note, read_lines
from agent_gate.vcs.repo import Entry, Repository

RUN = "01JABCDEF0123456789ABCDEFG"


@pytest.fixture(name="repository")
def _repository(make_repository: MakeRepository) -> Repository:
    return make_repository()


def put(repository: Repository, tree: str, *lines: str) -> str:
    note, old = prepare_note(repository, tree, lines, RUN)
    assert repository.ref(NOTES_REF) == old, "preparing moves nothing"
    git(repository.root, "update-ref", NOTES_REF, note)
    return note


def shown(repository: Repository, tree: str) -> bytes:
    """The note's exact bytes, found by git."""
    return repository.blob(git(repository.root, "notes", "--ref=agent-gate", "list", tree))


def test_git_finds_the_exact_lines(repository: Repository) -> None:
    tree = repository.tree_of("HEAD")
    assert read_lines(repository, tree) == ()
    put(repository, tree, '{"a":"é"}', '{"b":2}')
    assert shown(repository, tree) == '{"a":"é"}\n{"b":2}\n'.encode()
    assert read_lines(repository, tree) == ('{"a":"é"}', '{"b":2}')
    assert git(repository.root, "for-each-ref", "--format=%(refname)", "refs/notes") == NOTES_REF


def test_union_without_repetition_or_blank_lines(repository: Repository) -> None:
    tree = repository.tree_of("HEAD")
    put(repository, tree, "1")
    git(repository.root, "notes", "--ref=agent-gate", "append", "-m", "2", tree)
    assert b"\n\n" in shown(repository, tree), "git itself puts a blank line there"
    first = put(repository, tree, "2", "3")
    assert shown(repository, tree) == b"1\n2\n3\n"
    assert prepare_note(repository, tree, ("3", "1"), RUN) == (first, first)


def test_other_trees_are_not_touched(repository: Repository) -> None:
    one, two = repository.tree_of("HEAD"), repository.write_tree("HEAD", {"README.md": None})
    put(repository, one, "1")
    put(repository, two, "2")
    assert (read_lines(repository, one), read_lines(repository, two)) == (("1",), ("2",))


def test_notes_that_git_spread_over_folders(repository: Repository) -> None:
    tree = repository.tree_of("HEAD")
    put(repository, tree, "1")
    spread = {f"{name[:2]}/{name[2:]}": entry for name, entry in repository.entries(NOTES_REF).items()}
    flat = dict.fromkeys(repository.entries(NOTES_REF))
    notes = repository.write_tree(NOTES_REF, {**flat, **spread})
    commit = repository.text("commit-tree", "-p", NOTES_REF, "-m", "spread", notes)
    git(repository.root, "update-ref", NOTES_REF, commit)
    assert read_lines(repository, tree) == ("1",)
    put(repository, tree, "2")
    assert shown(repository, tree) == b"1\n2\n"
    assert list(repository.entries(NOTES_REF)) == [f"{tree[:2]}/{tree[2:]}"]


def test_two_notes_for_one_tree_become_one(repository: Repository) -> None:
    tree = repository.tree_of("HEAD")
    put(repository, tree, "1")
    other = Entry("100644", repository.write_blob(b"2\n"))
    notes = repository.write_tree(NOTES_REF, {f"{tree[:2]}/{tree[2:]}": other})
    commit = repository.text("commit-tree", "-p", NOTES_REF, "-m", "twice", notes)
    git(repository.root, "update-ref", NOTES_REF, commit)
    assert sorted(read_lines(repository, tree)) == ["1", "2"]
    put(repository, tree, "3")
    assert len(repository.entries(NOTES_REF)) == 1
    assert sorted(read_lines(repository, tree)) == ["1", "2", "3"]


@pytest.mark.parametrize("before", [(), ("0",)])
def test_histories_merge_as_sets(repository: Repository, before: tuple[str, ...]) -> None:
    tree = repository.tree_of("HEAD")
    if before:
        put(repository, tree, *before)
    start = repository.ref(NOTES_REF)
    put(repository, tree, "2")
    theirs = repository.ref(NOTES_REF)
    git(repository.root, "update-ref", *((NOTES_REF, start) if start else ("-d", NOTES_REF)))
    put(repository, tree, "1")
    git(repository.root, "update-ref", "refs/notes/theirs", str(theirs))
    git(repository.root, "notes", "--ref=agent-gate", "merge", "-q", "-s", "cat_sort_uniq", "theirs")
    assert read_lines(repository, tree) == (*before, "1", "2")
