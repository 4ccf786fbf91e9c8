"""The spec: what a change must survive, as clauses that each name what will verify them.

The vocabulary is the field's own: a clause is a quality scenario cut to stimulus, response and
measure (Bass, Clements, Kazman, *Software Architecture in Practice*, ch. 3), STRIDE letters name the
kind of threat (Shostack, *Threat Modeling*), CWE ids the weakness.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from agent_gate.domain.measure import Duration, Rate, measure_problem
from agent_gate.domain.pattern import Pattern, matches
from agent_gate.domain.value import PlainData, Value, canonical_json

SCHEMA = "agent-gate/spec/v1"
ANSWERABLE_SECTIONS = ("load", "latency", "failure_modes", "security")
VERIFIERS_WITH_TARGET = frozenset(
    {"pytest", "benchmark", "schemathesis", "locust", "ruff", "bandit", "semgrep", "gate", "manual"}
)
VERIFIERS_WITH_OPTIONAL_TARGET = frozenset({"load", "fault"})

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
ClauseId = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9]*(-[A-Z0-9]+)*$")]


class Verifier(Value):
    """One thing that can show that a clause holds: a test, a rule, a gate, or a person's word."""

    kind: str
    target: str = ""

    @model_validator(mode="after")
    def _known_kind(self) -> Self:
        if self.kind in VERIFIERS_WITH_OPTIONAL_TARGET or (
            self.kind in VERIFIERS_WITH_TARGET and self.target
        ):
            return self
        if self.kind in VERIFIERS_WITH_TARGET:
            raise ValueError(f"{self.kind!r} needs a target, for instance {_EXAMPLES[self.kind]!r}")
        known = ", ".join(sorted(VERIFIERS_WITH_TARGET | VERIFIERS_WITH_OPTIONAL_TARGET))
        raise ValueError(f"{str(self)!r} is no verifier; the kinds are {known}")

    def __str__(self) -> str:
        separator = ": " if self.kind == "manual" else ":"
        return f"{self.kind}{separator}{self.target}" if self.target else self.kind

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads `pytest:tests/test_a.py::test_b`, `load`, `manual: what to see`; raises ValueError."""
        kind, _, target = text.partition(":")
        try:
            return cls(kind=kind.strip(), target=target.strip())
        except ValidationError as error:
            raise ValueError(error.errors()[0]["msg"].removeprefix("Value error, ")) from None


_EXAMPLES = {
    "pytest": "pytest:tests/test_orders.py::test_same_key",
    "benchmark": "benchmark:tests/bench_orders.py::test_create",
    "schemathesis": "schemathesis:/orders",
    "locust": "locust:loadtests/orders.py",
    "ruff": "ruff:S608",
    "bandit": "bandit:B608",
    "semgrep": "semgrep:rules.no-raw-sql",
    "gate": "gate:bandit",
    "manual": "manual: the lock is taken before the balance is read",
}


class Clause(Value):
    """What every clause has: a stable id and what verifies it."""

    id: ClauseId
    verified_by: tuple[Verifier, ...] = Field(min_length=1)
    expect: tuple[str, ...] = ()

    @field_validator("verified_by", mode="before")
    @classmethod
    def _parse_verifiers(cls, value: Any) -> Any:
        if not isinstance(value, list | tuple):
            return value
        for item in value:
            if isinstance(item, Mapping) and len(item) == 1 and "kind" not in item:
                kind, target = next(iter(item.items()))
                raise ValueError(f'a verifier is a text; write it in quotes: "{kind}: {target}"')
            if not isinstance(item, str | Mapping | Verifier):
                raise ValueError(f"{item!r} is no verifier; write a text such as 'pytest:tests/test_a.py'")  # noqa: TRY004 - pydantic reports ValueError
        return tuple(Verifier.parse(item) if isinstance(item, str) else item for item in value)

    @field_validator("expect")
    @classmethod
    def _check_expectations(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            if problem := measure_problem(text):
                raise ValueError(f"{text!r}: {problem}")
        return value

    @property
    def manual_alone(self) -> bool:
        """Only a person's word can verify it."""
        return all(verifier.kind == "manual" for verifier in self.verified_by)

    @property
    def sentence(self) -> str:
        """The clause in one line, for lists and reports."""
        raise NotImplementedError  # each kind of clause words itself


class LoadClause(Clause):
    """How much arrives, how fast, for how long."""

    stimulus: Text
    request: PlainData = Field(default={})
    rate: Rate = ""
    simultaneous: int | None = Field(default=None, gt=0)
    for_: Duration = Field(default="", alias="for")
    data: PlainData = Field(default={})

    @model_validator(mode="after")
    def _one_kind_of_load(self) -> Self:
        if self.rate and self.simultaneous:
            raise ValueError("write rate, or simultaneous, not both")
        return self

    @property
    def sentence(self) -> str:
        """The stimulus and its measures."""
        return _joined(self.stimulus, self.expect)


class LatencyClause(Clause):
    """How fast the answer has to be, and under which load."""

    stimulus: Text

    @property
    def sentence(self) -> str:
        """The stimulus and its measures."""
        return _joined(self.stimulus, self.expect)


class FailureModeClause(Clause):
    """What breaks, what that does, what the system does about it (the columns of an FMEA)."""

    cause: Text
    response: Text
    effect: str = ""
    detection: str = ""
    recovery: str = ""
    fault: PlainData = Field(default={})

    @property
    def sentence(self) -> str:
        """Cause and response."""
        return f"{self.cause} → {self.response}"


class SecurityClause(Clause):
    """A threat and what the change does about it."""

    threat: Text
    response: Text
    stride: tuple[Literal["S", "T", "R", "I", "D", "E"], ...] = ()
    cwe: tuple[Annotated[str, StringConstraints(pattern=r"^CWE-\d+$")], ...] = ()
    asvs: tuple[Annotated[str, StringConstraints(pattern=r"^v\d+(\.\d+)*-\d+(\.\d+)*$")], ...] = ()

    @property
    def sentence(self) -> str:
        """Threat and response."""
        return f"{self.threat} → {self.response}"


class StatementClause(Clause):
    """Acceptance, operations and approach: one sentence that must be true."""

    statement: Text

    @property
    def sentence(self) -> str:
        """The statement itself."""
        return self.statement


class Paths(Value):
    """Which files the change may touch. `deny` wins over `allow`."""

    allow: tuple[Pattern, ...] = Field(min_length=1)
    deny: tuple[Pattern, ...] = ()

    def permits(self, path: str) -> bool:
        """Whether the change may touch this path."""
        return matches(path, self.allow) and not matches(path, self.deny)


class Spec(Value):
    """What a person asks for: the goal, where it may be reached, and what it must survive."""

    schema_: Literal["agent-gate/spec/v1"] = Field(alias="schema")
    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
    title: Text
    goal: Text
    risk: Literal["trivial", "standard", "critical"] = "standard"
    paths: Paths
    context: tuple[Pattern, ...] = ()
    services: Mapping[str, PlainData] = {}
    load: tuple[LoadClause, ...] = ()
    latency: tuple[LatencyClause, ...] = ()
    failure_modes: tuple[FailureModeClause, ...] = ()
    security: tuple[SecurityClause, ...] = ()
    acceptance: tuple[StatementClause, ...] = ()
    operations: tuple[StatementClause, ...] = ()
    approach: tuple[StatementClause, ...] = ()
    not_applicable: Mapping[str, Text] = {}

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """All clauses, in the order of the sections."""
        return tuple(clause for _, section in self.sections() for clause in section)

    def sections(self) -> Iterator[tuple[str, tuple[Clause, ...]]]:
        """The sections that hold clauses, by name."""
        for name in (*ANSWERABLE_SECTIONS, "acceptance", "operations", "approach"):
            yield name, getattr(self, name)

    def canonical(self) -> bytes:
        """Canonical JSON under the names that the file uses."""
        return canonical_json(self.model_dump(mode="json", by_alias=True))

    @field_validator("title")
    @classmethod
    def _one_line(cls, value: str) -> str:
        if len(value.splitlines()) > 1:
            raise ValueError("the title is one line; it becomes the subject of the commit")
        return value

    @field_validator("not_applicable")
    @classmethod
    def _known_sections(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        for name in value:
            if name not in ANSWERABLE_SECTIONS:
                raise ValueError(
                    f"{name!r} cannot be not applicable; only {', '.join(ANSWERABLE_SECTIONS)} can"
                )
        return value

    @model_validator(mode="after")
    def _clause_ids_are_unique(self) -> Self:
        seen: set[str] = set()
        for name, section in self.sections():
            for index, clause in enumerate(section):
                if clause.id in seen:
                    raise _misplaced(f"the clause id {clause.id} is used twice", name, index, "id")
                seen.add(clause.id)
        return self

    @model_validator(mode="after")
    def _sections_are_answered(self) -> Self:
        if self.risk == "trivial":
            return self
        for name in ANSWERABLE_SECTIONS:
            answered, waved = bool(getattr(self, name)), name in self.not_applicable
            if answered and waved:
                raise _misplaced("it has clauses, so it cannot be not applicable", "not_applicable", name)
            if waved and self.risk == "critical":
                raise _misplaced("a critical spec answers every section", "not_applicable", name)
            if not answered and not waved:
                raise _misplaced("not answered: add a clause, or give a reason under not_applicable", name)
        return self

    @model_validator(mode="after")
    def _critical_rests_on_machines(self) -> Self:
        if self.risk != "critical":
            return self
        for name, section in self.sections():
            for index, clause in enumerate(section):
                if name != "approach" and clause.manual_alone:
                    problem = "in a critical spec manual alone suffices only under approach: add a verifier that a machine runs"
                    raise _misplaced(problem, name, index, "verified_by")
        return self


def _misplaced(problem: str, *where: str | int) -> PydanticCustomError:
    """A problem that only the whole spec shows, with the field that a reader has to change."""
    return PydanticCustomError("spec", "{problem}", {"problem": problem, "where": where})


def _joined(stimulus: str, expectations: tuple[str, ...]) -> str:
    return f"{stimulus}: {', '.join(expectations)}" if expectations else stimulus
