"""Every code that `agent-gate spec check` can say. docs/spec-lint.md explains each, with examples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

Level = Literal["error", "question"]


class Code(NamedTuple):
    """One thing that can be wrong with, or missing from, a spec."""

    title: str
    level: Level


CODES: Mapping[str, Code] = {
    "YA01": Code("not a YAML file", "error"),
    "YA02": Code("YAML that a spec may not use", "error"),
    "YA03": Code("a field stands twice", "error"),
    "SP01": Code("no such field", "error"),
    "SP02": Code("a field is missing", "error"),
    "SP03": Code("not the kind of value that the field takes", "error"),
    "SP04": Code("empty", "error"),
    "SP05": Code("a clause id is used twice", "error"),
    "SP06": Code("no path pattern", "error"),
    "SP07": Code("two things that exclude each other", "error"),
    "SP08": Code("cannot be not applicable", "error"),
    "SP09": Code("a section is not answered", "error"),
    "SP10": Code("too little for a critical spec", "error"),
    "VE01": Code("no verifier", "error"),
    "VE02": Code("a verifier that cannot be read", "error"),
    "VE03": Code("a test that does not exist", "question"),
    "VE04": Code("a rule that does not exist", "question"),
    "VE05": Code("a gate that does not exist", "question"),
    "VE06": Code("a clause that does not exist", "question"),
    "ME01": Code("no measure", "error"),
    "ME02": Code("a measure that cannot be read", "error"),
    "ME03": Code("clauses that contradict each other", "question"),
    "ME04": Code("a vague word and no number", "question"),
    "ME05": Code("a measure that nothing measures", "question"),
    "LO01": Code("a load without a duration", "question"),
    "LO02": Code("a load without an error budget", "question"),
    "LO03": Code("a load without an amount", "question"),
    "LA01": Code("a latency without a percentile", "question"),
    "LA02": Code("a percentile without the load that it is measured under", "question"),
    "LA03": Code("too few samples for the percentile", "question"),
    "FM01": Code("a dependency without a failure mode", "question"),
    "FM02": Code("a fault in a service that does not exist", "question"),
    "FM03": Code("no detection", "question"),
    "FM04": Code("no recovery", "question"),
    "SE01": Code("no threat", "error"),
    "SE02": Code("personal or secret data without a security clause", "question"),
    "PA01": Code("a path rule that allows nothing", "question"),
    "PA02": Code("a path rule that allows protected paths", "question"),
    "AC01": Code("no acceptance clause", "question"),
    "NA01": Code("not applicable, without a reason", "question"),
    "NA02": Code("silenced, but not asked", "question"),
    "RI01": Code("more than a trivial risk", "question"),
    "TE01": Code("a template's words", "question"),
    "WR01": Code("writes, without a word on retries", "question"),
    "WR02": Code("writes, without a word on idempotency", "question"),
    "WR03": Code("writes, without a word on concurrent use", "question"),
    "WR04": Code("writes, without a word on metrics", "question"),
    "WR05": Code("writes, without a word on rollback", "question"),
}


def is_error(code: str) -> bool:
    """Whether it makes the file no spec; otherwise it is a question to the author."""
    return CODES[code].level == "error"
