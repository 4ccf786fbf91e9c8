from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from agent_gate.domain.gate import Finding
from agent_gate.gating.baseline import introduced

findings = st.lists(
    st.builds(
        Finding,
        gate=st.just("ruff"),
        rule=st.sampled_from(["F401", "S608"]),
        path=st.sampled_from(["a.py", "b.py"]),
        message=st.just("m"),
        line=st.integers(1, 99),
        excerpt=st.sampled_from(["import os", "  import os", "eval(x)"]),
    ),
    max_size=8,
)


@given(findings, findings)
def test_it_is_the_multiset_difference_by_path_rule_and_text(
    candidate: list[Finding], base: list[Finding]
) -> None:
    new = Counter(f.key for f in introduced(candidate, base))
    assert new == Counter(f.key for f in candidate) - Counter(f.key for f in base)


@given(findings, findings)
def test_what_is_introduced_is_the_candidates_own(candidate: list[Finding], base: list[Finding]) -> None:
    remaining = iter(candidate)
    assert all(f in remaining for f in introduced(candidate, base))


@given(findings)
def test_nothing_is_new_where_nothing_changed_but_line_numbers(base: list[Finding]) -> None:
    moved = [f.model_copy(update={"line": f.line + 7, "excerpt": f"\t{f.excerpt} "}) for f in base]
    assert introduced(moved, base) == ()


@given(findings)
def test_a_renamed_file_keeps_its_findings(base: list[Finding]) -> None:
    names = {"a.py": "c.py"}
    moved = [f.model_copy(update={"path": names.get(f.path, f.path)}) for f in base]
    assert introduced(moved, base, names) == ()
