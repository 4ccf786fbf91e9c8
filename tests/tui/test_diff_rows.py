from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from repositories import MakeRepository, commit_all, write_files

from agent_gate.domain.gate import Finding
from agent_gate.domain.visible import has_hidden
from agent_gate.report.check_report import ShownFinding
from agent_gate.tui.diff_rows import Row, diff_rows, wrapped
from agent_gate.vcs.repo import Repository


def rows_between(repository: Repository, *findings: Finding) -> tuple[Row, ...]:
    base, tree = repository.tree_of("HEAD~1"), repository.tree_of("HEAD")
    shown = [ShownFinding(each, each.level) for each in findings]
    return diff_rows(repository.diff(base, tree), repository.changed_files(base, tree), shown)


def finding(path: str, line: int, level: str = "block") -> Finding:
    return Finding.model_validate(
        {"gate": "ruff", "rule": "F401", "path": path, "line": line, "message": "unused", "level": level}
    )


def test_lines_carry_their_numbers_and_kinds(make_repository: MakeRepository) -> None:
    repository = make_repository({"a.py": "one\ntwo\nthree\n"})
    write_files(repository.root, {"a.py": "one\n2\nthree\nfour\n"})
    commit_all(repository.root)
    shown = [(row.kind, row.text, row.old, row.new) for row in rows_between(repository)]
    assert shown == [
        ("file", "M a.py  +2 −1", 0, 0),
        ("hunk", "", 1, 1),
        ("context", "one", 1, 1),
        ("deleted", "two", 2, 0),
        ("added", "2", 0, 2),
        ("context", "three", 3, 3),
        ("added", "four", 0, 4),
    ]


def test_a_finding_stands_under_its_line_or_under_the_files_head(make_repository: MakeRepository) -> None:
    repository = make_repository({"a.py": "one\n" * 50})
    write_files(repository.root, {"a.py": "one\n" * 50 + "two\n"})
    commit_all(repository.root)
    rows = rows_between(
        repository, finding("a.py", 51), finding("a.py", 3, "ask"), finding("gone.py", 1), finding("", 0)
    )
    kinds = [row.kind for row in rows]
    assert rows[kinds.index("added") + 1].kind == "block"
    assert rows[1].kind == "ask"
    assert "line 3" in rows[1].text
    assert [row.text for row in rows if row.kind == "file"] == [
        "M a.py  +1 −0",
        "the change as a whole",
        "gone.py",
    ]
    assert len([row for row in rows if row.kind == "block"]) == 3


def test_content_that_looks_like_a_diff_is_content(make_repository: MakeRepository) -> None:
    hostile = "-- a/other.py\n++ b/other.py\n@@ -1,1 +1,1 @@\n"
    repository = make_repository({"a.txt": "x\n"})
    write_files(repository.root, {"a.txt": f"diff --git a/b b/b\n{hostile}x\n", "b.txt": "new\n"})
    commit_all(repository.root)
    rows = rows_between(repository)
    assert [row.text for row in rows if row.kind == "file"] == ["M a.txt  +4 −0", "A b.txt  +1 −0"]
    assert [row.text for row in rows if row.kind == "added" and row.path == "a.txt"] == [
        "diff --git a/b b/b", "-- a/other.py", "++ b/other.py", "@@ -1,1 +1,1 @@",
    ]  # fmt: skip


def test_names_with_spaces_quotes_and_controls_keep_their_own_lines(make_repository: MakeRepository) -> None:
    names = ["a b.txt", 'q"uote.txt', "tab\there.txt", "é.txt", "x b/x.txt", "new\nline.txt"]
    repository = make_repository({"README.md": "x\n"})
    write_files(repository.root, {name: f"{number}\n" for number, name in enumerate(names)})
    commit_all(repository.root)
    rows = rows_between(repository)
    added = {row.path: row.text for row in rows if row.kind == "added"}
    assert added == {name: str(number) for number, name in enumerate(names)}
    assert not any(has_hidden(row.text) or "\n" in row.text for row in rows)


def test_a_change_of_type_hides_neither_half(make_repository: MakeRepository) -> None:
    repository = make_repository({"link": "text\n", "z.txt": "z\n"})
    (repository.root / "link").unlink()
    (repository.root / "link").symlink_to("z.txt")
    write_files(repository.root, {"z.txt": "zz\n"})
    commit_all(repository.root)
    rows = rows_between(repository)
    of_link = [
        (row.kind, row.text)
        for row in rows
        if row.path == "link" and row.kind in {"added", "deleted", "note"}
    ]
    assert ("deleted", "text") in of_link
    assert ("added", "z.txt") in of_link
    assert ("note", "new file mode 120000") in of_link
    assert [row.text for row in rows if row.path == "z.txt" and row.kind == "added"] == ["zz"]


def test_a_new_executable_and_a_missing_newline_are_told(make_repository: MakeRepository) -> None:
    repository = make_repository({"README.md": "x\n"})
    write_files(repository.root, {"run.sh": "#!/bin/sh"})
    (repository.root / "run.sh").chmod(0o755)
    commit_all(repository.root)
    notes = [row.text for row in rows_between(repository) if row.kind == "note"]
    assert notes == ["new file mode 100755", "No newline at end of file"]


def test_a_binary_file_is_told(make_repository: MakeRepository) -> None:
    repository = make_repository({"README.md": "x\n"})
    write_files(repository.root, {"data.bin": bytes(range(256))})
    commit_all(repository.root)
    assert any(row.kind == "note" and "Binary" in row.text for row in rows_between(repository))


def test_escape_sequences_and_bidi_characters_are_written_out(make_repository: MakeRepository) -> None:
    repository = make_repository({"a.py": "x\n"})
    write_files(repository.root, {"a.py": "x\n\x1b[2Jgone\u202eevil\n"})
    commit_all(repository.root)
    (added,) = [row for row in rows_between(repository) if row.kind == "added"]
    assert added.text == "\\x1b[2Jgone\\u202eevil"


def test_a_long_finding_is_broken_to_the_width_and_stops_once() -> None:
    long = Finding(gate="g", rule="r", path="p", message="many words " * 20)
    rows = wrapped(diff_rows("", (), (ShownFinding(long, "block"),)), 30)
    lines = [row for row in rows if row.kind == "block"]
    assert len(lines) > 5
    assert all(len(row.text) <= 30 for row in lines)
    assert " ".join(row.text for row in lines).split() == f"g r {long.message}".split()
    assert [row.is_stop for row in lines] == [True] + [False] * (len(lines) - 1)


_LINES = st.lists(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\0"), max_size=20), max_size=12
)


@given(before=_LINES, after=_LINES)
def test_no_line_of_a_change_is_ever_left_out(before: list[str], after: list[str]) -> None:
    diff, count = _unified(before, after)
    rows = diff_rows(diff, (), ())
    assert len([row for row in rows if row.kind in {"added", "deleted"}]) == count


def _unified(before: list[str], after: list[str]) -> tuple[str, int]:
    """A whole-file replacement in git's own form."""
    lines = [f"-{line}" for line in before] + [f"+{line}" for line in after]
    head = "diff --git a/f b/f\nindex 1..2 100644\n--- a/f\n+++ b/f\n"
    hunk = f"@@ -1,{len(before)} +1,{len(after)} @@\n"
    return head + (hunk if lines else "") + "".join(f"{line}\n" for line in lines), len(lines)
