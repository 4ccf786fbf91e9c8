"""The model's replies, in the run's own folder."""

from __future__ import annotations

from pydantic import ValidationError

from agent_gate.domain.digest import sha256
from agent_gate.domain.proposal import Proposal
from agent_gate.errors import JournalError
from agent_gate.run.journal import Journal

_FOLDER = "replies"


def keep_reply(journal: Journal, proposal: Proposal, reply: bytes) -> None:
    """Stores a reply and what is known of it, before the journal speaks of it."""
    journal.keep(_FOLDER, f"{proposal.attempt}.md", reply)
    journal.keep(_FOLDER, f"{proposal.attempt}.json", proposal.model_dump_json().encode())


def keep_unusable(journal: Journal, attempt: int, text: str) -> None:
    """Stores what came of a reply that cannot be used, for whoever wants to know why."""
    journal.keep(_FOLDER, f"{attempt}.unusable.md", text.encode(errors="replace"))


def kept_proposal(journal: Journal, attempt: int, prompt_sha256: str) -> Proposal | None:
    """A reply that was kept just before a crash, if it answers this very prompt."""
    try:
        data = (journal.directory / _FOLDER / f"{attempt}.json").read_bytes()
        proposal = Proposal.model_validate_json(data)
    except (OSError, ValidationError):
        return None
    return proposal if proposal.prompt_sha256 == prompt_sha256 else None


def reply_text(journal: Journal, proposal: Proposal) -> str:
    """The kept reply of a proposal; raises JournalError where it is not the one that was recorded."""
    path = journal.directory / _FOLDER / f"{proposal.attempt}.md"
    try:
        data = path.read_bytes()
    except OSError as error:
        raise JournalError(
            f"{path}: {error.strerror}", hint="the run's folder is damaged; start a new run"
        ) from None
    if sha256(data) != proposal.reply_sha256:
        raise JournalError(f"{path}: not the reply that the journal recorded", hint="start a new run")
    return data.decode(errors="replace")
