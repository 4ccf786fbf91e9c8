"""What the model proposes, and the candidate tree that it becomes."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from agent_gate.domain.value import Value


class Usage(Value):
    """What one model call used. Money is in micro-dollars: statements hold no floats."""

    prompt_tokens: int = Field(default=0, ge=0)
    completion_tokens: int = Field(default=0, ge=0)
    cost_microusd: int | None = None


class Message(Value):
    """One message of a prompt, as it is sent."""

    role: Literal["system", "user", "assistant"]
    content: str


class PromptRef(Value):
    """A prompt that took part: its name in the library and the digest of its template."""

    name: str
    sha256: str


class Proposal(Value):
    """One reply of a model, as it came. The reply's text lies in the run's `replies/` folder."""

    attempt: int = Field(ge=1)
    model_requested: str
    model_returned: str
    prompts: tuple[PromptRef, ...]
    prompt_sha256: str
    reply_sha256: str
    usage: Usage = Usage()
    finish_reason: str = ""


class ChangedFile(Value):
    """One path that differs between base and candidate."""

    path: str
    status: Literal["added", "modified", "deleted"]
    added_lines: int = 0
    deleted_lines: int = 0
    match: str = "exact"
    """The step of the matching ladder that placed the edit."""


class Candidate(Value):
    """A git tree on a base commit: what is judged, approved and sealed."""

    base_commit: str
    tree: str
    files: tuple[ChangedFile, ...]

    @property
    def paths(self) -> tuple[str, ...]:
        """The changed paths, sorted."""
        return tuple(sorted(file.path for file in self.files))
