"""The clauses of a spec: quality scenarios, cut to what a person has to say and a machine can hold.

A scenario has six parts: source, stimulus, environment, artifact, response, response measure (Bass,
Clements, Kazman, *Software Architecture in Practice*, 4th ed., ch. 3). The short forms of the file name
only those that differ from clause to clause; `scenario` puts each where it belongs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, NamedTuple

from pydantic import Field

from agent_gate.domain.digest import canonical_json
from agent_gate.domain.field_types import ClauseId, Expectation, Text, Verifier
from agent_gate.domain.value import Value


class Scenario(NamedTuple):
    """A clause as a quality scenario. A part is empty where the spec does not say it."""

    source: str = ""
    """Who or what causes the stimulus."""
    stimulus: str = ""
    environment: str = ""
    """Under which conditions: the load, the data, the fault."""
    artifact: str = ""
    """What is stimulated."""
    response: str = ""
    measure: str = ""
    """How the response is measured, and against which limits."""


class SpecValue(Value):
    """A part of a spec. Its canonical form leaves defaults out, so that a later, optional field changes no digest."""

    def canonical(self) -> bytes:
        """Canonical JSON under the names that the file uses."""
        return canonical_json(self.model_dump(mode="json", by_alias=True, exclude_defaults=True))


class Clause(SpecValue):
    """What every clause has: an id that stays, and what verifies it.

    The digest covers every word of the clause: evidence for another digest is evidence for another clause.
    """

    id: Annotated[
        ClauseId,
        Field(
            description="The clause's id: it stays when the clause is reworded, and is never used again for another.",
            examples=["LOAD-1"],
        ),
    ]
    verified_by: Annotated[
        tuple[Verifier, ...],
        Field(
            min_length=1,
            description="What shows that the clause holds. All of them must.",
            examples=[["pytest:tests/test_orders.py::test_same_key"]],
        ),
    ]
    expect: Annotated[
        tuple[Expectation, ...],
        Field(description="The measures that must hold.", examples=[["p95 <= 50 ms"]]),
    ] = ()

    @property
    def expectations(self) -> tuple[Expectation, ...]:
        """All that is to be measured."""
        return self.expect

    @property
    def sentence(self) -> str:
        """The clause in one line, for lists and reports."""
        raise NotImplementedError  # each kind of clause words itself

    @property
    def scenario(self) -> Scenario:
        """The clause in the six parts of a quality scenario."""
        raise NotImplementedError  # each kind of clause knows its parts


class StatementClause(Clause):
    """Acceptance, operations and approach: one sentence that must be true."""

    statement: Annotated[
        Text,
        Field(
            description="One sentence that is true or false.",
            examples=["the same Idempotency-Key returns the first order"],
        ),
    ]

    @property
    def sentence(self) -> str:
        """The statement itself."""
        return self.statement

    @property
    def scenario(self) -> Scenario:
        """The statement is the response."""
        return Scenario(response=self.statement, measure=listed(self.expect))


def with_measures(stimulus: str, expectations: Iterable[Expectation]) -> str:
    """The stimulus and its measures, in one line."""
    measures = listed(expectations)
    return f"{stimulus}: {measures}" if measures else stimulus


def listed(expectations: Iterable[Expectation]) -> str:
    """The measures, in one line."""
    return ", ".join(map(str, expectations))
