"""The spec: what a change must survive, as clauses that each name what will verify them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from agent_gate.domain.clause import Clause, SpecValue, StatementClause
from agent_gate.domain.field_types import Pattern, Text
from agent_gate.domain.hazard import FailureModeClause, SecurityClause
from agent_gate.domain.pattern import matches
from agent_gate.domain.performance import LatencyClause, LoadClause
from agent_gate.domain.spec_rules import SECTIONS, whole_spec_problems

SCHEMA = "agent-gate/spec/v1"

_Patterns = tuple[Pattern, ...]


class Paths(SpecValue):
    """Which files the change may touch. `deny` wins over `allow`."""

    allow: Annotated[
        _Patterns,
        Field(min_length=1, description="Files that it may touch.", examples=[["shop/**", "tests/**"]]),
    ]
    deny: Annotated[
        _Patterns, Field(description="Files that it may not touch, even so.", examples=[["shop/payments/**"]])
    ] = ()

    def permits(self, path: str) -> bool:
        """Whether the change may touch this path."""
        return matches(path, self.allow) and not matches(path, self.deny)


class Service(SpecValue):
    """A process that the change runs as, or depends on."""

    start: Annotated[
        Text,
        Field(
            description="The command that starts it; {port} is a free port.",
            examples=["uvicorn shop.app:app --port {port}"],
        ),
    ]
    ready: Annotated[str, Field(description="The path that answers 2xx once it is ready.", examples=["/healthz"])] = ""  # fmt: skip
    port: Annotated[int | None, Field(strict=True, gt=0, lt=65536, description="The port that it listens on.", examples=[5432])] = None  # fmt: skip
    depends: Annotated[
        tuple[str, ...], Field(description="Other services that it needs.", examples=[["db"]])
    ] = ()
    seed: Annotated[str, Field(description="The command that fills it.", examples=["python seed.py"])] = ""
    stop: Annotated[
        str,
        StringConstraints(pattern=r"^(SIG[A-Z0-9]+)?$"),
        Field(description="The signal that stops it.", examples=["SIGTERM"]),
    ] = ""
    env: Annotated[Mapping[str, str], Field(description="Variables of its environment.")] = {}


class Spec(SpecValue):
    """What a person asks for: the goal, where it may be reached, and what it must survive."""

    schema_: Annotated[Literal["agent-gate/spec/v1"], Field(alias="schema", description="The format's name.")]
    id: Annotated[
        str,
        StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80),
        Field(description="Short, kebab-case, unique in the repository.", examples=["orders-once"]),
    ]
    title: Annotated[
        Text, Field(description="One line: the subject of the commit.", examples=["Create an order once"])
    ]
    goal: Annotated[
        Text,
        Field(
            description="What will be different for whoever uses this, in their words.",
            examples=["POST /orders stores an order once, however often the client retries."],
        ),
    ]
    risk: Annotated[
        Literal["trivial", "standard", "critical"],
        Field(
            description="How much there is to lose: trivial, standard or critical.",
            json_schema_extra={
                "enumDescriptions": [
                    "Needs only goal and paths; a machine holds it to 30 changed lines and no new dependency.",
                    "load, latency, failure_modes and security are answered, or not applicable with a reason.",
                    "Every section is answered, by verifiers that a machine runs and by tests that stand already.",
                ]
            },
        ),
    ] = "standard"
    paths: Annotated[Paths, Field(description="Which files the change may touch.")]
    context: Annotated[
        _Patterns, Field(description="Files that the model always sees.", examples=[["shop/orders.py"]])
    ] = ()
    services: Annotated[
        Mapping[str, Service], Field(description="The processes that take part, by name.")
    ] = {}
    load: Annotated[tuple[LoadClause, ...], Field(description="How much arrives at the worst hour.")] = ()
    latency: Annotated[tuple[LatencyClause, ...], Field(description="Who waits, and for how long.")] = ()
    failure_modes: Annotated[
        tuple[FailureModeClause, ...], Field(description="What breaks, and what happens then.")
    ] = ()
    security: Annotated[
        tuple[SecurityClause, ...], Field(description="Who would misuse this, and what stops them.")
    ] = ()
    acceptance: Annotated[
        tuple[StatementClause, ...], Field(description="What anybody can see once it works.")
    ] = ()
    operations: Annotated[
        tuple[StatementClause, ...],
        Field(description="Observability, rollback, cost, compliance, data retention."),
    ] = ()
    approach: Annotated[
        tuple[StatementClause, ...], Field(description="Decisions already taken; the model follows them.")
    ] = ()
    not_applicable: Annotated[
        Mapping[str, Text],
        Field(
            description="Sections that nobody has to think of here, each with the reason; and questions of the lint that need no answer, by code (FM04) or code and clause (FM04:FAIL-2).",
            examples=[{"latency": "a nightly job; nobody waits for it"}],
        ),
    ] = {}

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """All clauses, in the order of the sections."""
        return tuple(clause for _, section in self.sections() for clause in section)

    def sections(self) -> Iterator[tuple[str, tuple[Clause, ...]]]:
        """The sections that hold clauses, by name."""
        for name in SECTIONS:
            yield name, getattr(self, name)

    @model_validator(mode="after")
    def _holds_as_a_whole(self) -> Self:
        for found in whole_spec_problems(self.model_dump(mode="json", by_alias=True)):
            raise PydanticCustomError(
                "spec", "{problem}", {"problem": found.problem, "where": found.where, "hint": found.hint}
            )
        return self
