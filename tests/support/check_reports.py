"""Checks of every kind to be reported: one by hand, and any at all for what must hold of each."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from values import BASE, TREE, case, finding, from_tests, gate, only, spec

from agent_gate.domain.gate import NOT_APPLICABLE, GateResult
from agent_gate.domain.policy import Policy
from agent_gate.domain.spec import Spec
from agent_gate.domain.verdict import judge
from agent_gate.report.check_report import CheckReport

ATTACKS = (
    "<script>alert(1)</script>", "</style><img src=x onerror=alert(1)>", "\u202e", "\x1b[2J", '" onload="x', "&lt;b&gt;", "]]>",
    "</td></tr></table>", "`|` [x](javascript:1) **b** |", "a\nb", "<!--", "javascript:alert(1)", "\ufffe\uffff", "\x00", "\r",
    "\n::error file=x::y", "::stop-commands::x", "##[add-mask]x", "%0A::error::x", "a,file=b::c", "@everyone #1 https://x.example",
    "{0} {{1}}", "\u2028", "[a](https://x.example)", "\\", "]]>]]&gt;", "</failure></testcase><testcase/>", "</details>",
)  # fmt: skip
HOSTILE = st.one_of(st.text(min_size=1, max_size=30), st.sampled_from(ATTACKS))
"""Text of somebody who wants a reader, or a reader's program, to see something else."""


def report_of(*results: GateResult, asked: Spec | None = None, policy: Policy | None = None) -> CheckReport:
    """What is told of these results; without a policy every gate that spoke is required."""
    rules = policy or only(*{result.gate for result in results})
    verdict = judge(asked, rules, TREE, results, ("shop/a.py",))
    return CheckReport(BASE, TREE, results, verdict, verdict.clauses, asked)


def blocked_report() -> CheckReport:
    """A check with something of each kind: it blocks."""
    asked = spec("pytest:tests/test_shop.py::test_once", "manual: look at the lock")
    findings = [
        finding(rule="S608", end_line=4, column=9, excerpt="query = f'{note}'\nrun(query)"),
        finding(rule="S307", path="shop/b c.py", line=0, message="eval", suppressed=True, level="ask"),
        finding(rule="W1", level="note", message="only told"),
        finding(rule="E5", introduced=False, message="it stood there before"),
    ]
    return report_of(
        gate("ruff", "failed", reason="1 new finding", tool_version="0.17.5", findings=findings, duration_ms=1234),
        gate("bandit", "errored", reason="no report", hint="run it by hand"),
        gate("types", "skipped", reason=NOT_APPLICABLE),
        gate("style", "failed", findings=[finding(gate="style", rule="C1", message="too long")]),
        from_tests(case(outcome="failed", message="assert 1 == 2"), case(id="tests/test_b.py::test_x", outcome="skipped"), status="failed", sandbox="bubblewrap"),
        asked=asked,
        policy=only("ruff", "bandit", "tests", "secrets", advisory=("style",)),
    )  # fmt: skip


@st.composite
def _findings(draw: st.DrawFn, name: str) -> list[Any]:
    made = st.builds(
        finding,
        gate=st.just(name),
        rule=st.one_of(st.sampled_from(["S1", "B608", ""]), HOSTILE),
        path=st.one_of(st.sampled_from(["a.py", "a b/ü.py", "", "/etc/x"]), HOSTILE),
        message=st.one_of(st.just(""), HOSTILE),
        line=st.sampled_from([0, 1, 70_000]),
        end_line=st.sampled_from([0, 1, 2]),
        column=st.sampled_from([0, 1, 9]),
        level=st.sampled_from(["block", "ask", "note"]),
        excerpt=st.one_of(st.just(""), HOSTILE),
        suppressed=st.booleans(),
        introduced=st.sampled_from([True, True, False]),
    )
    return draw(st.lists(made, max_size=3))


@st.composite
def _results(draw: st.DrawFn, name: str) -> GateResult:
    cases = st.builds(
        case,
        id=st.one_of(HOSTILE, st.sampled_from(["tests/a.py::test_x", "tests/a.py::test_x[1]"])),
        outcome=st.sampled_from(["passed", "failed", "errored", "skipped"]),
        message=st.one_of(st.just(""), HOSTILE),
    )
    return gate(
        name,
        draw(st.sampled_from(["passed", "failed", "errored", "skipped"])),
        reason=draw(st.one_of(st.sampled_from(["", NOT_APPLICABLE]), HOSTILE)),
        hint=draw(st.one_of(st.just(""), HOSTILE)),
        tool_version=draw(st.one_of(st.just(""), HOSTILE)),
        findings=draw(_findings(name)),
        cases=draw(st.lists(cases, max_size=3)),
        verifies=["pytest"] if name == "tests" else [],
        sandbox=draw(st.sampled_from(["", "bubblewrap", "none"])),
    )


@st.composite
def reports(draw: st.DrawFn) -> CheckReport:
    """Any check: any results, required, advisory or neither, with a spec or without one."""
    names = draw(st.lists(st.sampled_from(["ruff", "style", "tests", "own"]), max_size=4))
    results = [draw(_results(name)) for name in names]
    asked = None
    if draw(st.booleans()):
        statement = draw(st.sampled_from(["stored once", "a | b @c", "<b> [x](y)"]))
        verifiers = draw(
            st.sampled_from([["manual: look"], ["pytest:tests/a.py::test_x"], ["gate:own", "manual: look"]])
        )
        asked = spec(acceptance=[{"id": "ACC-1", "statement": statement, "verified_by": verifiers}])
    required = draw(st.lists(st.sampled_from(["ruff", "tests", "secrets"]), unique=True))
    return report_of(*results, asked=asked, policy=only(*required, advisory=("style",)))
