"""What writes data can write it twice, half, at the same time as another, unseen, and wrongly."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from agent_gate.spec.outline import Outline, any_word, says
from agent_gate.spec.questions.rule import Question
from agent_gate.spec.surroundings import Surroundings

_WRITING_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_METHOD = re.compile(r"\b(?:POST|PUT|PATCH|DELETE)\b")
_WRITING = any_word(
    "inserts?", "upserts?", "(?:stores|saves|persists)", "(?:is|are|be|gets?|was|were) (?:\\w+ )?(?:stored|saved|persisted|written|deleted)",
    "writes? (?:to|into) \\w+", "(?:store|save|persist|write|delete)s? (?:an?|the|each|every|all|its|their) \\w+", "deletes", "overwrites?",
    "charg(?:es?|ed|ing)", "deduct(?:s|ed|ions?)?", "debit(?:s|ed)?", "consumes?", "refunds?", "pays?", "pay for", "transfers?",
    "payment (?:system|processing|flow|endpoint|page|service)s?", "(?:make|take|accept|process|collect)(?:s|ing)? (?:\\w+ )?payments?",
    "booked", "bookings?", "migrat-", "backfill-", "jobs? that retr(?:y|ies)", "enqueues?", "publish(?:es|ed)?", "imports? \\w+ into",
    "bulk (?:load|update|insert)s?",
)  # fmt: skip


class _Topic(NamedTuple):
    code: str
    words: re.Pattern[str]
    message: str
    hint: str


_TOPICS = (
    _Topic(
        "WR01",
        any_word("retr(?:y|ies|ied|ying)", "again", "redeliver-", "resend-", "resent", "repeat-", "resum(?:e|es|ed|able)", "restart-", "attempts?"),
        "retries: what happens when the caller, a queue or a person sends it again?",
        "say it in a failure mode or an acceptance clause, e.g. a client that times out sends the same request again",
    ),
    _Topic(
        "WR02",
        any_word("idempoten-", "same key", "(?:exactly|only|at most|stored|charged) once", "duplicates?", "duplicated", "twice", "deduplicat-", "once", "upserts?"),
        "idempotency: what makes the second one harmless?",
        "e.g. the same Idempotency-Key returns the first result; the row is found by a unique key",
    ),
    _Topic(
        "WR03",
        any_word("concurren-", "simultaneous-", "parallel", "at once", "at the same time", "races?", "lock(?:s|ed|ing)?", "row-level", "compare-and-swap", "isolation", "serializable", "atomic-", "transactions?", "one at a time", "single writer", "optimistic", "pessimistic"),
        "concurrent use: what happens when two of them come at the same moment?",
        "e.g. of two calls with credits for one, one succeeds; a load clause with simultaneous: 50 shows it",
    ),
    _Topic(
        "WR04",
        any_word("metrics?", "counters?", "counted", "gauges?", "histograms?", "logs?", "logged", "logging", "traces?", "traced", "audit(?:s|ed)?", "audit trail", "alerts?", "alarms?", "dashboards?", "reports? (?:how many|the number)"),
        "metrics: how does anybody see that it writes, how much, and what it refused?",
        "e.g. an operations clause: each refused order is counted and logged with its key, never with its content",
    ),
    _Topic(
        "WR05",
        any_word("roll(?:ed|s)?[ -]?backs?", "rollbacks?", "reverts?", "reverted", "reversible", "undo", "undone", "restor(?:e|es|ed)", "backups?", "compensat-", "reconcil-", "refund(?:s|ed)?", "lost", "loses?", "half[ -]done", "half[ -]written", "partial(?:ly)?", "all or nothing", "switch(?:ed)? off", "feature flags?", "downgrade", "transactions?"),
        "rollback: how is what it wrote put right, when it was wrong or only half done?",
        "e.g. no accepted order is lost; a migration has a way back; a wrong charge is refunded by its key",
    ),
)  # fmt: skip


def writes(outline: Outline) -> str:
    """The word by which the spec says that the change writes data; empty where it does not."""
    for clause in outline.of("load"):
        method = clause.table("request").get("method")
        if isinstance(method, str) and method in _WRITING_METHODS:
            return method
    said = outline.words
    return says(said, _METHOD) or says(said, _WRITING)


def unasked(outline: Outline, _surroundings: Surroundings) -> Iterator[Question]:
    """WR01 to WR05: one question for each thing that the spec has no word on."""
    if outline.data.get("risk") == "trivial" or not (word := writes(outline)):
        return
    said = "\n".join([outline.words, *_measured(outline)])
    for topic in _TOPICS:
        if not says(said, topic.words):
            yield Question(topic.code, ("goal",), f"“{word}” writes data. {topic.message}", topic.hint)


RULES = (unasked,)


def _measured(outline: Outline) -> Iterator[str]:
    """What a measure or a load says without words."""
    for clause in outline.clauses:
        if clause.fields.get("simultaneous"):
            yield "simultaneous"
        for placed in clause.expectations:
            yield {"lost": "lost", "distinct": "duplicates", "attempts": "attempts"}.get(
                placed.value.metric, ""
            )
