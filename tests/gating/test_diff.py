from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent_gate.gating.diff import FileDiff, Line, read_diff
from agent_gate.vcs.repo import Entry, Repository

MakeRepository = Callable[[Mapping[str, str]], Repository]
LINES = "".join(f"line {number}\n" for number in range(1, 21))


def diffs(repository: Repository, changes: Mapping[str, bytes | Entry | None]) -> dict[str, FileDiff]:
    base = repository.tree_of("HEAD")
    entries = {
        path: Entry("100644", repository.write_blob(content)) if isinstance(content, bytes) else content
        for path, content in changes.items()
    }
    return {diff.path: diff for diff in read_diff(repository, base, repository.write_tree(base, entries))}


@pytest.fixture
def repository(make_repository: MakeRepository) -> Repository:
    return make_repository({"keep": "x"})


def test_added_and_removed_lines_have_their_numbers(make_repository: MakeRepository) -> None:
    repository = make_repository({"a.py": LINES})
    (diff,) = diffs(
        repository, {"a.py": LINES.replace("line 3\n", "").replace("line 9", "nine").encode()}
    ).values()
    assert diff.removed == (Line(3, "line 3"), Line(9, "line 9"))
    assert diff.added == (Line(8, "nine"),)
    assert not any((diff.is_added, diff.is_deleted, diff.is_renamed, diff.is_binary))


def test_a_rename_is_followed(make_repository: MakeRepository) -> None:
    repository = make_repository({"old.py": LINES, "kept.py": "X = 1\n"})
    found = diffs(repository, {"old.py": None, "new/name.py": (LINES + "more\n").encode()})
    assert set(found) == {"new/name.py"}
    diff = found["new/name.py"]
    assert (diff.old_path, diff.is_renamed, diff.is_added) == ("old.py", True, False)
    assert diff.added == (Line(21, "more"),)


def test_additions_deletions_links_and_modes(make_repository: MakeRepository) -> None:
    repository = make_repository({"gone.py": "X = 1\n", "link": "text\n", "script": "echo\n"})
    script = repository.entries("HEAD")["script"]
    target = repository.write_blob(b"elsewhere")
    found = diffs(
        repository,
        {
            "gone.py": None,
            "new.bin": b"a\0b\n",
            "link": Entry("120000", target),
            "script": Entry("100755", script.oid),
        },
    )
    assert found["gone.py"].is_deleted
    assert found["gone.py"].after is None
    assert found["gone.py"].removed == (Line(1, "X = 1"),)
    assert found["new.bin"].is_added
    assert found["new.bin"].is_binary
    assert (found["link"].before_mode, found["link"].after_mode) == ("100644", "120000")
    assert found["link"].after is None
    assert found["link"].added == ()
    assert (found["script"].before_mode, found["script"].after_mode) == ("100644", "100755")


def test_no_attribute_of_the_work_tree_hides_lines(make_repository: MakeRepository) -> None:
    repository = make_repository({".gitattributes": "*.py -diff\n", "a.py": "X = 1\n"})
    assert diffs(repository, {"a.py": b"X = 2\n"})["a.py"].added == (Line(1, "X = 2"),)


@pytest.mark.parametrize(
    "content", [b"diff --git a/x b/x\n@@ -1,9 +1,9 @@\n", b"a\rb\x0c\xe2\x80\xa8c\n", b"no end"]
)
def test_what_looks_like_a_patch_or_a_line_end_is_text(
    make_repository: MakeRepository, content: bytes
) -> None:
    repository = make_repository({"a.txt": "one\n", "b.txt": "one\n"})
    found = diffs(repository, {"a.txt": content, "b.txt": b"two\n"})
    assert [line.text for line in found["a.txt"].added] == content.decode().removesuffix("\n").split("\n")
    assert found["b.txt"].added == (Line(1, "two"),)


_SOME = st.lists(st.sampled_from(["", "a", "b", "+", "-x", "@@ -1 +1 @@", "diff --git a b"]), max_size=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(before=_SOME, after=_SOME)
def test_removed_lines_out_and_added_lines_in_make_the_candidate(
    repository: Repository, before: list[str], after: list[str]
) -> None:
    old = repository.write_tree(
        repository.tree_of("HEAD"),
        {"f": Entry("100644", repository.write_blob("".join(f"{t}\n" for t in before).encode()))},
    )
    new = repository.write_tree(
        old, {"f": Entry("100644", repository.write_blob("".join(f"{t}\n" for t in after).encode()))}
    )
    (diff, *_) = read_diff(repository, old, new) or (FileDiff("f", "f", None, None),)
    removed = {line.number for line in diff.removed}
    kept = [text for number, text in enumerate(before, 1) if number not in removed]
    for line in diff.added:
        kept.insert(line.number - 1, line.text)
    assert kept == after
