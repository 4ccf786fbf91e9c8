"""Small honest values for tests: a spec, gate results, and the events of a whole run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from agent_gate.domain.approval import Approval, Binding, Person
from agent_gate.domain.gate import Finding, GateResult, Measurement, TestCase
from agent_gate.domain.policy import Policy
from agent_gate.domain.proposal import Candidate, ChangedFile, PromptRef, Proposal, Usage
from agent_gate.domain.spec import Spec
from agent_gate.domain.verdict import Verdict, judge
from agent_gate.run import events as ev
from agent_gate.run.state import RunState, fold

RUN = "01JABCDEF0123456789ABCDEFG"
BASE = "b" * 40
TREE = "7" * 40
COMMIT = "c" * 40
TIME = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ANA = Person(name="Ana Ito", email="ana@example.org")
BEN = Person(name="Ben Ode", email="ben@example.org")
CAT = Person(name="Cat Roy", email="cat@example.org")
TEST_ID = "tests/test_shop.py::test_once"
OTHERS = ("load", "latency", "failure_modes", "security")


def spec_data(**changes: Any) -> dict[str, Any]:
    """A standard spec with one acceptance clause, as a YAML file would give it."""
    return {
        "schema": "agent-gate/spec/v1",
        "id": "orders-once",
        "title": "Create an order once",
        "goal": "Store an order once, however often the client retries.",
        "paths": {"allow": ["shop/**", "tests/**"]},
        "acceptance": [{"id": "ACC-1", "statement": "stored once", "verified_by": [f"pytest:{TEST_ID}"]}],
        "not_applicable": dict.fromkeys(OTHERS, "nothing of that kind is touched"),
        **changes,
    }


def spec(*verifiers: str, expect: tuple[str, ...] = (), **changes: Any) -> Spec:
    """The same as a value; with verifiers, its one clause names these, and expects these measures."""
    if verifiers:
        clause = {"id": "ACC-1", "statement": "stored once", "verified_by": verifiers, "expect": expect}
        changes["acceptance"] = [clause]
    return Spec.model_validate(spec_data(**changes))


def critical_spec(*verifiers: str, approach: tuple[str, ...] = ()) -> Spec:
    """A critical spec: every section is answered by a rule of bandit, ACC-1 by what is named."""
    rule = ["bandit:B608"]
    decisions = [
        {"id": f"DEC-{n}", "statement": text, "verified_by": [text]} for n, text in enumerate(approach, 1)
    ]
    return spec(
        *verifiers,
        risk="critical",
        not_applicable={},
        load=[
            {"id": "LOAD-1", "stimulus": "50 a second", "expect": ["error_rate <= 1 %"], "verified_by": rule}
        ],
        latency=[{"id": "LAT-1", "stimulus": "one order", "expect": ["p95 <= 50 ms"], "verified_by": rule}],
        failure_modes=[{"id": "FAIL-1", "cause": "no database", "response": "503", "verified_by": rule}],
        security=[{"id": "SEC-1", "threat": "injection", "response": "bound", "verified_by": rule}],
        approach=decisions,
    )


def gate(name: str, status: str = "passed", **fields: Any) -> GateResult:
    """What a gate says."""
    return GateResult.model_validate(
        {"gate": name, "definition_digest": "sha256:0", "status": status, **fields}
    )


def case(**fields: Any) -> TestCase:
    """A test that the change adds, red on the base and green now, and which notices a fault."""
    return TestCase.model_validate(
        {
            "id": TEST_ID,
            "outcome": "passed",
            "on_base": "failed",
            "changed": True,
            "red": "assertion",
            "mutants_tried": 1,
            "mutants_killed": 1,
            **fields,
        }
    )


def from_tests(*cases: TestCase, status: str = "passed", **fields: Any) -> GateResult:
    """The tests gate with these cases."""
    return gate("tests", status, verifies=("pytest",), cases=cases, **fields)


def measured(value: str = "31", unit: str = "ms", **fields: Any) -> Measurement:
    """A percentile of the load that LOAD-1 describes."""
    return Measurement.model_validate(
        {"source": "LOAD-1", "metric": "p95", "value": value, "unit": unit, "samples": 1000, **fields}
    )


def from_load(*measurements: Measurement, status: str = "passed", **fields: Any) -> GateResult:
    """A gate that measures under load."""
    return gate("load", status, verifies=("load",), measurements=measurements, **fields)


def finding(**fields: Any) -> Finding:
    """Something that bandit finds."""
    return Finding.model_validate(
        {
            "gate": "bandit",
            "rule": "B608",
            "path": "shop/a.py",
            "line": 3,
            "message": "string-built SQL",
            **fields,
        }
    )


def only(*required: str, advisory: tuple[str, ...] = (), **sections: Any) -> Policy:
    """A policy with just these gates."""
    return Policy.model_validate({"gates": {"required": required, "advisory": advisory}, **sections})


POLICY = only("tests")


def started(**fields: Any) -> ev.RunStarted:
    """The first event of a run by Ana, with two attempts."""
    facts: dict[str, Any] = {
        "run": RUN,
        "seq": 1,
        "spec": spec(),
        "base": BASE,
        "ref": "refs/heads/main",
        "policy": POLICY,
        "policy_blob": "",
        "model": "replay:sample",
        "attempts": 2,
        "operator": ANA,
        "version": "0.1.0",
        **fields,
    }
    return ev.RunStarted(**facts)


def proposal(attempt: int = 1, **fields: Any) -> Proposal:
    """A model's reply that cost one thousandth of a dollar."""
    return Proposal(
        attempt=attempt,
        model_requested="replay:sample",
        model_returned="replay:sample",
        prompts=(PromptRef(name="propose/v1", sha256="sha256:1"),),
        prompt_sha256="sha256:2",
        reply_sha256="sha256:3",
        usage=Usage(prompt_tokens=10, completion_tokens=5, cost_microusd=1000),
        **fields,
    )


def candidate(tree: str = TREE, base: str = BASE, path: str = "shop/a.py") -> Candidate:
    """A tree that differs from the base in one file."""
    return Candidate(base_commit=base, tree=tree, files=(ChangedFile(path=path, status="modified"),))


def checks(
    state: RunState, *results: GateResult, tree: str = TREE, attempt: int = 1
) -> tuple[ev.JournalEvent, ...]:
    """All events of one round of gates with these results."""
    paths = state.candidate.paths if state.candidate else ()
    verdict = judge(state.started.spec, state.policy, tree, results, paths)
    return (
        ev.ChecksStarted(attempt=attempt, tree=tree, gates=tuple(result.gate for result in results)),
        *(
            event
            for result in results
            for event in (
                ev.GateStarted(attempt=attempt, gate=result.gate),
                ev.GateFinished(attempt=attempt, tree=tree, result=result),
            )
        ),
        ev.ChecksFinished(attempt=attempt, verdict=verdict, verdict_digest=verdict.digest),
    )


def to_candidate(**fields: Any) -> tuple[ev.JournalEvent, ...]:
    """From the start to a candidate in the first attempt."""
    return (
        started(**fields),
        ev.ProposalStarted(attempt=1),
        ev.ProposalFinished(proposal=proposal()),
        ev.CandidatePrepared(attempt=1, candidate=candidate()),
    )


def to_verdict(*results: GateResult, **fields: Any) -> tuple[ev.JournalEvent, ...]:
    """From the start to the first verdict; without results the tests pass."""
    history = to_candidate(**fields)
    return (*history, *checks(fold(history), *(results or (from_tests(case()),))))


def parked(*results: GateResult, **fields: Any) -> tuple[ev.JournalEvent, ...]:
    """From the start to a run that waits for a person."""
    return (*to_verdict(*results, **fields), ev.Parked(subject="Create an order once", body="Why."))


def decision(
    state: RunState,
    approver: Person = ANA,
    *,
    decides: str = "approve",
    signer: str = "",
    answers: Mapping[str, str] | None = None,
    confirmed: tuple[str, ...] = ("ACC-1",),
    binding: Binding | None = None,
) -> ev.DecisionMade:
    """A decision about what stands now."""
    approval = Approval.model_validate(
        {
            "binding": binding or state.binding,
            "decision": decides,
            "approver": approver,
            "reason": "read it",
            "answers": dict(answers or {}),
            "confirmed": confirmed,
            "time": TIME,
        }
    )
    return ev.DecisionMade(approval=approval, envelope='{"payload":""}', signer=signer)


def sealed() -> tuple[ev.JournalEvent, ...]:
    """A whole run: one reply refused, one candidate, approved, moved, rebased, approved again, sealed."""
    history: tuple[ev.JournalEvent, ...] = (
        started(),
        ev.ProposalStarted(attempt=1),
        ev.ProposalFailed(attempt=1, message="the provider is overloaded", usage=Usage(cost_microusd=500)),
        ev.ProposalStarted(attempt=1),
        ev.ProposalFinished(proposal=proposal()),
        ev.ReplyRefused(attempt=1, problems=(finding(gate="reply", rule="no-match"),)),
        ev.ProposalStarted(attempt=2),
        ev.ProposalFinished(proposal=proposal(2)),
        ev.CandidatePrepared(attempt=2, candidate=candidate()),
    )
    history += (
        *checks(fold(history), from_tests(case()), attempt=2),
        ev.Parked(subject="Create an order once", body="Why."),
    )
    history += (
        decision(fold(history)),
        ev.BaseMoved(ref="refs/heads/main", gated=BASE, found="d" * 40),
        ev.Rebased(base="d" * 40, policy=POLICY, policy_blob=""),
        ev.CandidatePrepared(attempt=2, candidate=candidate("8" * 40, "d" * 40)),
    )
    history += (
        *checks(fold(history), from_tests(case()), tree="8" * 40, attempt=2),
        ev.Parked(subject="Create an order once", body="Why."),
    )
    return (
        *history,
        decision(fold(history)),
        ev.SealPrepared(commit=COMMIT, commit_object="", evidence=("{}",)),
        ev.LandingStarted(ref="refs/heads/main"),
        ev.LandingStarted(ref="refs/heads/main"),
        ev.Sealed(commit=COMMIT, ref="refs/heads/main"),
    )


def verdict_of(asked: Spec, *results: GateResult, policy: Policy = POLICY) -> Verdict:
    """The verdict on the usual tree and path."""
    return judge(asked, policy, TREE, results, ("shop/a.py",))
