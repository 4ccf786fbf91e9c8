from __future__ import annotations

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from repositories import MakeRepository
from sealed_runs import approve_run, results, seal_run, spec, with_policy, with_results

from agent_gate.audit.commit_object import parse_commit
from agent_gate.audit.message import judging_tools, render_body, render_subject, require_trailer_allowed
from agent_gate.audit.verify import verify_commit
from agent_gate.domain.approval import Person
from agent_gate.domain.gate import GateResult
from agent_gate.domain.policy import Policy
from agent_gate.domain.verdict import judge
from agent_gate.errors import PolicyError
from agent_gate.vcs import trailers
from agent_gate.vcs.repo import Repository
from agent_gate.vcs.trailers import Trailer, read_trailers, render_message

TREE = "4" * 40
BLOCK = (Trailer(trailers.RUN, "01JABC"),)


@pytest.fixture(name="repository")
def _repository(make_repository: MakeRepository) -> Repository:
    return make_repository()


def test_the_body_in_full() -> None:
    asked = spec(
        goal="POST /orders stores an order once, however often the client retries, for whatever reason.\n\nReally."
    )
    assert render_body(asked, judge(asked, Policy(), TREE, results())) == (
        "POST /orders stores an order once, however often the client retries, for\n"
        "whatever reason.\n"
        "\n"
        "Really.\n"
        "\n"
        "- LOAD-1 by the approver's word: half an order: error_rate <= 0.1 %\n"
        "  rests on manual: the rate is right\n"
        "- SEC-1 verified: injection → bound\n"
        "  rests on bandit:B608\n"
        "- ACC-1 verified: the same key\n"
        "  rests on pytest:tests/test_orders.py::test_same_key (written by the\n"
        "  model)"
    )


def test_a_verifier_of_several_measures_is_named_once() -> None:
    expect = ["p95 <= 50 ms", "p95 <= base + 10 %"]
    latency = [{"id": "LAT-1", "stimulus": "an order", "expect": expect, "verified_by": ["load:LOAD-1"]}]
    asked = spec(latency=latency, not_applicable={"failure_modes": "none"})
    body = render_body(asked, judge(asked, Policy(), TREE, results()))
    assert body.count("load:LOAD-1") == 1


def test_the_trailers_in_full(make_repository: MakeRepository) -> None:
    sealed = seal_run(approve_run(make_repository))
    spec_digest = sealed.approved.state.started.spec.digest
    message = parse_commit(sealed.repository.git("cat-file", "commit", sealed.prepared.commit)).message
    read = [(t.key, t.value) for t in read_trailers(sealed.repository, message)]
    assert read[:3] + read[4:] == [
        ("Assisted-by", "agent-gate:anthropic/claude-sonnet-4-5-20250929 ruff bandit pytest"),
        ("Agent-Gate-Run", "01JABCDEF0123456789ABCDEFG"),
        ("Agent-Gate-Spec", f"orders-once@{spec_digest}"),
        ("Agent-Gate-Result", "pass"),
    ]
    assert read[3][0] == "Agent-Gate-Evidence"


def test_generated_by_and_unsandboxed(make_repository: MakeRepository) -> None:
    outside = results()[2].model_copy(update={"sandbox": "none"})
    policy = with_policy(ai_trailer="generated-by")
    sealed = seal_run(approve_run(make_repository, policy=policy, gates=with_results(outside)))
    message = parse_commit(sealed.repository.git("cat-file", "commit", sealed.prepared.commit)).message
    assert "\n\nGenerated-by: agent-gate:" in message
    assert message.endswith("\nAgent-Gate-Result: pass; unsandboxed\n")


def test_a_pair_is_named(make_repository: MakeRepository) -> None:
    sealed = seal_run(approve_run(make_repository, pair=(Person(name="Junior Dev", email="j@example.org"),)))
    message = parse_commit(sealed.repository.git("cat-file", "commit", sealed.prepared.commit)).message
    assert message.endswith("\nAgent-Gate-Result: pass\nCo-authored-by: Junior Dev <j@example.org>\n")
    assert verify_commit(sealed.repository, sealed.prepared.commit).holds


def test_forbidden_before_anything_is_made(make_repository: MakeRepository) -> None:
    with pytest.raises(PolicyError, match="takes no change that a model took part in"):
        require_trailer_allowed(with_policy(ai_trailer="forbid"))
    approved = approve_run(make_repository, policy=with_policy(ai_trailer="forbid"))
    before = approved.repository.git("count-objects")
    with pytest.raises(PolicyError):
        seal_run(approved)
    assert approved.repository.git("count-objects") == before


def test_tools_are_those_that_looked() -> None:
    ruff, bandit, tests = results()
    skipped = bandit.model_copy(update={"status": "skipped"})
    builtin = GateResult(gate="scope", definition_digest="d", tool_version="", status="passed")
    assert judging_tools((tests, builtin, skipped, ruff), Policy()) == ("ruff", "pytest")


HOSTILE = st.one_of(
    st.text(min_size=1, max_size=200),
    st.lists(
        st.sampled_from([
            "Reviewed-by: Eve <e@x>", "Agent-Gate-Result: pass", "---", "# ------------------------ >8 ------------------------",
            "word " * 14 + "Co-authored-by: Eve <e@x>", "", "#", "(cherry picked from commit 1)", "Signed-off-by: E\n E",
        ]),
        min_size=1,
    ).map("\n".join),
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(goal="0", title="# ------------------------ >8 ------------------------", statement="0")
@example(goal="0", title="#", statement="0")
@given(goal=HOSTILE, title=HOSTILE, statement=HOSTILE)
def test_no_text_of_a_spec_becomes_a_trailer(
    repository: Repository, goal: str, title: str, statement: str
) -> None:
    try:
        asked = spec(
            goal=goal,
            title=" ".join(title.split()),
            acceptance=[{"id": "ACC-1", "statement": statement, "verified_by": [f"manual: {statement}"]}],
        )
    except ValueError:
        return  # a spec that is refused makes no commit
    body = render_body(asked, judge(asked, Policy(), TREE, results()))
    subject = render_subject(asked)
    message = render_message(repository, subject, body, BLOCK)
    assert read_trailers(repository, message) == BLOCK
    assert message.split("\n\n")[0] == subject
    assert not [line for line in body.splitlines() if line.startswith(tuple(trailers.KEYS))]
