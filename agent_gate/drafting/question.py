"""What the form asks: the sections of a spec, the question a senior would ask, and an example of each field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

FieldKind = Literal["line", "text", "list", "table", "choice"]
"""`text` may have several lines, `list` is one item a line, `table` is YAML such as `{kind: refuse}`."""


@dataclass(frozen=True)
class Field:
    """One field of the form, under the name that the spec file uses."""

    name: str
    kind: FieldKind = "line"
    example: str = ""
    advice: str = ""
    """Asked beside the field while it is empty."""
    rare: bool = False
    """Shown when it is filled in or asked for."""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Section:
    """One page of the form."""

    name: str
    title: str
    question: str
    fields: tuple[Field, ...] = ()
    """The fields of the section itself."""
    clause: tuple[Field, ...] = ()
    """The fields of each of its clauses, after the id."""
    prefix: str = ""
    """With which the ids of its clauses begin."""
    answerable: bool = False
    """It may be waved away with a reason."""


def _verified_by(example: str) -> Field:
    return Field(
        "verified_by", "list", example, "what would show it? a test, a rule, a gate, or a person's word"
    )


_MEASURES = "error_rate <= 0.1 %"
_MEASURED = Field(
    "expect", "list", "count == 1", "a number that must hold: metric, operator, value, unit", rare=True
)


def _statement(example: str) -> Field:
    return Field("statement", "text", example, "one sentence that is true or false")


SECTIONS: tuple[Section, ...] = (
    Section(
        "goal",
        "Goal",
        "What will be different for whoever uses this, in words they would use?",
        fields=(
            Field("title", "line", "Create an order once", "it becomes the subject of the commit"),
            Field("id", "line", "orders-once", "short and unique in this repository"),
            Field("goal", "text", "POST /orders stores an order once, however often the client retries."),
            Field("risk", "choice", choices=("trivial", "standard", "critical")),
        ),
    ),
    Section(
        "paths",
        "Paths",
        "What is the smallest part of the repository that this needs to touch?",
        fields=(
            Field("allow", "list", "shop/**", "one pattern a line, as in .gitignore"),
            Field("deny", "list", "shop/payments/**", "what it must not touch, even inside the above"),
            Field("context", "list", "shop/orders.py", "files that the model always sees"),
        ),
    ),
    Section(
        "load",
        "Load",
        "How much arrives at the worst hour, and what grows with it?",
        fields=(
            Field(
                "services",
                "table",
                'shop: {start: "uvicorn shop.app:app --port {port}", ready: /healthz}',
                "which processes take part, how do they start, and when are they ready?",
                rare=True,
            ),
        ),
        clause=(
            Field(
                "stimulus",
                "text",
                "50 orders a second for 20 s, with 100,000 orders stored",
                "how much, how fast, for how long, on how much data?",
            ),
            Field(
                "rate", "line", "50/s", "so many a second, or leave it and say how many at once", rare=True
            ),
            Field("simultaneous", "line", "50", "all at once, for races", rare=True),
            Field("for", "line", "20s", "for how long? leaks and queues show only after a while", rare=True),
            Field(
                "request",
                "table",
                "{service: shop, method: POST, path: /orders, json: {sku: a1, quantity: 1}}",
                "which request is sent? with query, headers, json or body, as it needs them",
                rare=True,
            ),
            Field(
                "data",
                "table",
                '{seed: "python seed.py", rows: 100000}',
                "how much is stored already, and what puts it there?",
                rare=True,
            ),
            Field("expect", "list", _MEASURES, "a measure: metric, operator, value, unit"),
            _verified_by("load"),
        ),
        prefix="LOAD",
        answerable=True,
    ),
    Section(
        "latency",
        "Latency",
        "Who waits for the answer, and when do they stop waiting?",
        clause=(
            Field("stimulus", "text", "an order under LOAD-1", "which request, under which load?"),
            Field("expect", "list", "p95 <= 50 ms", "a percentile and a limit, or: p95 <= base + 10 %"),
            _verified_by("load:LOAD-1"),
        ),
        prefix="LAT",
        answerable=True,
    ),
    Section(
        "failure_modes",
        "Failure modes",
        "What happens to this when the thing it depends on stops answering?",
        clause=(
            Field("cause", "text", "the database stops answering for 5 s", "what breaks?"),
            Field("effect", "text", "orders cannot be stored", "what would that do to the user?", rare=True),
            Field(
                "response",
                "text",
                "503 with Retry-After within 1 s, no accepted order is lost",
                "what does the system do about it, by when?",
            ),
            Field(
                "detection",
                "text",
                "the counter orders_unavailable rises",
                "how would you know at 3 in the morning?",
            ),
            Field("recovery", "text", "normal answers within 2 s", "how does it come back, and how soon?"),
            Field(
                "fault",
                "table",
                '{kind: blackhole, target: shop, after: 5s, for: 5s, expect: ["status == 503", "max <= 1 s"]}',
                "brought about on purpose: what, to which service, for how long, and what must be seen?",
                rare=True,
            ),
            _MEASURED,
            _verified_by("pytest:tests/test_outage.py::test_database_down"),
        ),
        prefix="FAIL",
        answerable=True,
    ),
    Section(
        "security",
        "Security",
        "Who would gain from misusing this, and what would they send?",
        clause=(
            Field("threat", "text", "SQL injection through the order note", "who does what to whom?"),
            Field("response", "text", "only bound parameters reach the database", "what stops it?"),
            Field(
                "stride",
                "list",
                "T",
                "spoofing, tampering, repudiation, information disclosure, denial of service, elevation: one letter a line",
                rare=True,
            ),
            Field("cwe", "list", "CWE-89", "the weakness, as MITRE numbers it", rare=True),
            Field(
                "asvs",
                "list",
                "v5.0.0-1.2.4",
                "the requirement of the OWASP ASVS, with its version",
                rare=True,
            ),
            _MEASURED,
            _verified_by("bandit:B608"),
        ),
        prefix="SEC",
        answerable=True,
    ),
    Section(
        "acceptance",
        "Acceptance",
        "What would you try by hand, before you believed that it works?",
        clause=(
            _statement("the same Idempotency-Key returns the first order"),
            _MEASURED,
            _verified_by("pytest:tests/test_orders.py::test_same_key_same_order"),
        ),
        prefix="ACC",
    ),
    Section(
        "operations",
        "Operations",
        "How is it watched, rolled back and paid for, once it runs?",
        clause=(
            _statement("each refused order is counted and logged with its key, never with its content"),
            _MEASURED,
            _verified_by("pytest:tests/test_orders.py::test_refusal_is_counted"),
        ),
        prefix="OPS",
    ),
    Section(
        "approach",
        "Approach",
        "Which decisions are already taken, that the model must follow?",
        clause=(
            _statement("PostgreSQL, row-level lock on the credit row; no new dependency"),
            _MEASURED,
            _verified_by("manual: the lock is taken before the balance is read"),
        ),
        prefix="DEC",
    ),
)
BY_NAME: Mapping[str, Section] = {section.name: section for section in SECTIONS}
NOT_APPLICABLE = Field(
    "not_applicable", "text", "a nightly job; nobody waits for it", "or say why there is nothing to ask here"
)
"""Shown in sections that are answerable and hold no clause."""
CLAUSE_ID = Field("id", "line")
