from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path

import pytest
from repositories import MakeRepository, git, new_repository
from sealed_runs import approve_run, seal_run, with_policy

from agent_gate.audit.commit_object import parse_commit
from agent_gate.audit.seal import prepare_seal, restore_commit
from agent_gate.audit.verify import verify_commit
from agent_gate.domain.approval import Person
from agent_gate.errors import AgentGateError, AwaitingDecision
from agent_gate.run.events import DecisionMade
from agent_gate.run.state import fold


def test_exactly_that_tree_on_exactly_that_base(make_repository: MakeRepository) -> None:
    approved = approve_run(make_repository)
    repository = approved.repository
    git(repository.root, "config", "user.name", "Bo Sealer")
    git(repository.root, "config", "user.email", "bo@example.org")
    prepared = prepare_seal(repository, approved.state)
    commit = parse_commit(base64.b64decode(prepared.commit_object))
    assert commit.all("tree") == (approved.tree,)
    assert commit.all("parent") == (approved.base,)
    assert commit.line("author").startswith("author Ana Ito <ana@example.org> ")
    assert commit.line("committer").startswith("committer Bo Sealer <bo@example.org> ")
    assert repository.ref("refs/heads/main") == approved.base, "nothing landed"
    assert verify_commit(repository, prepared.commit).problems == (
        "the note of the tree has no line with the digest "
        + commit.message.partition("Agent-Gate-Evidence: ")[2].splitlines()[0]
        + ", which the commit names",
    )


def test_the_same_commit_comes_out_elsewhere(make_repository: MakeRepository, tmp_path: Path) -> None:
    approved = approve_run(make_repository)
    prepared = prepare_seal(approved.repository, approved.state)
    other = new_repository(tmp_path / "other", {"x": "x"})
    assert other.ref(f"{prepared.commit}^{{commit}}") is None
    restore_commit(other, prepared)
    assert other.git("cat-file", "commit", prepared.commit) == base64.b64decode(prepared.commit_object)


def test_damaged_bytes_are_not_restored(make_repository: MakeRepository) -> None:
    approved = approve_run(make_repository)
    prepared = prepare_seal(approved.repository, approved.state)
    data = base64.b64decode(prepared.commit_object).replace(b"Create", b"Delete")
    damaged = prepared.model_copy(update={"commit_object": base64.b64encode(data).decode()})
    with pytest.raises(AgentGateError, match="whose bytes give"):
        restore_commit(approved.repository, damaged)


def test_of_two_answers_the_seal_and_the_state_take_the_same(make_repository: MakeRepository) -> None:
    """Ana approves, Ben too, and Ana once more: her newest approval is the later of the two that count."""
    approved = approve_run(make_repository, answers={"LOAD-1": "Ana, at first"})
    first = approved.history[-1]
    assert isinstance(first, DecisionMade)
    ben = Person(name="Ben Ode", email="ben@example.org")
    others = [
        first.approval.model_copy(update={"approver": ben, "answers": {"LOAD-1": "Ben"}}),
        first.approval.model_copy(update={"answers": {"LOAD-1": "Ana, again"}}),
    ]
    history = (*approved.history, *(DecisionMade(approval=approval) for approval in others))
    state = fold(history)
    assert [dict(approval.answers) for approval in state.valid_approvals] == [
        {"LOAD-1": "Ben"},
        {"LOAD-1": "Ana, again"},
    ]
    assert state.clauses[0].evidence[0].measured == "Ben"
    sealed = prepare_seal(approved.repository, state)  # it passes its own verification
    summary = base64.b64decode(json.loads(sealed.evidence[-1])["payload"]).decode()
    assert '"measured":"Ben"' in summary


def test_a_name_that_git_trims(make_repository: MakeRepository) -> None:
    approved = approve_run(make_repository)
    first = approved.history[0].model_copy(
        update={"operator": Person(name=" Ana, <Ito>.", email="ana@example.org")}
    )
    prepared = prepare_seal(approved.repository, fold((first, *approved.history[1:])))
    assert b"author Ana, Ito <ana@example.org> " in base64.b64decode(prepared.commit_object)


def test_another_commit_encoding_changes_nothing(make_repository: MakeRepository) -> None:
    approved = approve_run(make_repository)
    git(approved.repository.root, "config", "i18n.commitEncoding", "ISO-8859-1")
    sealed = seal_run(approved)
    report = verify_commit(approved.repository, sealed.prepared.commit)
    assert (report.problems, report.remarks) == ((), ())


def test_commit_gpgsign_is_honoured(make_repository: MakeRepository, tmp_path: Path) -> None:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    approved = approve_run(make_repository)
    for name, value in {"gpg.format": "ssh", "user.signingkey": str(key), "commit.gpgsign": "yes"}.items():
        git(approved.repository.root, "config", name, value)
    sealed = seal_run(approved)
    commit = parse_commit(base64.b64decode(sealed.prepared.commit_object))
    assert commit.line("gpgsig").startswith("gpgsig -----BEGIN SSH SIGNATURE-----\n")
    report = verify_commit(approved.repository, sealed.prepared.commit)
    assert (report.problems, report.remarks) == ((), ())


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"answers": {}}, "LOAD-1 waits for an answer"),
        ({"answers": {"LOAD-1": "  "}}, "LOAD-1 waits for an answer"),
        ({"confirmed": ()}, "ACC-1 rests on a test that the model wrote"),
        ({"policy": with_policy(independent=True)}, "approvals still needed: 1"),
        ({"policy": with_policy(signatures="required")}, "approvals still needed: 1"),
        ({"policy": with_policy(required=2)}, "approvals still needed: 2"),
        ({"files": {"a.py": "a", ".agent-gate/allowed_signers": "x"}}, "the base names its signers"),
    ],
)
def test_what_would_not_verify_is_not_sealed(
    make_repository: MakeRepository, arguments: dict[str, object], problem: str
) -> None:
    approved = approve_run(make_repository, **arguments)  # type: ignore[arg-type]
    with pytest.raises(AwaitingDecision, match=problem):
        prepare_seal(approved.repository, approved.state)


def test_an_approval_of_something_else_does_not_count(make_repository: MakeRepository) -> None:
    approved = approve_run(make_repository)
    *history, decision = approved.history
    assert isinstance(decision, DecisionMade)
    binding = decision.approval.binding.model_copy(update={"ref": "refs/heads/other"})
    other = decision.approval.model_copy(update={"binding": binding})
    with pytest.raises(AwaitingDecision, match="approvals still needed: 1"):
        prepare_seal(approved.repository, fold((*history, DecisionMade(approval=other))))
