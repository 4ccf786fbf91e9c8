from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from repositories import MakeRepository
from sealed_runs import ANA, TEST_ID, TIME, approve_run, results, seal_run, spec

from agent_gate.audit.evidence import approval_line
from agent_gate.audit.statement import (
    ApprovalPredicate,
    EvidenceError,
    GenerationPredicate,
    SummaryPredicate,
    TestResultPredicate,
    read_statement,
    statement_line,
)
from agent_gate.audit.verify import verify_commit
from agent_gate.domain.approval import Approval, Binding
from agent_gate.domain.digest import sha256
from agent_gate.domain.gate import GateResult, Measurement

TREE = "4f846dfffc30b8d2bff44f73649b177473d89e99"
BINDING = Binding(
    tree=TREE,
    base="b",
    ref="refs/heads/main",
    spec_digest="s",
    policy_digest="p",
    verdict_digest="v",
    message_digest="m",
)
APPROVAL = Approval(binding=BINDING, decision="approve", approver=ANA, time=TIME)


def payload(line: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(base64.b64decode(json.loads(line)["payload"]))
    return data


def enveloped(text: str) -> str:
    """Any text as the payload of an envelope in canonical JSON."""
    data = base64.b64encode(text.encode()).decode()
    return f'{{"payload":"{data}","payloadType":"application/vnd.in-toto+json","signatures":[]}}'


def test_an_approval_in_exact_bytes() -> None:
    assert approval_line(APPROVAL) == enveloped(
        '{"_type":"https://in-toto.io/Statement/v1","predicate":{"answers":{},"approver":{"email":"ana@example.org",'
        '"name":"Ana Ito"},"confirmed":[],"decision":"approve","fromID":"b","means":"command","messageDigest":"m",'
        '"policyDigest":"p","reason":"","specDigest":"s","targetID":"4f846dfffc30b8d2bff44f73649b177473d89e99",'
        '"targetRef":"refs/heads/main","time":"2025-03-01T12:30:00Z","verdictDigest":"v"},'
        '"predicateType":"urn:agent-gate:approval:v0.1",'
        '"subject":[{"digest":{"gitTree":"4f846dfffc30b8d2bff44f73649b177473d89e99"}}]}'
    )


def test_an_approval_comes_back() -> None:
    tree, predicate, _ = read_statement(approval_line(APPROVAL))
    assert isinstance(predicate, ApprovalPredicate)
    assert (tree, predicate.approval) == (TREE, APPROVAL)


def test_the_bundle_has_the_fields_that_others_read(make_repository: MakeRepository) -> None:
    lines = seal_run(approve_run(make_repository)).prepared.evidence
    statements = [payload(line) for line in lines]
    assert {json.loads(line)["payloadType"] for line in lines} == {"application/vnd.in-toto+json"}
    assert {s["_type"] for s in statements} == {"https://in-toto.io/Statement/v1"}
    assert [s["predicateType"] for s in statements] == [
        *["https://in-toto.io/attestation/test-result/v0.1"] * 3,
        "urn:agent-gate:approval:v0.1",
        "urn:agent-gate:generation:v0.1",
        "https://in-toto.io/attestation/svr/v0.2",
    ]
    assert {json.dumps(s["subject"]) for s in statements} == {
        json.dumps([{"digest": {"gitTree": statements[0]["predicate"] and TREE}}])
    }
    ruff, bandit, tests = (s["predicate"] for s in statements[:3])
    assert (ruff["result"], ruff["warnedTests"]) == ("WARNED", ["a.py: noqa"])
    assert (bandit["result"], bandit["passedTests"]) == ("PASSED", ["bandit"])
    assert (tests["result"], tests["passedTests"]) == ("PASSED", ["tests/test_orders.py::test_same_key"])
    assert set(bandit["configuration"][0]["digest"]) == {"sha256"}
    summary = statements[-1]["predicate"]
    assert summary["verifier"]["id"] == "urn:agent-gate:verifier:0.1.0"
    assert len(summary["verifier"]["policies"]) == 1
    assert summary["properties"] == [
        "AGENT_GATE_PASS",
        "AGENT_GATE_CLAUSE_VERIFIED_LOAD_1",
        "AGENT_GATE_CLAUSE_VERIFIED_SEC_1",
        "AGENT_GATE_CLAUSE_VERIFIED_ACC_1",
    ]
    assert len(summary["agentGate"]["statements"]) == len(lines) - 1


def test_the_summary_holds_the_matrix_for_readers_without_our_code(make_repository: MakeRepository) -> None:
    latency = {
        "id": "LAT-1",
        "stimulus": "an order",
        "expect": ["p95 <= base + 10 %"],
        "verified_by": ["load:LOAD-1"],
    }
    asked = spec(latency=[latency], not_applicable={"failure_modes": "none"})
    number = Measurement(source="LOAD-1", metric="p95", value="31.5", unit="ms", base="30", samples=1000)
    load = GateResult(
        gate="load",
        definition_digest=sha256(b"load"),
        status="passed",
        verifies=("load",),
        measurements=(number,),
    )
    sealed = seal_run(approve_run(make_repository, asked=asked, gates=(*results(), load)))
    assert verify_commit(sealed.repository, sealed.prepared.commit).problems == ()
    matrix = payload(sealed.prepared.evidence[-1])["predicate"]["agentGate"]["matrix"]
    assert [(line["clause"], line["digest"], line["state"]) for line in matrix] == [
        (clause.id, clause.digest, "verified") for clause in asked.clauses
    ]
    assert [line["rows"] for line in matrix] == [
        [row("manual: the rate is right", "the rate is right", "measured with the profiler")],
        [row("load:LOAD-1", "p95 <= base + 10 %", "31.5 ms (base 30 ms)")],
        [row("bandit:B608", "no B608", "none found")],
        [row(f"pytest:{TEST_ID}", "passes, red on the base", "passed, red (assertion)", written=True)],
    ]


def row(verifier: str, required: str, measured: str, *, written: bool = False) -> dict[str, object]:
    return {
        "verifier": verifier, "required": required, "measured": measured, "state": "verified", "modelWritten": written,
    }  # fmt: skip


def test_no_statement_holds_a_float(make_repository: MakeRepository) -> None:
    """The spec of this run does: its request asks for half an order."""

    def floats(value: Any) -> bool:
        if isinstance(value, dict):
            return any(map(floats, value.values()))
        if isinstance(value, list):
            return any(map(floats, value))
        return isinstance(value, float)

    sealed = seal_run(approve_run(make_repository))
    assert "0.5" in sealed.approved.state.started.spec.canonical().decode()
    assert not any(floats(payload(line)) for line in sealed.prepared.evidence)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{}", "cannot be read"),
        (
            '{"_type":"https://in-toto.io/Statement/v1","predicate":{},"predicateType":"x","subject":[]}',
            "subject",
        ),
        (
            (
                '{"_type":"https://in-toto.io/Statement/v1","predicate":{},"predicateType":"urn:x",'
                '"subject":[{"digest":{"gitTree":"4f846dfffc30b8d2bff44f73649b177473d89e99"}}]}'
            ),
            "unknown type urn:x",
        ),
        (
            (
                '{"_type":"https://in-toto.io/Statement/v1","predicate":{"attempts":[]},'
                '"predicateType":"urn:agent-gate:generation:v0.1","subject":[{"digest":{"gitTree":"4f846dfffc30b8d2bff44f73649b177473d89e99"}}]}'
            ),
            "attempts",
        ),
        (
            (
                '{"_type":"https://in-toto.io/Statement/v1","predicate":{"a":1,"a":1},"predicateType":"urn:x",'
                '"subject":[{"digest":{"gitTree":"4f846dfffc30b8d2bff44f73649b177473d89e99"}}]}'
            ),
            "not canonical",
        ),
    ],
)
def test_unreadable_payloads_are_refused(text: str, problem: str) -> None:
    with pytest.raises(EvidenceError, match=problem):
        read_statement(enveloped(text))


@given(st.text())
def test_any_text_is_refused_with_an_evidence_error(text: str) -> None:
    for line in (text, enveloped(text) if text.isascii() else text):
        with pytest.raises(EvidenceError):
            read_statement(line)


@given(st.data())
def test_a_line_of_other_bytes_is_another_line_or_none(data: st.DataObject) -> None:
    line = approval_line(APPROVAL)
    place = data.draw(st.integers(0, len(line) - 1))
    altered = line[:place] + data.draw(st.characters(codec="ascii")) + line[place + 1 :]
    try:
        tree, predicate, _ = read_statement(altered)
    except EvidenceError:
        return
    assert isinstance(
        predicate, TestResultPredicate | ApprovalPredicate | GenerationPredicate | SummaryPredicate
    )
    assert statement_line(tree, predicate) == altered or altered == line
