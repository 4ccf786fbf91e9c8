from __future__ import annotations

import re

from repositories import MakeRepository, git
from sealed_runs import approve_run

from agent_gate.audit.seal import prepare_seal, restore_commit
from agent_gate.domain.approval import Person
from agent_gate.engine.commit_message import expected_message
from agent_gate.run.events import Parked
from agent_gate.run.state import fold


def test_the_expected_message_is_the_sealed_one_but_for_the_digest_of_the_evidence(
    make_repository: MakeRepository,
) -> None:
    approved = approve_run(make_repository, pair=(Person(name="Bo Li", email="bo@example.org"),))
    place = next(number for number, event in enumerate(approved.history) if isinstance(event, Parked))
    parked = approved.history[place]
    assert isinstance(parked, Parked)
    message = expected_message(
        approved.repository, fold(approved.history[:place]), parked.subject, parked.body
    )
    sealed = prepare_seal(approved.repository, approved.state)
    restore_commit(approved.repository, sealed)
    real = git(approved.repository.root, "show", "--no-patch", "--format=%B", sealed.commit)
    without_digest = re.sub(r"(Agent-Gate-Evidence: sha256:)[0-9a-f]{64}", rf"\g<1>{'0' * 64}", real)
    assert message.strip() == without_digest
    assert message.count("0" * 64) == 1
    assert "Co-authored-by: Bo Li <bo@example.org>" in message
