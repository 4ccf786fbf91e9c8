from __future__ import annotations

import pytest
from gate_results import EXPECTATIONS, EXPECTED, GATES, VERIFIERS, one_each
from hypothesis import given
from hypothesis import strategies as st
from values import TEST_ID, case, finding, from_load, from_tests, gate, measured, only, spec, verdict_of

from agent_gate.domain.gate import NOT_APPLICABLE, STATIC_GATE_BLOCKS, GateResult
from agent_gate.domain.policy import Policy
from agent_gate.domain.traceability import trace
from agent_gate.domain.verdict import judge

NOTHING = only()
BANDIT = gate("bandit", verifies=("bandit",), known_rules=("B608",))


class TestGates:
    def test_a_required_gate_that_passed_blocks_nothing(self) -> None:
        assert judge(None, only("ruff"), "t", [gate("ruff")]).outcome == "passed"

    @pytest.mark.parametrize(
        "results",
        [
            [],
            [gate("ruff", "failed")],
            [gate("ruff", "errored", reason="no output")],
            [gate("ruff", "skipped", reason="switched off")],
            [gate("ruff"), gate("ruff")],
            [gate("ruff", "failed"), gate("ruff")],
            [gate("ruff", findings=[finding()])],
            [gate("ruff", "skipped", reason=NOT_APPLICABLE, findings=[finding()])],
        ],
        ids=[
            "missing",
            "failed",
            "errored",
            "skipped",
            "twice",
            "failed-then-passed",
            "passed-yet-found",
            "skipped-yet-found",
        ],
    )
    def test_a_required_gate_that_did_not_clearly_pass_blocks(self, results: list[GateResult]) -> None:
        verdict = judge(None, only("ruff"), "t", results)
        assert verdict.outcome == "blocked"
        assert verdict.blocking[0].source == "ruff"

    def test_a_gate_with_nothing_to_look_at_does_not_block(self) -> None:
        verdict = judge(None, only("bandit"), "t", [gate("bandit", "skipped", reason=NOT_APPLICABLE)])
        assert verdict.outcome == "passed"

    def test_a_gate_in_neither_list_blocks_when_it_ran(self) -> None:
        assert judge(None, NOTHING, "t", [gate("own", "failed")]).outcome == "blocked"

    @pytest.mark.parametrize("status", ["failed", "errored"])
    def test_an_advisory_gate_asks(self, status: str) -> None:
        verdict = judge(None, only(advisory=("coverage",)), "t", [gate("coverage", status, reason="70 %")])
        assert verdict.outcome == "passed"
        assert [question.source for question in verdict.questions] == ["coverage"]

    def test_one_whose_turn_did_not_come_asks_nothing_where_something_blocks(self) -> None:
        held_up = gate("coverage", "skipped", reason=STATIC_GATE_BLOCKS)
        policy = only("ruff", advisory=("coverage",))
        assert judge(None, policy, "t", [gate("ruff", "failed"), held_up]).questions == ()
        (question,) = judge(None, policy, "t", [gate("ruff", "passed"), held_up]).questions
        assert question.source == "coverage"

    def test_a_gate_that_is_required_and_advisory_blocks(self) -> None:
        assert (
            judge(None, only("ruff", advisory=("ruff",)), "t", [gate("ruff", "failed")]).outcome == "blocked"
        )

    def test_findings_block_ask_or_are_only_told(self) -> None:
        levels = ("block", "ask", "note")
        found = [finding(level=level, excerpt=level) for level in levels]
        old = finding(introduced=False, excerpt="old")
        verdict = judge(None, only("bandit"), "t", [gate("bandit", "failed", findings=[*found, old])])
        assert [reason.fingerprint for reason in verdict.blocking] == [found[0].fingerprint]
        assert [reason.fingerprint for reason in verdict.questions] == [found[1].fingerprint]
        assert verdict.blocking[0].message == "shop/a.py:3: B608: string-built SQL"
        assert set(verdict.fingerprints) == {item.fingerprint for item in found}

    def test_a_failure_that_only_asks_still_blocks(self) -> None:
        verdict = judge(None, only("own"), "t", [gate("own", "failed", findings=[finding(level="ask")])])
        assert verdict.outcome == "blocked"

    def test_code_that_ran_unconfined_is_told(self) -> None:
        assert judge(None, NOTHING, "t", [gate("tests", sandbox="none")]).unsandboxed
        assert not judge(None, NOTHING, "t", [gate("tests", sandbox="bubblewrap")]).unsandboxed


class TestZones:
    POLICY = Policy.model_validate(
        {
            "gates": {"required": [], "advisory": ["mutation"]},
            "zones": [
                {
                    "name": "payments",
                    "paths": ["pay/**"],
                    "risk": "critical",
                    "gates": ["mutation"],
                    "approvals": 2,
                }
            ],
        }
    )

    def test_a_zones_gates_are_required_where_the_change_enters_it(self) -> None:
        assert judge(None, self.POLICY, "t", [], ["shop/a.py"]).outcome == "passed"
        assert judge(None, self.POLICY, "t", [], ["pay/a.py"]).blocking[0].source == "mutation"
        assert judge(None, self.POLICY, "t", [gate("mutation", "failed")], ["pay/a.py"]).outcome == "blocked"

    def test_without_the_paths_every_zone_is_taken_to_be_entered(self) -> None:
        assert judge(None, self.POLICY, "t", []).outcome == "blocked"

    def test_a_zone_asks_for_a_spec_of_its_own_risk(self) -> None:
        results = [gate("mutation"), from_tests(case())]
        verdict = judge(spec(), self.POLICY, "t", results, ["pay/a.py"])
        assert [reason.source for reason in verdict.blocking] == ["zone payments"]
        assert judge(spec(), self.POLICY, "t", results, ["shop/a.py"]).outcome == "passed"


class TestClauses:
    def test_an_unverified_clause_blocks_and_says_why(self) -> None:
        verdict = verdict_of(spec("bandit:B999"), BANDIT, policy=NOTHING)
        assert verdict.outcome == "blocked"
        (reason,) = verdict.blocking
        assert (reason.source, reason.message) == (
            "ACC-1",
            "unverified: bandit:B999: bandit knows no rule B999",
        )

    def test_of_several_rows_the_reason_is_the_one_that_violates(self) -> None:
        asked = spec("bandit:B999", "load:LOAD-1", expect=("p95 <= 50 ms",))
        verdict = verdict_of(asked, BANDIT, from_load(measured("61")), policy=NOTHING)
        (reason,) = verdict.blocking
        assert reason.message == "violated: load:LOAD-1: p95 was 61 ms in 1000 samples, not <= 50 ms"

    def test_a_word_is_waited_for_and_does_not_block(self) -> None:
        verdict = judge(spec("manual: look"), NOTHING, "t", [])
        assert verdict.outcome == "passed"
        assert [clause.clause for clause in verdict.awaiting] == ["ACC-1"]
        assert verdict.clauses[0].state == "unverified"

    def test_a_gate_that_a_clause_names_is_required(self) -> None:
        verdict = judge(spec("gate:mutation"), only(advisory=("mutation",)), "t", [])
        assert {reason.source for reason in verdict.blocking} == {"mutation", "ACC-1"}

    def test_the_clauses_are_the_matrix_without_anybodys_word(self) -> None:
        asked = spec("manual: look", "bandit:B608")
        assert verdict_of(asked, BANDIT).clauses == trace(asked, [BANDIT])


class TestDigest:
    RESULT = gate("bandit", "failed", findings=[finding()], duration_ms=5, output_sha256="sha256:1")

    @pytest.mark.parametrize(
        "change",
        [
            {"duration_ms": 9},
            {"cached": True},
            {"output_sha256": "sha256:2"},
            {"tool_version": "2"},
            {"measures": {"files": 3}},
        ],
    )
    def test_times_caches_and_outputs_are_not_in_it(self, change: dict[str, object]) -> None:
        other = self.RESULT.model_copy(update=change)
        assert verdict_of(spec(), other).digest == verdict_of(spec(), self.RESULT).digest

    def test_an_advisory_gates_reason_is_not_in_it(self) -> None:
        policy = only(advisory=("coverage",))
        slow = [
            judge(None, policy, "t", [gate("coverage", "errored", reason=f"after {n} s")]) for n in (20, 21)
        ]
        assert slow[0].digest == slow[1].digest

    @pytest.mark.parametrize(
        "other",
        [
            gate("bandit", "errored", findings=[finding()]),
            gate("bandit", "failed", findings=[finding(excerpt="other")]),
            gate("bandit", "failed", findings=[finding(), finding()]),
            gate("bandit", "failed", findings=[finding(level="ask")]),
            gate("bandit", "failed", findings=[finding()], sandbox="none"),
            gate("bandit", "failed", findings=[finding()], verifies=("pytest",), cases=[case()]),
        ],
    )
    def test_statuses_findings_and_clauses_are(self, other: GateResult) -> None:
        assert verdict_of(spec(), other).digest != verdict_of(spec(), self.RESULT).digest

    def test_it_names_the_tree(self) -> None:
        assert judge(None, NOTHING, "a", []).digest != judge(None, NOTHING, "b", []).digest

    def test_what_was_measured_is_not_in_it_and_its_state_is(self) -> None:
        asked = spec("load:LOAD-1", expect=("p95 <= 50 ms",))
        verdicts = [verdict_of(asked, from_load(measured(value))) for value in ("31", "32", "61")]
        assert verdicts[0].clauses != verdicts[1].clauses
        assert verdicts[0].digest == verdicts[1].digest != verdicts[2].digest


POLICIES = st.builds(
    lambda required, advisory: only(*required, advisory=tuple(advisory)),
    st.lists(st.sampled_from(["tests", "bandit", "ruff"]), max_size=2),
    st.lists(st.sampled_from(["own", "ruff"]), max_size=2),
)


@given(by=VERIFIERS, expect=EXPECTATIONS, results=GATES, policy=POLICIES)
def test_what_passes_has_no_clause_left_but_those_that_wait_for_a_word(
    by: list[str], expect: tuple[str, ...], results: list[GateResult], policy: Policy
) -> None:
    verdict = verdict_of(spec(*by, expect=expect), *results, policy=policy)
    if verdict.outcome == "passed":
        by_gate = {result.gate: result for result in results}
        assert all(clause.state == "verified" or clause.awaits_person for clause in verdict.clauses)
        advised = {question.source for question in verdict.questions}
        assert one_each([result for result in results if result.gate not in advised])
        for name in policy.gates.required:
            result = by_gate[name]
            assert result.status == "passed" or (result.status, result.reason) == ("skipped", NOT_APPLICABLE)
            assert not result.at("block")


@given(results=GATES, policy=POLICIES)
def test_the_order_in_which_gates_finish_changes_nothing(results: list[GateResult], policy: Policy) -> None:
    asked = spec(f"pytest:{TEST_ID}", "bandit:B608", "load", expect=EXPECTED)
    there = verdict_of(asked, *results, policy=policy)
    back = verdict_of(asked, *reversed(results), policy=policy)
    assert there.outcome == back.outcome
    if one_each(results):
        assert there.digest == back.digest
