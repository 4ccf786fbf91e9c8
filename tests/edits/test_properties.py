"""What holds for every reply: reading undoes writing, nothing crashes, nothing leaves the allowed paths."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_gate.domain.spec import Paths
from agent_gate.edits import (
    Applied,
    FileEdit,
    Refused,
    Replacement,
    WholeFile,
    apply_edits,
    apply_reply,
    parse_reply,
)
from agent_gate.edits.safe_path import path_problem

NAMES = st.text("abcXYZ_019-", min_size=1, max_size=8)
PATHS = st.builds(
    lambda folders, name, extension: "/".join([*folders, f"{name}.{extension}"]),
    st.lists(NAMES, max_size=3),
    NAMES,
    st.sampled_from(["py", "md", "toml", "c", "html"]),
)
CODE = st.one_of(
    st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]), max_size=20),
    st.sampled_from(
        [
            "",
            "    return 1",
            "```",
            "```python",
            "````",
            "~~~",
            "=======",
            "=========",
            "shop/orders.py",
            "**File: `a.py`**",
            "# a.py",
            "--- a/x",
            "+++ b/x",
            "*** Begin Patch",
        ]
    ),
)
MARKERS = st.sampled_from(
    [
        "<<<<<<< SEARCH",
        ">>>>>>> REPLACE",
        "=======",
        "<<<<<<<<< SEARCH",
        ">>>>> UPDATED",
        "```",
        "```py a.py",
        "a.py",
    ]
)


def text_of(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


TEXTS = st.lists(CODE, max_size=8).map(text_of)
BLOCK_TEXTS = st.lists(st.one_of(CODE, MARKERS), max_size=8).map(text_of)


def render_block(path: str, search: str, replace: str) -> str:
    """A block whose markers are longer than any line of signs that it holds."""
    signs = next(
        n
        for n in range(7, 20)
        if not any(
            line.rstrip(" \t").startswith(("<" * n, "=" * n, ">" * n))
            for line in (search + replace).split("\n")
        )
    )
    return f"{path}\n```\n{'<' * signs} SEARCH\n{search}{'=' * signs}\n{replace}{'>' * signs} REPLACE\n```\n"


def render_whole(path: str, content: str) -> str:
    """A file in a fence that is longer than any in it."""
    ticks = max((len(run) for run in "".join(c if c == "`" else " " for c in content).split()), default=0)
    fence = "`" * max(3, ticks + 1)
    return f"{path}\n{fence}text\n{content}{fence}\n"


def without_line(edit: FileEdit) -> FileEdit:
    if isinstance(edit, Replacement):
        return Replacement(edit.path, edit.search, edit.replace)
    return WholeFile(edit.path, edit.content)


def no_file(_path: str) -> bytes | None:
    return None


def is_no_patch(content: str) -> bool:
    return not content.startswith(("--- ", "*** Begin Patch"))


EDITS = st.lists(
    st.one_of(
        st.builds(Replacement, PATHS, BLOCK_TEXTS, BLOCK_TEXTS),
        st.builds(WholeFile, PATHS, TEXTS.filter(is_no_patch)),
    ),
    min_size=1,
    max_size=5,
)


@settings(deadline=None)
@given(EDITS, st.sampled_from(["", "Here it is.\n\n", "And then:\n"]))
def test_reading_undoes_writing(edits: list[FileEdit], prose: str) -> None:
    reply = "".join(
        prose
        + (
            render_block(edit.path, edit.search, edit.replace)
            if isinstance(edit, Replacement)
            else render_whole(edit.path, edit.content)
        )
        for edit in edits
    )
    parsed = parse_reply(reply)
    assert parsed.problems == ()
    assert [without_line(edit) for edit in parsed.edits] == edits


@settings(deadline=None)
@given(st.lists(st.one_of(CODE, MARKERS, st.text(max_size=30)), max_size=40).map("\n".join))
def test_no_reply_crashes_or_is_half_applied(reply: str) -> None:
    base = {"a.py": b"    return 1\n", "shop/orders.py": b"x\n"}
    result = apply_reply(reply, base.get, None)
    if isinstance(result, Refused):
        assert result.problems
        assert all(finding.message.isprintable() for finding in result.problems)
    else:
        assert result.contents
        assert parse_reply(reply).problems == ()
        assert set(result.contents) <= {edit.path for edit in parse_reply(reply).edits}


WILD_PARTS = st.one_of(
    NAMES,
    st.sampled_from(
        [
            "..",
            ".",
            "",
            ".git",
            ".GIT",
            "git~1",
            "shop",
            "payments",
            "~",
            "C:",
            ".g\u200dit",
            "a\\b",
            "\u202e",
        ]
    ),
    st.text(max_size=5),
)


@settings(deadline=None)
@given(st.lists(WILD_PARTS, min_size=1, max_size=4).map("/".join), st.booleans())
def test_nothing_is_written_outside_the_allowed_paths(path: str, whole: bool) -> None:
    paths = Paths(allow=("shop/**",), deny=("shop/payments/**",))
    edit = WholeFile(path, "x\n") if whole else Replacement(path, "", "x\n")
    result = apply_edits([edit], no_file, paths)
    if isinstance(result, Applied):
        assert list(result.contents) == [path]
        assert path.startswith("shop")
        assert not path.startswith("shop/payments")
        assert path_problem(path) == ""
        assert ".." not in path.split("/")


LONG = 80_000


@pytest.mark.parametrize(
    "reply",
    [
        "```a\n" * LONG,
        "```\n" * LONG,
        "".join("`" * (3 + n % 40) + "x\n" for n in range(LONG // 5)),
        "<<<<<<< SEARCH\n" * (LONG // 3),
        "a.py\n<<<<<<< SEARCH\n" + "=======\n" * LONG,
        "\n" * LONG * 5 + "```py\n" * (LONG // 4),
        ("\n" * 50 + "a/b.py\n```py\n") * 20_000,
        "`" * LONG * 8,
        "a.py\n" + " " * LONG * 8 + "```\n",
        "# " * LONG + "\n```\n",
        "<" * LONG * 8,
        "- - - - " * LONG + "a.py\n```\nx\n```\n",
        ("a.py\n```py\n" + "<<<<<<< SEARCH\nx\n=======\ny\n>>>>>>> REPLACE\n```\n") * 20_000,
        "--- a\n+++ b\n" * LONG,
        "<think>" + "\n<think>" * LONG,
    ],
    ids=range(15),
)
def test_hostile_replies_are_read_in_linear_time(reply: str) -> None:
    """Each has about a megabyte; a reader that looked at anything twice per line would take minutes."""
    started = time.process_time()
    parse_reply(reply)
    assert time.process_time() - started < 5


def test_a_thousand_blocks_that_match_nothing_are_refused_soon() -> None:
    base = "".join(f"line number {n} of a long file\n" for n in range(25_000)).encode()
    edits = [Replacement("f", f"line numbr {n} of a long fill\n" * 3, "x\n") for n in range(1000)]
    started = time.process_time()
    assert isinstance(apply_edits(edits, {"f": base}.get, None), Refused)
    assert time.process_time() - started < 20
