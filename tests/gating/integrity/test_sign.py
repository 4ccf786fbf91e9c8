from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from agent_gate.gating.diff import FileDiff, Hunk
from agent_gate.gating.integrity.sign import Balance, Sign, balance, without_moved

SIGNS = st.lists(
    st.builds(
        Sign,
        rule=st.sampled_from(["a", "b"]),
        line=st.integers(1, 30),
        text=st.sampled_from(["x = 1  # noqa", "  x = 1  # noqa", "y"]),
        message=st.just("m"),
    ),
    max_size=8,
)
UNCHANGED = FileDiff("f.py", "f.py", b"", b"")


@given(SIGNS, SIGNS)
def test_what_is_gained_is_the_difference_of_multisets(before: list[Sign], after: list[Sign]) -> None:
    gained = Counter(sign.key for sign in balance(UNCHANGED, before, after).gained)
    assert gained == Counter(sign.key for sign in after) - Counter(sign.key for sign in before)


@given(SIGNS)
def test_lines_that_move_are_not_gained(before: list[Sign]) -> None:
    moved = [Sign(s.rule, s.line + 7, f"\t{s.text}", s.message) for s in before]
    assert balance(UNCHANGED, before, moved).gained == ()


def test_an_edited_line_keeps_its_detail_within_the_hunk_only() -> None:
    before = [Sign("a", 3, "f(1)  # noqa: X", "m", detail="noqa: x")]
    after = [Sign("a", 3, "f(2)  # noqa: X", "m", detail="noqa: x")]
    same = FileDiff("f.py", "f.py", b"", b"", hunks=(Hunk(3, 1, 3, 1),))
    other = FileDiff("f.py", "f.py", b"", b"", hunks=(Hunk(3, 1, 2, 0), Hunk(8, 0, 3, 1)))
    assert balance(same, before, after).gained == ()
    assert balance(other, before, after).gained == tuple(after)


def test_a_line_that_left_one_file_for_another_was_moved_once() -> None:
    sign = Sign("a", 1, "value = run(1)  # noqa", "m")
    gave, took = Balance("old.py", (), (sign,)), Balance("new.py", (sign, sign), ())
    assert without_moved([gave, took])[1].gained == (sign,)


def test_short_lines_are_alike_by_chance() -> None:
    sign = Sign("a", 1, "x  # noqa", "m")
    assert without_moved([Balance("old.py", (), (sign,)), Balance("new.py", (sign,), ())])[1].gained == (
        sign,
    )
