from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from values import TEST_ID, case, critical_spec, finding, from_tests, gate, only, spec, verdict_of

from agent_gate.domain.gate import GateResult
from agent_gate.domain.policy import Policy
from agent_gate.domain.spec import Clause, Verifier
from agent_gate.domain.verdict import NOT_APPLICABLE, ClauseState, judge, with_answers

NOTHING = only()
BANDIT = gate("bandit", verifies=("bandit",), known_rules=("B608",))


def state_of(*results: GateResult, by: str = f"pytest:{TEST_ID}") -> ClauseState:
    """The state of the one clause of a spec that rests on this verifier."""
    return verdict_of(spec(by), *results, policy=NOTHING).clauses[0].state


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


class TestTests:
    def test_a_test_that_went_from_red_to_green_verifies(self) -> None:
        verdict = verdict_of(spec(), from_tests(case()))
        assert verdict.outcome == "passed"
        assert verdict.clauses[0].state == "verified"
        assert verdict.clauses[0].model_written
        assert verdict.clauses[0].evidence[0].basis == "passed, red on the base (assertion)"

    def test_a_test_of_the_base_need_not_be_red(self) -> None:
        assert state_of(from_tests(case(changed=False, red="", on_base="passed"))) == "verified"

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
    def test_a_test_that_did_not_run_verifies_nothing(self, result: GateResult) -> None:
        assert state_of(result) == "unverified"

    @pytest.mark.parametrize("status", ["errored", "skipped"])
    def test_a_gate_that_could_not_finish_verifies_nothing(self, status: str) -> None:
        assert state_of(from_tests(case(), status=status, reason="time limit")) == "unverified"

    def test_every_parameter_of_a_test_must_pass(self) -> None:
        good = case(id=f"{TEST_ID}[1]")
        assert state_of(from_tests(good, case(id=f"{TEST_ID}[2]", red="", on_base="passed"))) == "verified"
        assert state_of(from_tests(good, case(id=f"{TEST_ID}[2]", outcome="failed"))) == "violated"
        assert state_of(from_tests(good, case(id=f"{TEST_ID}[2]", outcome="skipped"))) == "unverified"

    def test_a_file_or_a_class_stands_for_its_tests(self) -> None:
        result = from_tests(case(), case(id="tests/test_shop.py::Orders::test_a"))
        assert state_of(result, by="pytest:tests/test_shop.py") == "verified"
        assert state_of(result, by="pytest:tests/test_shop.py::Orders") == "verified"
        assert state_of(result, by="pytest:tests/test_shop") == "unverified"

    def test_in_a_critical_spec_the_models_own_test_verifies_nothing(self) -> None:
        written, standing = from_tests(case()), from_tests(case(changed=False))
        asked = critical_spec(f"pytest:{TEST_ID}")
        assert verdict_of(asked, BANDIT, standing).outcome == "passed"
        blocked = verdict_of(asked, BANDIT, written)
        assert [(reason.source, blocked.outcome) for reason in blocked.blocking] == [("ACC-1", "blocked")]


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

    def test_a_gate_that_a_clause_names_is_required(self) -> None:
        verdict = judge(spec("gate:mutation"), only(advisory=("mutation",)), "t", [])
        assert {reason.source for reason in verdict.blocking} == {"mutation", "ACC-1"}

    def test_of_two_gates_one_that_shows_it_is_enough_unless_the_other_violates(self) -> None:
        shows, hit = gate("a", verifies=("ruff",), known_rules=("S1",)), finding(rule="S1")
        idle = gate("b", verifies=("ruff",))
        for results in permutations((shows, idle)):
            assert state_of(*results, by="ruff:S1") == "verified"
        for results in permutations((shows, gate("b", "failed", verifies=("ruff",), findings=[hit]))):
            assert state_of(*results, by="ruff:S1") == "violated"


class TestPeople:
    def test_a_word_is_waited_for_and_does_not_block(self) -> None:
        verdict = judge(spec("manual: look"), NOTHING, "t", [])
        assert verdict.outcome == "passed"
        assert [clause.clause for clause in verdict.awaiting] == ["ACC-1"]
        assert verdict.clauses[0].state == "unverified"

    def test_an_answer_verifies_only_what_waits_for_one(self) -> None:
        waits = judge(spec("manual: look"), NOTHING, "t", [])
        assert with_answers(waits, {"ACC-1": "seen"})[0].state == "verified"
        assert with_answers(waits, {"ACC-1": "seen"})[0].evidence[0].basis == "seen"
        assert with_answers(waits, {"ACC-1": " "})[0].state == "unverified"
        assert with_answers(waits, {"OTHER": "seen"})[0].state == "unverified"

    @pytest.mark.parametrize("outcome", ["failed", "skipped"])
    def test_a_word_does_not_outweigh_a_machine(self, outcome: str) -> None:
        asked = spec("manual: look", f"pytest:{TEST_ID}")
        verdict = verdict_of(asked, from_tests(case(outcome=outcome)), policy=NOTHING)
        assert verdict.outcome == "blocked"
        assert verdict.awaiting == ()
        assert with_answers(verdict, {"ACC-1": "it is fine"}) == verdict.clauses

    def test_with_the_machines_part_verified_the_word_is_still_waited_for(self) -> None:
        verdict = verdict_of(spec("manual: look", f"pytest:{TEST_ID}"), from_tests(case()))
        assert verdict.outcome == "passed"
        assert verdict.clauses[0].state == "unverified"
        assert verdict.awaiting


class TestSeveralVerifiers:
    @pytest.mark.parametrize("other", ["bandit:B999", "ruff:S608", "load", "pytest:tests/test_other.py"])
    def test_each_of_a_clauses_verifiers_must_hold(self, other: str) -> None:
        for names in permutations(("bandit:B608", other)):
            verdict = verdict_of(spec(*names), BANDIT, policy=NOTHING)
            assert (verdict.outcome, verdict.clauses[0].state) == ("blocked", "unverified")
            assert other in verdict.blocking[0].message

    def test_one_that_is_violated_violates_the_clause(self) -> None:
        hit = BANDIT.model_copy(update={"findings": (finding(),)})
        for names in permutations(("bandit:B608", "load", "manual: look")):
            assert verdict_of(spec(*names), hit, policy=NOTHING).clauses[0].state == "violated"


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


OUTCOMES = st.sampled_from(["passed", "failed", "errored", "skipped", "absent"])
CASES = st.builds(
    case,
    id=st.sampled_from([TEST_ID, f"{TEST_ID}[a]", "tests/test_shop.py::test_other"]),
    outcome=OUTCOMES,
    on_base=OUTCOMES,
    changed=st.booleans(),
    red=st.sampled_from(["", "assertion"]),
)
FINDINGS = st.builds(
    finding,
    rule=st.sampled_from(["B608", "B1"]),
    level=st.sampled_from(["block", "ask", "note"]),
    introduced=st.booleans(),
    excerpt=st.sampled_from(["a", "b"]),
)
RESULTS = st.builds(
    gate,
    st.sampled_from(["tests", "bandit", "ruff", "own"]),
    st.sampled_from(["passed", "failed", "errored", "skipped"]),
    reason=st.sampled_from(["", NOT_APPLICABLE, "broken"]),
    findings=st.lists(FINDINGS, max_size=2),
    cases=st.lists(CASES, max_size=3),
    known_rules=st.lists(st.sampled_from(["B608", "B1"]), max_size=2),
    verifies=st.lists(st.sampled_from(["pytest", "bandit", "load"]), max_size=2),
)
VERIFIERS = st.lists(
    st.sampled_from([f"pytest:{TEST_ID}", "bandit:B608", "gate:own", "load", "manual: look"]),
    min_size=1,
    max_size=3,
    unique=True,
)
POLICIES = st.builds(
    lambda required, advisory: only(*required, advisory=tuple(advisory)),
    st.lists(st.sampled_from(["tests", "bandit", "ruff"]), max_size=2),
    st.lists(st.sampled_from(["own", "ruff"]), max_size=2),
)


def shown(verifier: Verifier, results: list[GateResult]) -> bool:
    """Whether some result shows by itself that the verifier holds: the rule, said in another way."""
    speaking = [r for r in results if r.status in {"passed", "failed"}]
    if verifier.kind == "gate":
        return any(r.gate == verifier.target and r.status == "passed" for r in speaking)
    if verifier.kind == "bandit":
        return any("bandit" in r.verifies and verifier.target in r.known_rules for r in speaking)
    if verifier.kind != "pytest":
        return False
    for result in speaking:
        cases = [c for c in result.cases if c.id.split("[")[0] == verifier.target]
        written = [c for c in cases if c.changed]
        red = not written or any(c.red for c in written)
        if "pytest" in result.verifies and cases and red and all(c.outcome == "passed" for c in cases):
            return True
    return False


def one_each(results: list[GateResult]) -> bool:
    return len({result.gate for result in results}) == len(results)


@given(by=VERIFIERS, results=st.lists(RESULTS, max_size=5), policy=POLICIES)
def test_nothing_verifies_a_clause_but_evidence_for_each_of_its_verifiers(
    by: list[str], results: list[GateResult], policy: Policy
) -> None:
    verdict = verdict_of(spec(*by), *results, policy=policy)
    clause: Clause = spec(*by).clauses[0]
    if verdict.clauses[0].state == "verified":
        assert all(shown(verifier, results) for verifier in clause.verified_by)


@given(by=VERIFIERS, results=st.lists(RESULTS, max_size=5), policy=POLICIES)
def test_what_passes_has_no_clause_left_but_those_that_wait_for_a_word(
    by: list[str], results: list[GateResult], policy: Policy
) -> None:
    verdict = verdict_of(spec(*by), *results, policy=policy)
    if verdict.outcome == "passed":
        by_gate = {result.gate: result for result in results}
        assert all(clause.state == "verified" or clause.awaits_person for clause in verdict.clauses)
        assert one_each(results)
        for name in policy.gates.required:
            result = by_gate[name]
            assert result.status == "passed" or (result.status, result.reason) == ("skipped", NOT_APPLICABLE)
            assert not result.at("block")


@given(by=VERIFIERS, results=st.lists(RESULTS, max_size=4), more=RESULTS)
def test_more_evidence_makes_a_clause_worse_only_by_violating_it(
    by: list[str], results: list[GateResult], more: GateResult
) -> None:
    if not one_each([*results, more]):
        return
    before = verdict_of(spec(*by), *results, policy=NOTHING).clauses[0].state
    after = verdict_of(spec(*by), *results, more, policy=NOTHING).clauses[0].state
    assert after in {before, "violated"} or (before, after) == ("unverified", "verified")


@given(results=st.lists(RESULTS, max_size=5), policy=POLICIES)
def test_the_order_in_which_gates_finish_changes_nothing(results: list[GateResult], policy: Policy) -> None:
    asked = spec(f"pytest:{TEST_ID}", "bandit:B608")
    there = verdict_of(asked, *results, policy=policy)
    back = verdict_of(asked, *reversed(results), policy=policy)
    assert there.outcome == back.outcome
    if one_each(results):
        assert there.digest == back.digest


@given(by=VERIFIERS, results=st.lists(RESULTS, max_size=5), answer=st.text(max_size=3))
def test_a_sentence_turns_nothing_green_that_a_machine_had_to_show(
    by: list[str], results: list[GateResult], answer: str
) -> None:
    verdict = verdict_of(spec(*by), *results, policy=NOTHING)
    (after,) = with_answers(verdict, {"ACC-1": answer})
    if after.state == "verified":
        asked = spec(*by).clauses[0].verified_by
        assert all(shown(verifier, results) for verifier in asked if verifier.kind != "manual")
