"""What a senior engineer would ask at a place of the form: it changes with the clause and with the field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from agent_gate.drafting.question import BY_NAME, Section
from agent_gate.spec.grammar import load_schema

_NO_FIELDS: Mapping[str, str] = {}


def question_for(
    section: Section, clause: Mapping[str, str] = _NO_FIELDS, field: str = "", preset: str = ""
) -> str:
    """The question at the top: of the field, else of this kind of clause, else of the preset, else of the section.

    `clause` holds the fields of the clause that the cursor is in, as they were typed.
    """
    return (
        _of_field(section.name, clause, field)
        or _of_clause(section.name, clause)
        or _OF_PRESETS.get((preset, section.name), "")
        or section.question
    )


@lru_cache(maxsize=256)
def explanation(section: str, field: str) -> str:
    """What the field is for, in the words of the schema that editors show."""
    schema = load_schema()
    table = schema
    if field in {"allow", "deny"}:
        table = _inside(schema, schema["properties"]["paths"])
    elif field == "id" or field in {known.name for known in BY_NAME[section].clause}:
        table = _inside(schema, schema["properties"][section]) if BY_NAME[section].clause else schema
    described: Mapping[str, Any] = table["properties"].get(field, {})
    return str(described.get("description", ""))


def _inside(schema: Mapping[str, Any], kind: Mapping[str, Any]) -> Mapping[str, Any]:
    """The table of fields that a kind is, or of which it is a list."""
    while "properties" not in kind:
        kind = schema["$defs"][kind["$ref"].removeprefix("#/$defs/")] if "$ref" in kind else kind["items"]
    return kind


def _of_field(section: str, clause: Mapping[str, str], field: str) -> str:
    """Fields at which a senior would ask something of its own."""
    if field == "verified_by" and "manual" in clause.get("verified_by", ""):
        return "Could a machine see that? A person looks once; a test looks at every change."
    return _OF_FIELDS.get((section, field), "") or _OF_FIELDS.get(("", field), "")


def _of_clause(section: str, clause: Mapping[str, str]) -> str:
    """Some kinds of clause have a question of their own; what they speak of tells the kind."""
    words = next((clause[name] for name in _ABOUT if clause.get(name, "").strip()), "")
    for pattern, question in _OF_KINDS.get(section, ()):
        if words and pattern.search(words):
            return question
    return ""


_ABOUT = ("cause", "threat", "stimulus", "statement")
"""The field that tells what a clause is about: an answer with Retry-After is no clause about retries."""


def _word(*stems: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(stems)})", re.IGNORECASE)


_OF_FIELDS: Mapping[tuple[str, str], str] = {
    ("goal", "title"): "If this were the only line that anybody reads in the log, what would it say?",
    ("goal", "risk"): "If this goes wrong on a Friday evening, who is called: nobody, you, or everybody?",
    ("paths", "deny"): "Which files would you not want to see in this diff?",
    ("paths", "context"): "Which files would you open first, if you did it yourself?",
    ("load", "services"): "What has to run, and what has to be there before it, so that this can be measured?",
    ("load", "rate"): "Does it keep coming when the answers get slow? Real callers do.",
    ("load", "simultaneous"): "Of so many at the same moment, how many may succeed?",
    ("load", "data"): "How much will be stored in two years?",
    ("load", "expect"): "How much of it may fail before somebody complains?",
    ("latency", "expect"): "For whom: the usual caller (p50), one in twenty (p95), or the unlucky one in a hundred (p99)?",
    ("latency", "verified_by"): "Measured under which load? An idle server is always fast.",
    ("failure_modes", "effect"): "Who notices it first, and what do they see?",
    ("failure_modes", "response"): "What does it answer, by when, and what must not be lost meanwhile?",
    ("failure_modes", "detection"): "How would you know at 3 in the morning?",
    ("failure_modes", "recovery"): "What ends it, how soon, and does anybody have to do something?",
    ("failure_modes", "fault"): "Can we do it to ourselves on purpose, and watch?",
    ("security", "response"): "What stops them, even if the one who calls this forgets to check?",
    ("acceptance", "verified_by"): "Which test would be red today, and green afterwards?",
    ("approach", "verified_by"): "What would a reviewer have to see in the diff?",
    ("", "verified_by"): "What would show that it holds: a test, a rule, a gate, or a person's word?",
    ("", "expect"): "Which number would tell that it does not hold?",
}  # fmt: skip
_OF_KINDS: Mapping[str, tuple[tuple[re.Pattern[str], str], ...]] = {
    "load": (
        (_word("at once", "same time", "concurren", "race", "same key"), "Of so many at the same moment, how many may succeed, and what do the others see?"),
        (_word("batch", "backlog", "queue", "items?\\b", "jobs?\\b"), "What if more arrives than is worked off, for an hour?"),
        (_word("rows?\\b", "table", "records?\\b"), "How does it behave with ten times the rows?"),
    ),
    "latency": (
        (_word("start", "--help", "command"), "Would a person who types this twenty times a day feel it?"),
        (_word("call", "function", "input"), "How does the time grow with the input?"),
    ),
    "failure_modes": (
        (_word("retr", "twice", "duplicate", "again", "redeliver"), "What makes the second one harmless?"),
        (_word("kill", "crash", "restart", "interrupt", "power"), "What is half done at that moment, and who finishes it?"),
        (_word("disk", "memory", "space"), "What is still written when nothing more fits?"),
        (_word("slow", "timeout", "times? out", "latency"), "Who waits meanwhile, and what do they hold on to while they wait?"),
        (_word("database", "db\\b", "postgres", "mysql", "sqlite"), "What happens to this when the database stops answering?"),
        (_word("queue", "broker", "kafka", "rabbit"), "What happens to what is sent while the queue is away?"),
        (_word("cache", "redis", "memcache"), "Does it still work, only slower, when the cache is empty or gone?"),
        (_word("payment", "stripe", "mail", "api\\b", "provider", "remote", "third"), "What do you answer your own callers while the other side is down?"),
        (_word("malformed", "missing", "invalid", "wrong", "does not fit"), "Does one bad item stop all the good ones?"),
    ),
    "security": (
        (_word("inject", "sql", "xss", "shell", "html", "escape"), "Where does text of others become code?"),
        (_word("another", "owner", "permission", "role", "admin", "id\\b"), "What if they change the id in the request?"),
        (_word("log", "leak", "read", "personal", "secret", "password", "token"), "Where else does this end up: logs, errors, backups?"),
        (_word("flood", "large", "10 MB", "quadratic", "memory", "exhaust"), "What does it cost them, and what does it cost us?"),
    ),
    "operations": (
        (_word("roll", "revert", "back\\b", "undo"), "Has anybody ever tried the way back?"),
        (_word("log", "count", "metric", "alert"), "Which number would you look at on the morning after the release?"),
    ),
    "approach": (
        (_word("depend", "library", "package"), "Who maintains it in two years?"),
    ),
}  # fmt: skip
_OF_PRESETS: Mapping[tuple[str, str], str] = {
    ("crud-endpoint", "load"): "How many create one in the worst hour, and what if they all send the same key?",
    ("crud-endpoint", "failure_modes"): "The caller did not get the answer. Was it stored?",
    ("crud-endpoint", "security"): "Whose record is it, and who else knows its id?",
    ("background-job", "load"): "How long does the backlog of a bad night take?",
    ("background-job", "failure_modes"): "The worker is killed in the middle of an item. What happens to that item?",
    ("background-job", "security"): "Who can put an item into the queue?",
    ("background-job", "operations"): "How do you switch it off without losing anything?",
    ("library-function", "latency"): "What does it cost for the largest input that anybody will pass?",
    ("library-function", "failure_modes"): "What do callers pass that you did not think of?",
    ("library-function", "acceptance"): "What is true for every input?",
    ("command-line", "failure_modes"): "It is stopped half-way. What lies on the disk?",
    ("command-line", "security"): "What if a file is called -rf, or ../../etc/passwd?",
    ("command-line", "acceptance"): "What does a script rely on: exit code, stdout, stderr?",
    ("data-migration", "load"): "How long does it run at full size, and who else needs the table meanwhile?",
    ("data-migration", "latency"): "What do the readers notice while it runs?",
    ("data-migration", "failure_modes"): "It is stopped in the middle. What is true then, and how does it go on?",
    ("data-migration", "operations"): "Until which step is there a way back?",
}  # fmt: skip
