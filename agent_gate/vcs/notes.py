"""Evidence lines, kept as git notes on the tree of a commit.

Keyed on the tree they survive a message-only amend and a squash onto the same base. Lines have no
order and no repetition, so that two histories of the notes merge with git's `cat_sort_uniq`.
Source: git-notes(1).
"""

from __future__ import annotations

from collections.abc import Iterable

from agent_gate.vcs.repo import Entry, Repository

NOTES_REF = "refs/notes/agent-gate"


def read_lines(repository: Repository, tree: str) -> tuple[str, ...]:
    """The evidence lines of a tree, without blank ones and without repetition."""
    if repository.ref(NOTES_REF) is None:
        return ()
    lines: dict[str, None] = {}
    for oid in _note_blobs(repository, tree).values():
        text = repository.blob(oid).decode(errors="replace")
        lines.update(dict.fromkeys(line for line in text.split("\n") if line.strip()))
    return tuple(lines)


def prepare_note(
    repository: Repository, tree: str, lines: Iterable[str], run_id: str
) -> tuple[str, str | None]:
    """A notes commit in which the tree has these lines too, and the notes commit that it builds on.

    `refs/notes/agent-gate` itself is not moved: that happens together with the branch. `git notes` could
    only write to a ref, so the commit is made from plumbing.
    """
    old = repository.ref(NOTES_REF)
    existing = _note_blobs(repository, tree) if old else {}
    before = read_lines(repository, tree)
    union = tuple(dict.fromkeys((*before, *lines)))
    if old is not None and union == before:
        return old, old
    blob = repository.write_blob("".join(f"{line}\n" for line in union).encode())
    path = next(iter(existing), tree)
    changes: dict[str, Entry | None] = {**dict.fromkeys(existing), path: Entry("100644", blob)}
    notes = repository.write_tree(old or repository.text("mktree", stdin=b""), changes)
    parents = ("-p", old) if old else ()
    commit = repository.text("commit-tree", *parents, "-F", "-", notes, stdin=note_message(run_id).encode())
    return commit, old


def note_message(run_id: str) -> str:
    """The message of the notes commit that a run makes."""
    return f"agent-gate: evidence of run {run_id}\n"


def _note_blobs(repository: Repository, tree: str) -> dict[str, str]:
    """Path and blob of the tree's notes: git spreads many over folders named after the key's first digits."""
    paths = (tree, f"{tree[:2]}/{tree[2:]}", f"{tree[:2]}/{tree[2:4]}/{tree[4:]}")
    listing = repository.text("ls-tree", "-r", "--full-tree", NOTES_REF, "--", *paths)
    records = (record.split("\t") for record in listing.splitlines())
    return {path: head.split(" ")[2] for head, path in records}
