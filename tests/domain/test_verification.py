from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from typing import Any

import pytest
from pydantic import ValidationError
from values import TEST_ID, case, critical_spec, finding, from_load, from_tests, gate, measured, spec

from agent_gate.domain.gate import NOT_APPLICABLE, GateResult, Measurement
from agent_gate.domain.spec import Spec
from agent_gate.domain.traceability import trace
from agent_gate.domain.verification import ClauseState, VerifierResult

BANDIT = gate("bandit", verifies=("bandit",), known_rules=("B608",))
FAST = "p95 <= 50 ms"
NO_SLOWER = "p95 <= base + 10 %"


def rows_of(
    *results: GateResult, by: str = f"pytest:{TEST_ID}", expect: tuple[str, ...] = ()
) -> tuple[VerifierResult, ...]:
    """The rows of the one clause of a spec that rests on this verifier."""
    return trace(spec(by, expect=expect), results)[0].evidence


def state_of(*results: GateResult, by: str = f"pytest:{TEST_ID}") -> ClauseState:
    (row,) = rows_of(*results, by=by)
    return row.state


class TestTests:
    def test_one_that_went_from_red_to_green_verifies(self) -> None:
        (row,) = rows_of(from_tests(case()))
        assert row.state == "verified"
        assert row.model_written
        assert row.basis == "passed, red on the base (assertion), and by a fault in the changed lines"

    def test_one_of_the_base_need_not_be_red(self) -> None:
        (row,) = rows_of(from_tests(case(changed=False, red="", on_base="passed")))
        assert (row.state, row.model_written, row.basis) == ("verified", False, "passed, as on the base")

    @pytest.mark.parametrize(
        ("fields", "state"),
        [
            ({"outcome": "failed"}, "violated"),
            ({"outcome": "errored"}, "violated"),
            ({"outcome": "skipped"}, "unverified"),
            ({"outcome": "absent"}, "unverified"),
            ({"red": ""}, "unverified"),
            ({"on_base": "passed"}, "unverified"),
            ({"on_base": "skipped"}, "unverified"),
            ({"id": "tests/test_shop.py::test_once_more"}, "unverified"),
            ({"id": "tests/test_shop.py"}, "unverified"),
        ],
    )
    def test_anything_less_does_not(self, fields: dict[str, str], state: ClauseState) -> None:
        assert state_of(from_tests(case(**fields))) == state

    @pytest.mark.parametrize("result", [gate("tests"), gate("other", verifies=("ruff",)), from_tests()])
    def test_one_that_did_not_run_verifies_nothing(self, result: GateResult) -> None:
        assert state_of(result) == "unverified"

    @pytest.mark.parametrize("status", ["errored", "skipped"])
    def test_a_gate_that_could_not_finish_verifies_nothing(self, status: str) -> None:
        assert state_of(from_tests(case(), status=status, reason="time limit")) == "unverified"

    def test_every_parameter_must_pass(self) -> None:
        good = case(id=f"{TEST_ID}[1]")
        assert state_of(from_tests(good, case(id=f"{TEST_ID}[2]", red="", on_base="passed"))) == "verified"
        assert state_of(from_tests(good, case(id=f"{TEST_ID}[2]", outcome="failed"))) == "violated"
        assert state_of(from_tests(good, case(id=f"{TEST_ID}[2]", outcome="skipped"))) == "unverified"

    def test_a_file_or_a_class_stands_for_its_tests(self) -> None:
        result = from_tests(case(), case(id="tests/test_shop.py::Orders::test_a"))
        assert state_of(result, by="pytest:tests/test_shop.py") == "verified"
        assert state_of(result, by="pytest:tests/test_shop.py::Orders") == "verified"
        assert state_of(result, by="pytest:tests/test_shop") == "unverified"

    def test_in_a_critical_spec_the_models_own_one_verifies_nothing(self) -> None:
        asked = critical_spec(f"pytest:{TEST_ID}")
        states = [trace(asked, [from_tests(case(changed=changed))])[-1].state for changed in (True, False)]
        assert states == ["unverified", "verified"]


class TestMutants:
    """A test that the change writes must notice a fault in the changed lines, whichever gate tried it."""

    UNTRIED = case(mutants_tried=0, mutants_killed=0)

    def row(self, *results: GateResult) -> VerifierResult:
        (row,) = rows_of(from_tests(self.UNTRIED), *results)
        return row

    def mutation(self, status: str = "passed", reason: str = "", **fields: Any) -> GateResult:
        told = case(on_base="absent", red="", **fields)
        return gate("mutation", status, reason=reason, cases=[told] if fields else [])

    def test_one_is_enough_and_survivors_elsewhere_do_not_matter(self) -> None:
        for status in ("passed", "failed"):
            row = self.row(self.mutation(status, mutants_tried=3, mutants_killed=1))
            assert (row.state, row.measured) == ("verified", "passed, red (assertion)")

    def test_one_that_asserts_nothing_much_is_unverified(self) -> None:
        row = self.row(self.mutation(mutants_tried=7, mutants_killed=0))
        assert (row.state, row.model_written) == ("unverified", True)
        assert row.basis == (
            "the change adds or edits this test, and none of the faults put into the changed lines (7 tried) "
            "makes it fail by itself: it asserts nothing much"
        )

    @pytest.mark.parametrize(
        ("results", "why"),
        [
            ([], "the gate that tries whether it notices a fault did not run"),
            ([("errored", "x")], "whether it notices a fault is not known: mutation errored: x"),
            ([("skipped", "a static gate blocks")],
             "whether it notices a fault is not known: mutation skipped: a static gate blocks"),
            ([("passed", "")], "no fault in the changed lines was tried on it"),
        ],
    )  # fmt: skip
    def test_what_is_not_known_shows_nothing(self, results: list[tuple[str, str]], why: str) -> None:
        row = self.row(*(self.mutation(status, reason) for status, reason in results))
        assert (row.state, row.basis) == ("unverified", f"the change adds or edits this test, and {why}")

    def test_a_gate_that_errored_noticed_nothing(self) -> None:
        row = self.row(self.mutation("errored", "x", mutants_tried=3, mutants_killed=3))
        assert row.state == "unverified"

    def test_another_tests_kill_does_not_count(self) -> None:
        other = self.mutation(id=f"{TEST_ID}_twice", mutants_tried=3, mutants_killed=3)
        assert self.row(other).state == "unverified"

    def test_where_no_changed_line_can_be_mutated_red_is_enough(self) -> None:
        row = self.row(self.mutation("skipped", NOT_APPLICABLE))
        assert (row.state, row.basis) == (
            "verified",
            "passed, red on the base (assertion); no changed line can be mutated",
        )

    def test_one_of_the_base_need_not_notice_anything(self) -> None:
        old = case(changed=False, red="", on_base="passed", mutants_tried=0, mutants_killed=0)
        assert state_of(from_tests(old)) == "verified"

    def test_of_several_parameters_one_is_enough(self) -> None:
        cases = [case(id=f"{TEST_ID}[{n}]", mutants_killed=0) for n in (1, 2)]
        assert state_of(from_tests(*cases)) == "unverified"
        assert state_of(from_tests(cases[0], case(id=f"{TEST_ID}[2]"))) == "verified"


class TestRulesAndGates:
    def test_a_known_rule_without_a_finding_verifies(self) -> None:
        assert state_of(BANDIT, by="bandit:B608") == "verified"

    @pytest.mark.parametrize("fields", [{}, {"suppressed": True, "level": "note"}, {"level": "ask"}])
    def test_a_finding_of_the_rule_violates_however_it_is_levelled(self, fields: dict[str, object]) -> None:
        result = BANDIT.model_copy(update={"findings": (finding(**fields),)})
        assert state_of(result, by="bandit:B608") == "violated"

    def test_findings_that_were_there_before_do_not_violate(self) -> None:
        result = BANDIT.model_copy(update={"findings": (finding(introduced=False),)})
        assert state_of(result, by="bandit:B608") == "verified"

    def test_a_rule_that_the_tool_does_not_know_verifies_nothing(self) -> None:
        assert state_of(BANDIT, by="bandit:B999") == "unverified"
        assert state_of(BANDIT, by="ruff:B608") == "unverified"

    @pytest.mark.parametrize(
        ("result", "state"),
        [
            (gate("mutation"), "verified"),
            (gate("mutation", "failed"), "violated"),
            (gate("mutation", "errored", reason="x"), "unverified"),
            (gate("mutation", "skipped", reason=NOT_APPLICABLE), "unverified"),
            (gate("mutation", findings=[finding()]), "violated"),
            (gate("other"), "unverified"),
        ],
    )
    def test_a_clause_may_rest_on_a_whole_gate(self, result: GateResult, state: ClauseState) -> None:
        assert state_of(result, by="gate:mutation") == state

    def test_of_two_gates_one_that_shows_it_is_enough_unless_the_other_violates(self) -> None:
        shows, hit = gate("a", verifies=("ruff",), known_rules=("S1",)), finding(rule="S1")
        idle = gate("b", verifies=("ruff",))
        for results in permutations((shows, idle)):
            assert state_of(*results, by="ruff:S1") == "verified"
        for results in permutations((shows, gate("b", "failed", verifies=("ruff",), findings=[hit]))):
            assert state_of(*results, by="ruff:S1") == "violated"


class TestMeasurements:
    def number_states(self, result: GateResult, *expect: str) -> list[ClauseState]:
        return [row.state for row in rows_of(result, by="load:LOAD-1", expect=expect)]

    def test_each_expectation_is_a_row(self) -> None:
        rows = rows_of(from_load(measured("54", base="50")), by="load:LOAD-1", expect=(FAST, NO_SLOWER))
        assert [(row.required, row.measured, row.state) for row in rows] == [
            (FAST, "54 ms", "violated"),
            (NO_SLOWER, "54 ms (base 50 ms)", "verified"),
        ]
        assert [row.basis for row in rows] == [
            "p95 was 54 ms in 1000 samples, not <= 50 ms",
            "p95 was 54 ms (base 50 ms) in 1000 samples",
        ]

    def test_the_same_expectation_twice_is_one_row(self) -> None:
        assert self.number_states(from_load(measured()), FAST, "p95 <= 50.0 ms") == ["verified"]

    @pytest.mark.parametrize(
        ("verifier", "source"),
        [("load", "ACC-1"), ("load:LOAD-1", "LOAD-1"), ("fault", "ACC-1"), ("fault:FAIL-1", "FAIL-1"),
         ("benchmark:tests/b.py::test_b", "tests/b.py::test_b"), ("locust:l.py", "l.py")],
    )  # fmt: skip
    def test_what_was_measured_is_told_by_its_source(self, verifier: str, source: str) -> None:
        kind = verifier.partition(":")[0]
        for found in (source, f"{source}x"):
            result = gate("own", verifies=(kind,), measurements=[measured(source=found)])
            (row,) = rows_of(result, by=verifier, expect=(FAST,))
            assert row.state == ("verified" if found == source else "unverified")

    def test_a_fault_is_measured_by_its_own_expectations_too(self) -> None:
        fault = {"kind": "blackhole", "expect": ["status == 503"]}
        clause = {"id": "FAIL-1", "cause": "no database", "response": "503", "fault": fault,
                  "expect": ["recovery <= 2 s"], "verified_by": ["fault"]}  # fmt: skip
        asked = spec(
            failure_modes=[clause], not_applicable=dict.fromkeys(("load", "latency", "security"), "no")
        )
        rows = trace(asked, [])[0].evidence
        assert [row.required for row in rows] == ["recovery <= 2 s", "status == 503"]

    @pytest.mark.parametrize(
        ("found", "why"),
        [
            ([], "p95 was not measured"),
            ([measured(metric="p99")], "p95 was not measured"),
            ([measured(field="x")], "p95 was not measured"),
            ([measured(), measured()], "p95 was measured 2 times: nobody can say which one holds"),
            ([measured(samples=0)], "p95 was measured on no sample"),
            ([measured(samples=0, value="99")], "p95 was measured on no sample"),
            ([measured(unit="%")], "p95 cannot be 31 %"),
            ([measured(unit="")], "p95 cannot be 31"),
        ],
    )
    def test_a_number_that_cannot_be_compared_shows_nothing(
        self, found: Sequence[Measurement], why: str
    ) -> None:
        (row,) = rows_of(from_load(*found), by="load:LOAD-1", expect=(FAST,))
        assert (row.state, row.basis) == ("unverified", why)

    def test_a_base_that_was_not_measured_is_no_base(self) -> None:
        (row,) = rows_of(from_load(measured()), by="load:LOAD-1", expect=(NO_SLOWER,))
        assert (row.state, row.basis) == ("unverified", "p95 was not measured on the base")

    @pytest.mark.parametrize(
        ("status", "slow"), [("failed", "violated"), ("errored", "unverified"), ("skipped", "unverified")]
    )
    def test_a_gate_that_did_not_pass_never_verifies(self, status: str, slow: ClauseState) -> None:
        quick_result = from_load(measured(), status=status, reason="3 lost")
        (row,) = rows_of(quick_result, by="load:LOAD-1", expect=(FAST,))
        assert (row.state, row.basis) == ("unverified", f"load {status}: 3 lost")
        assert self.number_states(from_load(measured("61"), status=status, reason="3 lost"), FAST) == [slow]

    def test_nor_does_one_that_passed_and_found_something(self) -> None:
        assert self.number_states(from_load(measured(), findings=[finding()]), FAST) == ["unverified"]

    def test_of_two_numbers_one_that_violates_is_enough(self) -> None:
        for found in permutations((measured(), measured("61"))):
            assert self.number_states(from_load(*found), FAST) == ["violated"]

    def test_a_clause_that_expects_nothing_has_nothing_to_measure(self) -> None:
        (row,) = rows_of(from_load(measured()), by="load:LOAD-1")
        assert (row.state, row.basis) == (
            "unverified",
            "the clause expects nothing that could be measured",
        )

    def test_without_a_gate_that_measures_every_expectation_is_open(self) -> None:
        rows = rows_of(BANDIT, by="load", expect=(FAST, NO_SLOWER))
        assert [(row.required, row.measured, row.state) for row in rows] == [
            (FAST, "", "unverified"),
            (NO_SLOWER, "", "unverified"),
        ]

    def test_what_the_change_writes_itself_is_marked_and_shows_nothing_in_a_critical_spec(self) -> None:
        result = from_load(measured(changed=True))
        (row,) = rows_of(result, by="load:LOAD-1", expect=(FAST,))
        assert (row.state, row.model_written) == ("verified", True)
        latency = [{"id": "LAT-1", "stimulus": "x", "expect": [FAST], "verified_by": ["load:LOAD-1"]}]
        data = {**critical_spec().model_dump(mode="json", by_alias=True), "latency": latency}
        asked = Spec.model_validate(data)
        for found, state in ((measured(changed=True), "unverified"), (measured(), "verified")):
            (row,) = trace(asked, [from_load(found)])[1].evidence
            assert row.state == state

    @pytest.mark.parametrize("text", ["", "-1", "+1", "1e3", "1.", ".5", "NaN", "Infinity", "1,5", " 1", "1\n", "٣", "1" * 13, 1.5, 1])  # fmt: skip
    def test_what_is_no_decimal_is_refused_when_it_is_made(self, text: Any) -> None:
        with pytest.raises(ValidationError):
            measured(value=text)
        if text != "":
            with pytest.raises(ValidationError):
                measured(base=text)

    def test_numbers_are_exact(self) -> None:
        tight = ("p95 <= 0.3 ms",)
        assert self.number_states(from_load(measured("0.300000000")), *tight) == ["verified"]
        assert self.number_states(from_load(measured("0.300000001")), *tight) == ["violated"]


WORDINGS = [
    (f"pytest:{TEST_ID}", from_tests(case()), "passes, red on the base", "passed, red (assertion)"),
    (f"pytest:{TEST_ID}", from_tests(case(changed=False, red="")), "passes", "passed"),
    (f"pytest:{TEST_ID}", from_tests(case(red="")), "passes, red on the base", "passed, not red"),
    (f"pytest:{TEST_ID}", from_tests(case(outcome="failed")), "passes, red on the base", "failed"),
    (f"pytest:{TEST_ID}", from_tests(case(outcome="skipped", changed=False)), "passes", "skipped"),
    (f"pytest:{TEST_ID}", from_tests(), "passes", ""),
    (
        "pytest:tests/test_shop.py",
        from_tests(case(), case(id="tests/test_shop.py::test_b", red="KeyError")),
        "passes, red on the base",
        "2 cases passed, red (KeyError, assertion)",
    ),
    ("bandit:B608", BANDIT, "no B608", "none found"),
    ("bandit:B608", BANDIT.model_copy(update={"findings": (finding(),) * 2}), "no B608", "2 found"),
    ("bandit:B999", BANDIT, "no B999", ""),
    ("schemathesis:/orders", BANDIT, "nothing found", ""),
    ("gate:bandit", BANDIT, "passes", "passed"),
    ("gate:bandit", gate("bandit", "failed"), "passes", "failed"),
    ("manual: the lock is taken first", BANDIT, "the lock is taken first", ""),
    ("load:LOAD-1", from_load(measured("31.50")), FAST, "31.5 ms"),
    ("load:LOAD-1", from_load(measured("0.031", "s")), FAST, "0.031 s"),
    ("load:LOAD-1", from_load(measured("31", base="29")), NO_SLOWER, "31 ms (base 29 ms)"),
    ("load:LOAD-1", from_load(measured("3", "", metric="distinct", field="id")), "distinct(id) == 1", "3"),
    ("load:LOAD-1", from_load(measured("0.1", "%", metric="error_rate")), "error_rate <= 0.1 %", "0.1 %"),
    ("load:LOAD-1", from_load(measured("48", "/s", metric="throughput")), "throughput >= 50 /s", "48 /s"),
]


@pytest.mark.parametrize(("by", "result", "required", "wording"), WORDINGS)
def test_the_wordings_that_evidence_holds_never_change(
    by: str, result: GateResult, required: str, wording: str
) -> None:
    """Sealed commits hold these texts, and `verify` works them out again: another wording breaks them all."""
    expect = (required,) if by.startswith("load") else ()
    (row,) = rows_of(result, by=by, expect=expect)
    assert (row.required, row.measured) == (required, wording)
