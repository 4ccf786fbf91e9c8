"""Makes the commit object and its evidence; nothing lands here.

The commit is written to the object database only. Its exact bytes go into the journal, so that the same
commit comes out however often the process dies from there on.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence

from agent_gate.audit.evidence import approval_line, build_evidence, read_bundle
from agent_gate.audit.message import commit_trailers, require_trailer_allowed
from agent_gate.audit.verify import Examination
from agent_gate.domain.digest import sha256
from agent_gate.errors import AgentGateError, AwaitingDecision, RepositoryError
from agent_gate.run.events import SealPrepared, utc_now
from agent_gate.run.state import RunState
from agent_gate.vcs.repo import Repository
from agent_gate.vcs.trailers import render_message


def prepare_seal(repository: Repository, state: RunState) -> SealPrepared:
    """The commit of exactly the approved tree on exactly its base, and the lines that support it.

    Raises PolicyError where the policy takes no model's work, AwaitingDecision where approvals are
    missing or the evidence does not support the commit: the seal passes its own verification, or
    nothing is sealed.
    """
    require_trailer_allowed(state.policy)
    approvals = _approval_lines(state)
    identities = _identities(repository, state)
    author = repository.text("var", "GIT_AUTHOR_IDENT", env=identities)
    committer = repository.text("var", "GIT_COMMITTER_IDENT", env=identities)
    lines = build_evidence(state, approvals, f"author {author}", f"committer {committer}", utc_now())
    bundle = read_bundle(lines, sha256(lines[-1].encode()))
    assert state.parked is not None  # noqa: S101 - build_evidence refuses what is not parked
    message = render_message(
        repository,
        state.parked.subject,
        state.parked.body,
        commit_trailers(bundle, state.policy, state.started.spec),
    )
    signing = (
        ("-S",)
        if repository.text("config", "--type=bool", "--default=false", "commit.gpgsign") == "true"
        else ()
    )
    commit = repository.text(
        *("-c", "i18n.commitEncoding=UTF-8"),
        *("commit-tree", *signing, "-p", bundle.facts.base, "-F", "-", bundle.tree),
        stdin=message.encode(),
        env=identities,
    )
    data = repository.git("cat-file", "commit", commit)
    _require_sound(repository, data, lines)
    return SealPrepared(commit=commit, commit_object=base64.b64encode(data).decode(), evidence=lines)


def restore_commit(repository: Repository, event: SealPrepared) -> None:
    """Writes the sealed commit's object again, from its bytes; raises AgentGateError for another id."""
    data = base64.b64decode(event.commit_object, validate=True)
    written = repository.text("hash-object", "-t", "commit", "-w", "--stdin", stdin=data)
    if written != event.commit:
        raise AgentGateError(
            f"the journal holds a commit whose bytes give {written}, not {event.commit}",
            hint="the journal is damaged; nothing was landed",
        )


def _approval_lines(state: RunState) -> tuple[str, ...]:
    if state.missing:
        raise AwaitingDecision(
            f"nothing was sealed: {state.missing[0]}", hint=f"agent-gate approve {state.run_id}"
        )
    valid = state.valid_approvals
    made = zip(state.approvals, state.approval_lines, strict=True)
    return tuple(line or approval_line(approval) for approval, line in made if approval in valid)


def _identities(repository: Repository, state: RunState) -> Mapping[str, str]:
    """Author is the operator, committer is who seals; both at this second, which is fixed here."""
    ident = repository.text("var", "GIT_COMMITTER_IDENT")
    found = re.fullmatch(r"(.*) <(.*)> (\d+ [+-]\d{4})", ident)
    if not found:
        raise RepositoryError(f"git's committer identity {ident!r} cannot be read")
    operator = state.started.operator
    return {
        "GIT_COMMITTER_NAME": found[1],
        "GIT_COMMITTER_EMAIL": found[2],
        "GIT_COMMITTER_DATE": f"@{found[3]}",
        "GIT_AUTHOR_NAME": operator.name,
        "GIT_AUTHOR_EMAIL": operator.email,
        "GIT_AUTHOR_DATE": f"@{found[3]}",
    }


def _require_sound(repository: Repository, data: bytes, lines: Sequence[str]) -> None:
    examination = Examination(repository, data)
    examination.against(lines)
    if found := [*examination.problems, *examination.remarks]:
        raise AwaitingDecision(
            f"nothing was sealed, because the commit would not verify: {found[0]}",
            hint="agent-gate show @ tells what stands; decide again, or resume to gate again",
        )
