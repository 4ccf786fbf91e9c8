"""The field types of specs and policies: how a text in a file becomes a value, and a value a text again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Protocol, Self, TypeVar

from pydantic import AfterValidator, PlainSerializer, PlainValidator, StringConstraints, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue

from agent_gate.domain.measure import OPENSLO_OPERATORS
from agent_gate.domain.measure import Duration as DurationValue
from agent_gate.domain.measure import Expectation as ExpectationValue
from agent_gate.domain.measure import Rate as RateValue
from agent_gate.domain.pattern import checked_pattern
from agent_gate.domain.verifier import VERIFIERS_WITH_OPTIONAL_TARGET, VERIFIERS_WITH_TARGET
from agent_gate.domain.verifier import Verifier as VerifierValue


class _ShortForm(Protocol):
    @classmethod
    def parse(cls, text: str) -> Self: ...


Short = TypeVar("Short", bound=_ShortForm)


def _reader(kind: type[Short]) -> Callable[[Any], Short]:
    def read(value: Any) -> Short:
        if isinstance(value, kind):
            return value
        if isinstance(value, Mapping) and len(value) == 1:
            name, target = next(iter(value.items()))
            raise ValueError(f'it is a text; write it in quotes: "{name}: {target}"')
        if not isinstance(value, str):
            raise ValueError(f"{value!r} is no text")  # noqa: TRY004 - pydantic reports ValueError
        return kind.parse(value)

    return read


def _json(format_: str, description: str, *examples: str) -> JsonSchemaValue:
    return {"type": "string", "format": format_, "description": description, "examples": list(examples)}


_OPERATORS = " ".join(f"{sign} ({name})" for sign, name in OPENSLO_OPERATORS.items())


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
"""A text that says something."""
ClauseId = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9]*(-[A-Z0-9]+)*$", max_length=40)]
Pattern = Annotated[str, AfterValidator(checked_pattern), WithJsonSchema(_json("agent-gate-pattern", "A path pattern as in .gitignore, relative to the repository's root.", "shop/**"))]  # fmt: skip
"""A path pattern: refused with its problem where it is none."""
Rate = Annotated[RateValue, PlainValidator(_reader(RateValue)), PlainSerializer(str), WithJsonSchema(_json("agent-gate-rate", "So many a second.", "50/s"))]  # fmt: skip
Duration = Annotated[DurationValue, PlainValidator(_reader(DurationValue)), PlainSerializer(str), WithJsonSchema(_json("agent-gate-duration", "A number and us, ms or s.", "20s"))]  # fmt: skip
Expectation = Annotated[
    ExpectationValue,
    PlainValidator(_reader(ExpectationValue)),
    PlainSerializer(str),
    WithJsonSchema(
        _json(
            "agent-gate-expectation",
            "A measure: metric, operator, value, unit; or a comparison with the base. Metrics: p50 p90 p95 p99 max "
            "recovery (us ms s), error_rate (%), throughput (/s), memory (MB), succeeded failed lost (a number or %), "
            f"attempts findings count status distinct(FIELD) (a number). Operators: {_OPERATORS}, and == and != for what is counted.",
            "p95 <= 50 ms",
            "p95 <= base + 10 %",
            "error_rate <= 0.1 %",
            "throughput >= 50 /s",
            "status == 503",
            "succeeded == 1",
            "lost == 0",
            "distinct(order_id) == 1",
            "recovery <= 2 s",
            "memory <= 200 MB",
        )
    ),
]
Verifier = Annotated[
    VerifierValue,
    PlainValidator(_reader(VerifierValue)),
    PlainSerializer(str),
    WithJsonSchema(
        _json(
            "agent-gate-verifier",
            "What shows that the clause holds: pytest:NODEID, benchmark:NODEID, load, load:CLAUSE, fault, "
            "fault:CLAUSE, schemathesis:PATH, locust:FILE, ruff:RULE, bandit:TEST, semgrep:RULE, gate:ID, or "
            "'manual: what the reviewer must see'.",
            *VERIFIERS_WITH_TARGET.values(),
            *VERIFIERS_WITH_OPTIONAL_TARGET,
            *VERIFIERS_WITH_OPTIONAL_TARGET.values(),
        )
    ),
]
