"""From the reply to a candidate: every edit applies to the base in memory, then the tree is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from agent_gate.domain.gate import Finding
from agent_gate.domain.proposal import Candidate, Proposal
from agent_gate.edits.apply import Applied, Refused, apply_reply
from agent_gate.engine.replies import reply_text
from agent_gate.engine.session import Session
from agent_gate.gating.secrets.redaction import redact_finding
from agent_gate.run.events import CandidatePrepared, ReplyRefused
from agent_gate.vcs.repo import Entry, Repository

_REGULAR = "100644"


async def prepare(session: Session) -> None:
    """Ends in CandidatePrepared, or in ReplyRefused with nothing applied."""
    state = session.state
    repository = session.context.repository
    base_tree = repository.tree_of(state.base)
    entries = repository.entries(base_tree)
    current = state.current
    assert current is not None  # noqa: S101 - the phase says so
    assert current.proposal is not None  # noqa: S101
    attempt = current.number
    text = reply_text(session.recorder.journal, current.proposal)
    outcome = (
        _cut_off(current.proposal)
        if current.proposal.finish_reason != "stop"
        else apply_reply(text, _reader(repository, entries), state.started.spec.paths)
    )
    outcome = _only_files(outcome, entries) if isinstance(outcome, Applied) else outcome
    if isinstance(outcome, Refused):
        problems = tuple(redact_finding(problem) for problem in outcome.problems)
        session.recorder.record(ReplyRefused(attempt=attempt, problems=problems))
        return
    tree = _write(repository, base_tree, entries, outcome)
    files = tuple(
        file.model_copy(update={"match": outcome.steps.get(file.path, "exact")})
        for file in repository.changed_files(base_tree, tree)
    )
    candidate = Candidate(base_commit=state.base, tree=tree, files=files)
    session.recorder.record(CandidatePrepared(attempt=attempt, candidate=candidate))


def _cut_off(proposal: Proposal) -> Refused:
    message = (
        f"the reply did not come to its end (finish reason {proposal.finish_reason!r}); nothing of it is used; "
        "make the change smaller, or send search/replace blocks instead of whole files"
    )
    return Refused((Finding(gate="edits", rule="cut-off", path="", message=message),))


def _only_files(applied: Applied, entries: Mapping[str, Entry]) -> Applied | Refused:
    """Refuses edits of symbolic links and submodules: their content is not a text."""
    others = [
        path for path in applied.contents if path in entries and not entries[path].mode.startswith("100")
    ]
    if not others:
        return applied
    message = "a symbolic link or a submodule stands here in the base; it cannot be edited"
    return Refused(
        tuple(Finding(gate="edits", rule="path-not-allowed", path=path, message=message) for path in others)
    )


def _reader(repository: Repository, entries: Mapping[str, Entry]) -> Callable[[str], bytes | None]:
    """Whatever stands at a path: a link's target and a submodule count, so that nothing goes below them."""

    def read(path: str) -> bytes | None:
        entry = entries.get(path)
        if entry is None:
            return None
        return b"\0" if entry.mode == "160000" else repository.blob(entry.oid)

    return read


def _write(repository: Repository, base_tree: str, entries: Mapping[str, Entry], applied: Applied) -> str:
    changes: dict[str, Entry | None] = {}
    for path, content in applied.contents.items():
        mode = entries[path].mode if path in entries else _REGULAR
        changes[path] = None if content is None else Entry(mode, repository.write_blob(content))
    return repository.write_tree(base_tree, changes)
