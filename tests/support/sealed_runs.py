"""Runs up to the seal, folded from events, on real repositories with real trees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from repositories import MakeRepository

from agent_gate.audit.message import render_body, render_subject
from agent_gate.audit.seal import prepare_seal
from agent_gate.domain.approval import Approval, Person
from agent_gate.domain.digest import sha256
from agent_gate.domain.gate import Finding, GateResult, TestCase
from agent_gate.domain.policy import ApprovalPolicy, GatesPolicy, Policy
from agent_gate.domain.proposal import Candidate, PromptRef, Proposal, Usage
from agent_gate.domain.spec import Spec
from agent_gate.domain.verdict import judge
from agent_gate.policy import load_policy
from agent_gate.run import events as ev
from agent_gate.run.state import RunState, fold
from agent_gate.vcs.notes import NOTES_REF, prepare_note
from agent_gate.vcs.repo import Entry, Repository

RUN_ID = "01JABCDEF0123456789ABCDEFG"
ANA = Person(name="Ana Ito", email="ana@example.org")
TEST_ID = "tests/test_orders.py::test_same_key"
TIME = datetime(2025, 3, 1, 12, 30, tzinfo=UTC)
POLICY = Policy(gates=GatesPolicy(required=("ruff", "bandit", "tests"), advisory=()))


def spec(**changes: object) -> Spec:
    """A spec with a clause that a test verifies, one that a rule verifies, and one for a person."""
    return Spec.model_validate(
        {
            "schema": "agent-gate/spec/v1",
            "id": "orders-once",
            "title": "Create an order once",
            "goal": "POST /orders stores an order once,\nhowever often the client retries.",
            "paths": {"allow": ["**"]},
            "load": [
                {
                    "id": "LOAD-1",
                    "stimulus": "half an order",
                    "request": {"path": "/orders", "json": {"quantity": 0.5}},
                    "expect": ["error_rate <= 0.1 %"],
                    "verified_by": ["manual: the rate is right"],
                }
            ],
            "security": [
                {"id": "SEC-1", "threat": "injection", "response": "bound", "verified_by": ["bandit:B608"]}
            ],
            "acceptance": [
                {"id": "ACC-1", "statement": "the same key", "verified_by": [f"pytest:{TEST_ID}"]}
            ],
            "not_applicable": {"latency": "nobody waits", "failure_modes": "none"},
            **changes,
        }
    )


def results() -> tuple[GateResult, ...]:
    """What three gates said: all pass, one of them with a question."""
    digest = sha256(b"definition")
    question = Finding(
        gate="ruff",
        rule="noqa",
        path="a.py",
        line=3,
        message="a new suppression",
        level="ask",
        excerpt="x  # noqa",
    )
    case = TestCase(
        id=TEST_ID, outcome="passed", on_base="failed", changed=True, red="assertion", mutants_killed=1
    )
    return (
        GateResult(
            gate="ruff",
            definition_digest=digest,
            tool_version="0.14.1",
            status="passed",
            findings=(question,),
        ),
        GateResult(
            gate="bandit",
            definition_digest=digest,
            tool_version="1.9.4",
            status="passed",
            known_rules=("B608",),
            verifies=("bandit",),
            measures={"files": 3},
            duration_ms=12,
        ),
        GateResult(
            gate="tests",
            definition_digest=digest,
            tool_version="9.0.1",
            status="passed",
            cases=(case,),
            verifies=("pytest",),
            sandbox="bubblewrap",
        ),
    )


@dataclass(frozen=True, repr=False)
class Approved:
    """A run that waits for nothing but its seal."""

    repository: Repository
    base: str
    tree: str
    history: tuple[ev.JournalEvent, ...]

    @property
    def state(self) -> RunState:
        """The fold over its events."""
        return fold(self.history)


@dataclass(frozen=True, repr=False)
class SealedRun:
    """A run whose commit and evidence stand in the repository; no branch points at the commit."""

    approved: Approved
    prepared: ev.SealPrepared

    @property
    def repository(self) -> Repository:
        """Where the commit lies."""
        return self.approved.repository


def approve_run(
    make_repository: MakeRepository,
    *,
    files: Mapping[str, str] | None = None,
    asked: Spec | None = None,
    gates: tuple[GateResult, ...] | None = None,
    policy: Policy = POLICY,
    answers: Mapping[str, str] | None = None,
    confirmed: tuple[str, ...] = ("ACC-1",),
    pair: tuple[Person, ...] = (),
    name: str = "repo",
) -> Approved:
    """A run that was approved by its operator."""
    repository = make_repository(files or {"a.py": "a = 1\n", "b.py": "b = 1\n"}, name)
    base = repository.resolve("HEAD")
    tree = repository.write_tree(base, {"a.py": Entry("100644", repository.write_blob(b"a = 2\n"))})
    asked = asked or spec()
    gates = results() if gates is None else gates
    known = {*policy.gates.required, *policy.gates.advisory}
    source = load_policy(lambda path: repository.read(base, path), known, defaults=policy)
    verdict = judge(asked, source.policy, tree, gates)
    proposal = Proposal(
        attempt=1,
        model_requested="anthropic/claude-sonnet-4-5",
        model_returned="anthropic/claude-sonnet-4-5-20250929",
        prompts=(PromptRef(name="propose/v1", sha256=sha256(b"prompt")),),
        prompt_sha256=sha256(b"prompt"),
        reply_sha256=sha256(b"reply"),
        usage=Usage(prompt_tokens=20, completion_tokens=10, cost_microusd=1234),
    )
    history: list[ev.JournalEvent] = [
        ev.RunStarted(
            run=RUN_ID,
            spec=asked,
            base=base,
            ref="refs/heads/main",
            policy=source.policy,
            policy_blob=source.blob,
            model="anthropic/claude-sonnet-4-5",
            attempts=3,
            operator=ANA,
            pair=pair,
            version="0.1.0",
        ),
        ev.ProposalStarted(attempt=1),
        ev.ProposalFinished(proposal=proposal),
        ev.CandidatePrepared(
            attempt=1,
            candidate=Candidate(base_commit=base, tree=tree, files=repository.changed_files(base, tree)),
        ),
        ev.ChecksStarted(attempt=1, tree=tree, gates=tuple(result.gate for result in gates)),
        *(ev.GateFinished(attempt=1, tree=tree, result=result) for result in gates),
        ev.ChecksFinished(attempt=1, verdict=verdict, verdict_digest=verdict.digest),
        ev.Parked(subject=render_subject(asked), body=render_body(asked, verdict)),
    ]
    binding = fold(history).binding
    assert binding is not None
    approval = Approval(
        binding=binding,
        decision="approve",
        approver=ANA,
        reason="read it",
        answers={"LOAD-1": "measured with the profiler"} if answers is None else answers,
        confirmed=confirmed,
        time=TIME,
    )
    return Approved(repository, base, tree, (*history, ev.DecisionMade(approval=approval)))


def seal_run(approved: Approved) -> SealedRun:
    """Seals it, and puts its evidence under the notes ref."""
    prepared = prepare_seal(approved.repository, approved.state)
    put_note(approved.repository, approved.tree, prepared.evidence)
    return SealedRun(approved, prepared)


def put_note(repository: Repository, tree: str, lines: tuple[str, ...]) -> None:
    """Adds lines to the note of a tree."""
    note, _ = prepare_note(repository, tree, lines, RUN_ID)
    repository.git("update-ref", NOTES_REF, note)


def with_policy(**approval: object) -> Policy:
    """The policy of these runs with other rules for approvals."""
    return POLICY.model_copy(update={"approval": ApprovalPolicy.model_validate(approval)})


def with_results(*changed: GateResult) -> tuple[GateResult, ...]:
    """The results with some of them exchanged."""
    by_gate = {result.gate: result for result in changed}
    return tuple(by_gate.get(result.gate, result) for result in results())
