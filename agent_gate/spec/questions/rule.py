"""What a rule of the lint gives: a question at a place."""

from __future__ import annotations

from typing import NamedTuple

from agent_gate.spec.outline import ClauseOutline
from agent_gate.spec.remark import Where


class Question(NamedTuple):
    """Something that the spec leaves open, and an example of an answer."""

    code: str
    where: Where
    message: str
    hint: str
    clause: str = ""
    """The id of the clause that it is about, if it is about one."""
    at_key: bool = False
    """It is the field's name that it is about, not its value."""


def about(clause: ClauseOutline, code: str, field: str, message: str, hint: str) -> Question:
    """A question about a field of a clause."""
    where: Where = (*clause.where, field) if field else clause.where
    return Question(code, where, message, hint, clause.id)
