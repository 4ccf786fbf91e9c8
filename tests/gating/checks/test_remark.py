"""What is said about tests: one question for what is one matter, and every failure by itself."""

from __future__ import annotations

from collections.abc import Sequence

from agent_gate.domain.gate import Finding
from agent_gate.gating.checks.remark import Remark, put_together


def told(remarks: Sequence[Remark]) -> list[Finding]:
    return list(put_together("tests", remarks))


def removed(*tests: str) -> list[Finding]:
    return told([Remark("removed-test", test, "the change removes this test", "ask") for test in tests])


def test_all_cases_of_a_removed_test_are_one_question() -> None:
    (finding,) = removed(
        "t/test_a.py::test_sum[1-2]", "t/test_a.py::test_sum[2-4]", "t/test_a.py::test_sum[3-6]"
    )
    assert (finding.path, finding.level, finding.severity) == ("t/test_a.py", "ask", "medium")
    assert (
        finding.message == "t/test_a.py::test_sum (3 cases, among them [1-2]): the change removes this test"
    )


def test_a_few_removed_tests_are_told_one_by_one_and_many_of_a_file_together() -> None:
    assert [f.message.partition(":: ")[0] for f in removed("test_a.py::test_x[1]")] == [
        "test_a.py::test_x[1]: the change removes this test"
    ]
    assert len(removed(*(f"test_a.py::test_{n}" for n in range(3)))) == 3
    many = removed(
        *(f"test_a.py::T::test_{n}[{case}]" for n in range(12) for case in "ab"), "test_b.py::test_x"
    )
    assert [f.path for f in many] == ["test_a.py", "test_b.py"]
    assert many[0].message == (
        "test_a.py: the change removes 12 tests (24 cases), T::test_0, T::test_1, T::test_2, T::test_3, "
        "T::test_4, T::test_5, T::test_6, T::test_7 and 4 more"
    )
    assert "T::test_11" in many[0].excerpt, "which tests they are is part of what is approved"


def test_each_failing_case_is_told_with_its_own_words() -> None:
    failing = [
        Remark("failing-test", f"test_a.py::test_x[{n}]", f"assert {n} == 0", "block", 3, f"E assert {n}")
        for n in (1, 2)
    ]
    assert [(f.message, f.excerpt, f.severity) for f in told(failing)] == [
        ("test_a.py::test_x[1]: assert 1 == 0", "E assert 1", "high"),
        ("test_a.py::test_x[2]: assert 2 == 0", "E assert 2", "high"),
    ]


def test_what_has_one_cause_is_one_question() -> None:
    why = "its file cannot be imported: conftest.py cannot be imported: cannot import name 'OLD'"
    remarks = [
        Remark("changed-expectation", test, f"fails: {why}", "ask", 3, cause=why)
        for test in ("a/test_a.py::test_x[1]", "a/test_a.py::test_x[2]", "a/test_a.py::test_y")
    ]
    (of_a_file,) = told(remarks)
    assert (of_a_file.path, of_a_file.line) == ("a/test_a.py", 3)
    assert of_a_file.message == f"2 tests (3 cases), a/test_a.py::test_x, a/test_a.py::test_y: fails: {why}"
    elsewhere = Remark("changed-expectation", "b/test_b.py::test_z", f"fails: {why}", "ask", 9, cause=why)
    (of_two,) = told([*remarks, elsewhere])
    assert (of_two.path, of_two.line) == ("", 0)
    assert "b/test_b.py::test_z" in of_two.excerpt
    assert (
        len(told([*remarks, Remark("changed-expectation", "c.py::test_w", "fails", "ask", cause="else")]))
        == 2
    )


def test_what_blocks_is_never_put_together_with_what_asks() -> None:
    both = told([
        Remark("lost-test", "test_a.py::test_x[1]", "passed on the base and is gone", "block"),
        Remark("lost-test", "test_a.py::test_x[2]", "failed on the base and is skipped", "ask"),
    ])  # fmt: skip
    assert [(f.level, f.severity) for f in both] == [("block", "high"), ("ask", "medium")]
