"""A person's decision, bound to exact bytes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from agent_gate.domain.value import Value


class Person(Value):
    """A name and a mail address, as git knows them."""

    name: str
    email: str

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"

    @property
    def key(self) -> str:
        """What tells two people apart: the address, whatever the case it is written in."""
        return self.email.strip().casefold()


class Binding(Value):
    """Everything that a decision is valid for. A change to any of these voids it."""

    tree: str
    base: str
    ref: str
    spec_digest: str
    policy_digest: str
    verdict_digest: str
    message_digest: str
    """Over subject and body of the commit, without trailers."""


class Approval(Value):
    """A decision about one binding, by one person."""

    binding: Binding
    decision: Literal["approve", "reject"]
    approver: Person
    reason: str = ""
    answers: Mapping[str, str] = {}
    """The approver's sentence for each clause that only a person can verify, by clause id."""
    confirmed: tuple[str, ...] = ()
    """Clauses whose model-written verifiers the approver confirmed."""
    time: datetime
    means: Literal["terminal", "command", "yes"] = "command"
    """How the decision was given; `yes` is the demo's `--yes`."""
