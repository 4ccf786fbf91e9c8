from __future__ import annotations

import pytest

from agent_gate.domain.gate import Finding
from agent_gate.domain.spec import Paths
from agent_gate.edits import Applied, FileEdit, Refused, Replacement, WholeFile, apply_edits, apply_reply
from agent_gate.edits.apply import MAX_EDITS, MAX_FILES
from agent_gate.edits.edit_file import MAX_FILE_BYTES
from agent_gate.edits.reply import MAX_BYTES

BASE = b"def a():\n    return 1\n\n\ndef b():\n    return 2\n"


def applied(base: dict[str, bytes], *edits: FileEdit) -> Applied:
    result = apply_edits(edits, base.get, None)
    assert isinstance(result, Applied), result
    return result


def refused(base: dict[str, bytes], *edits: FileEdit, paths: Paths | None = None) -> tuple[Finding, ...]:
    result = apply_edits(edits, base.get, paths)
    assert isinstance(result, Refused), result
    return result.problems


def test_step_is_told_per_file() -> None:
    result = applied(
        {"a.py": BASE, "b.py": b"x = 1   \n", "c.py": b"old\n"},
        Replacement("a.py", "    return 1\n", "    return 3\n"),
        Replacement("b.py", "x = 1\n", "x = 2\n"),
        WholeFile("c.py", "new\n"),
        WholeFile("d.py", "new\n"),
        Replacement("e.py", "", "new\n"),
    )
    assert result.steps == {
        "a.py": "exact",
        "b.py": "trailing-space",
        "c.py": "whole-file",
        "d.py": "new-file",
        "e.py": "new-file",
    }


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        (b"one\r\ntwo\r\nthree\r\n", b"one\r\nTWO\r\nthree\r\n"),
        (b"one\ntwo\nthree", b"one\nTWO\nthree"),
        (b"\xef\xbb\xbfone\ntwo\n", b"\xef\xbb\xbfone\nTWO\n"),
        (b"one\r\ntwo\nthree\r\n", b"one\r\nTWO\r\nthree\r\n"),
        ("één\ntwo\n".encode(), "één\nTWO\n".encode()),
        (b"one\rtwo\ntwo\n", b"one\rtwo\nTWO\n"),
        (b"a\x0cb\ntwo\n", b"a\x0cb\nTWO\n"),
    ],
    ids=["crlf", "no-final-newline", "bom", "mixed", "utf-8", "lone-cr", "form-feed"],
)
def test_what_is_not_edited_keeps_its_bytes(base: bytes, expected: bytes) -> None:
    assert applied({"f": base}, Replacement("f", "two\n", "TWO\n")).contents == {"f": expected}


def test_last_line_without_newline_stays_so_when_it_is_the_one_replaced() -> None:
    assert applied({"f": b"one\ntwo"}, Replacement("f", "two\n", "2\n3\n")).contents == {"f": b"one\n2\n3"}


def test_whole_file_keeps_encoding_and_the_endings_of_lines_that_stay() -> None:
    base = b"\xef\xbb\xbfone\r\ntwo\nthree"
    assert applied({"f": base}, WholeFile("f", "one\nTWO\nthree\n")).contents == {
        "f": b"\xef\xbb\xbfone\r\nTWO\nthree"
    }


def test_context_keeps_its_trailing_space_when_only_the_model_dropped_it() -> None:
    edit = Replacement("f", "head\nold\ntail\n", "head\nnew\ntail\n")
    assert applied({"f": b"head  \nold\ntail\t\n"}, edit).contents == {"f": b"head  \nnew\ntail\t\n"}


def test_deleting_lines_is_an_edit() -> None:
    assert applied({"f": b"a\nb\nc\n"}, Replacement("f", "b\n", "")).contents == {"f": b"a\nc\n"}


def test_part_of_a_line_is_no_match() -> None:
    assert [p.rule for p in refused({"f": b"value = 10\n"}, Replacement("f", "value\n", "v\n"))] == [
        "no-match"
    ]


def test_overlapping_places_of_one_passage_are_ambiguous() -> None:
    found = refused({"f": b"x\nx\nx\n"}, Replacement("f", "x\nx\n", "y\n"))
    assert [p.rule for p in found] == ["ambiguous"]
    assert "lines 1, 2" in found[0].message


def test_two_places_that_differ_in_trailing_space_only_are_ambiguous() -> None:
    found = refused({"f": b"x \nx\t\n"}, Replacement("f", "x\n", "y\n"))
    assert [p.rule for p in found] == ["ambiguous"]


def test_exact_place_wins_over_one_that_differs_in_trailing_space() -> None:
    assert applied({"f": b"x \nx\n"}, Replacement("f", "x\n", "y\n")).contents == {"f": b"x \ny\n"}


def test_similar_lines_are_shown_and_never_taken() -> None:
    (found,) = refused(
        {"f.py": BASE}, Replacement("f.py", "def b():\n    return  2\n", "def b():\n    return 4\n", 7)
    )
    assert found.rule == "no-match"
    assert found.line == 6
    assert "line 7 of the reply" in found.message
    assert found.excerpt.splitlines() == ["5: def b():", "6:     return 2"]


def test_indentation_is_not_guessed() -> None:
    (found,) = refused({"f.py": BASE}, Replacement("f.py", "return 2\n", "return 4\n"))
    assert found.rule == "no-match"
    assert "6:     return 2" in found.excerpt


def test_nothing_is_half_applied_and_sound_blocks_are_named() -> None:
    problems = refused(
        {"a.py": BASE, "b.py": BASE},
        Replacement("a.py", "    return 1\n", "    return 3\n"),
        Replacement("a.py", "    return 9\n", "    return 3\n"),
        Replacement("b.py", "    return 1\n", "    return 3\n"),
    )
    assert len(problems) == 1
    assert "other blocks for this file (1) are understood and need not be changed" in problems[0].message
    assert "the edits of other files (1) are understood" in problems[0].message


def test_a_problem_of_reading_refuses_what_was_understood() -> None:
    reply = "a.py\n<<<<<<< SEARCH\n    return 1\n=======\n    return 3\n>>>>>>> REPLACE\n<<<<<<< SEARCH\nx\n"
    result = apply_reply(reply, {"a.py": BASE}.get, None)
    assert isinstance(result, Refused)
    assert [p.rule for p in result.problems] == ["truncated"]


def test_block_made_for_the_result_of_another_block_is_refused() -> None:
    found = refused({"f": b"a\n"}, Replacement("f", "a\n", "b\n"), Replacement("f", "b\n", "c\n"))
    assert [p.rule for p in found] == ["no-match"]


def test_unchanged_files_are_left_out() -> None:
    result = applied(
        {"f": b"a\n", "g": b"b\n"}, Replacement("f", "a\n", "a\n"), Replacement("g", "b\n", "c\n")
    )
    assert result.contents == {"g": b"c\n"}


def test_elision_that_stands_in_the_base_is_no_placeholder() -> None:
    base = {"f": b"# ... and so on\nx = 1\n"}
    assert applied(base, WholeFile("f", "# ... and so on\nx = 2\n")).contents == {
        "f": b"# ... and so on\nx = 2\n"
    }


@pytest.mark.parametrize(
    "line",
    [
        "# ... existing code ...",
        "    // … rest of the class",
        "# (rest of the file unchanged)",
        "<!-- ... -->",
        "# ...",
    ],
)
def test_placeholders_for_code_are_refused(line: str) -> None:
    assert [p.rule for p in refused({"f": b"a\nb\n"}, WholeFile("f", f"a\n{line}\n"))] == ["elided"]


@pytest.mark.parametrize(
    ("base", "edit"),
    [
        (b"\xff\xfe\n", Replacement("f", "a\n", "b\n")),
        (b"a\0\n", WholeFile("f", "b\n")),
        (b"a\n", WholeFile("f", "b\0\n")),
        (b"a\n", WholeFile("f", "\ud800\n")),
    ],
    ids=["base-not-utf-8", "base-with-nul", "nul-in-reply", "lone-surrogate"],
)
def test_only_text_is_edited(base: bytes, edit: FileEdit) -> None:
    assert [p.rule for p in refused({"f": base}, edit)] == ["not-text"]


@pytest.mark.parametrize("content", ["", "\n", "  \n\t\n"])
def test_emptying_a_file_is_refused(content: str) -> None:
    assert [p.rule for p in refused({"f": b"a\n"}, WholeFile("f", content))] == ["empties-file"]


def test_paths_of_the_spec_are_kept_and_named() -> None:
    paths = Paths(allow=("shop/**",), deny=("shop/payments/**",))
    found = refused({}, WholeFile("shop/payments/a.py", "x\n"), WholeFile("b.py", "x\n"), paths=paths)
    assert [(p.rule, p.path) for p in found] == [
        ("path-not-allowed", "shop/payments/a.py"),
        ("path-not-allowed", "b.py"),
    ]
    assert "allowed is shop/**, except shop/payments/**" in found[0].message


def test_nothing_is_written_below_a_file_or_a_link() -> None:
    assert [p.path for p in refused({"shop": b"elsewhere"}, WholeFile("shop/a.py", "x\n"))] == ["shop/a.py"]
    assert [p.path for p in refused({}, WholeFile("a", "x\n"), WholeFile("a/b", "x\n"))] == ["a/b"]


def test_refused_paths_are_spelled_out_in_messages() -> None:
    (found,) = refused({}, WholeFile("shop/\u202eyp.py", "x\n"))
    assert "\u202e" not in found.message + found.path
    assert "\\u202e" in found.message


def test_caps() -> None:
    many = [WholeFile(f"f{n}", "x\n") for n in range(MAX_FILES + 1)]
    assert [p.rule for p in refused({}, *many)] == ["too-large"]
    blocks = [Replacement("f", "x\n", "y\n")] * (MAX_EDITS + 1)
    assert [p.rule for p in refused({"f": b"x\n"}, *blocks)] == ["too-large"]
    assert [p.rule for p in refused({}, WholeFile("f", "x" * MAX_FILE_BYTES + "\n"))] == ["too-large"]
    result = apply_reply("é" * (MAX_BYTES // 2 + 1), {"f": b""}.get, None)
    assert isinstance(result, Refused)
    assert [p.rule for p in result.problems] == ["too-large"]
