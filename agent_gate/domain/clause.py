"""The clauses of a spec: quality scenarios, cut to what a person has to say and a machine can hold.

A scenario has six parts: source, stimulus, environment, artifact, response, response measure (Bass,
Clements, Kazman, *Software Architecture in Practice*, 4th ed., ch. 3). The short forms of the file name
only those that differ from clause to clause; `scenario` puts each where it belongs. Failure modes have the
columns of an FMEA (IEC 60812:2018): cause, effect, response, detection, recovery. Threats are named by
STRIDE letters (Shostack, *Threat Modeling*, ch. 3), weaknesses by CWE ids (MITRE), requirements by
versioned OWASP ASVS ids (ASVS 5.0, "v<version>-<chapter>.<section>.<requirement>").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, StringConstraints

from agent_gate.domain.field_types import ClauseId, Duration, Expectation, Rate, Text, Verifier
from agent_gate.domain.value import PlainData, Value, canonical_json

STRIDE: Mapping[str, str] = {
    "S": "spoofing",
    "T": "tampering",
    "R": "repudiation",
    "I": "information disclosure",
    "D": "denial of service",
    "E": "elevation of privilege",
}


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
    def manual_alone(self) -> bool:
        """Only a person's word can verify it."""
        return all(verifier.kind == "manual" for verifier in self.verified_by)

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


class Request(SpecValue):
    """The request that puts load on a service."""

    service: Annotated[
        str, Field(description="The name of a service under `services`.", examples=["shop"])
    ] = ""
    method: Annotated[
        Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
        Field(description="The HTTP method."),
    ] = "GET"
    path: Annotated[
        str,
        StringConstraints(pattern=r"^/"),
        Field(description="The path, with a leading slash.", examples=["/orders"]),
    ]
    query: Annotated[PlainData, Field(description="Query parameters.")] = Field(default={})
    headers: Annotated[Mapping[str, str], Field(description="Header fields.")] = {}
    json_: Annotated[
        Any,
        Field(alias="json", description="The body, sent as JSON.", examples=[{"sku": "a1", "quantity": 1}]),
    ] = None
    body: Annotated[str, Field(description="The body as it is, instead of `json`.")] = ""


class SeededData(SpecValue):
    """What has to be there before the load begins."""

    seed: Annotated[
        str, Field(description="The command that puts it there.", examples=["python seed.py"])
    ] = ""
    rows: Annotated[
        int, Field(strict=True, ge=0, description="How many records that makes.", examples=[100000])
    ] = 0


class LoadClause(Clause):
    """How much arrives, how fast, for how long, and how much of it may fail."""

    stimulus: Annotated[
        Text,
        Field(
            description="What arrives: how much, how fast, for how long, on how much data.",
            examples=["50 orders a second for 20 s, with 100,000 orders stored"],
        ),
    ]
    request: Annotated[Request | None, Field(description="The request that is sent.")] = None
    rate: Annotated[Rate | None, Field(description="Requests a second, sent at their times whatever comes back (an open model).")] = None  # fmt: skip
    simultaneous: Annotated[
        int | None,
        Field(strict=True, gt=0, description="So many at once, for races; instead of `rate`.", examples=[50]),
    ] = None
    for_: Annotated[
        Duration | None, Field(alias="for", description="How long the load lasts.", examples=["20s"])
    ] = None
    data: Annotated[SeededData | None, Field(description="The data that it runs on.")] = None
    expect: Annotated[
        tuple[Expectation, ...],
        Field(min_length=1, description="What must hold under it; at least how much may fail.", examples=[["error_rate <= 0.1 %"]]),
    ]  # fmt: skip

    @property
    def sentence(self) -> str:
        """The stimulus and its measures."""
        return _joined(self.stimulus, self.expect)

    @property
    def scenario(self) -> Scenario:
        """The rate and the data are the environment, the request's service the artifact."""
        conditions = (
            f"{self.rate}" if self.rate else "",
            f"{self.simultaneous} at once" if self.simultaneous else "",
            f"for {self.for_}" if self.for_ else "",
            f"with {self.data.rows} records" if self.data and self.data.rows else "",
        )
        asked = f"{self.request.method} {self.request.path}" if self.request else ""
        artifact = " of ".join(part for part in (asked, self.request.service if self.request else "") if part)
        return Scenario(
            stimulus=self.stimulus,
            environment=" ".join(filter(None, conditions)),
            artifact=artifact,
            response="it is served",
            measure=_listed(self.expect),
        )


class LatencyClause(Clause):
    """How fast the answer has to be, and under which load."""

    stimulus: Annotated[
        Text,
        Field(
            description="Which request, by whom, under which load clause.",
            examples=["an order under LOAD-1"],
        ),
    ]
    expect: Annotated[
        tuple[Expectation, ...],
        Field(min_length=1, description="Percentiles and their limits, absolute or against the base.", examples=[["p95 <= 50 ms", "p95 <= base + 10 %"]]),
    ]  # fmt: skip

    @property
    def sentence(self) -> str:
        """The stimulus and its measures."""
        return _joined(self.stimulus, self.expect)

    @property
    def scenario(self) -> Scenario:
        """The load that it is measured under is the environment."""
        loads = (f"under {v.target}" for v in self.verified_by if v.kind == "load" and v.target)
        return Scenario(
            stimulus=self.stimulus,
            environment=", ".join(loads),
            response="it is answered",
            measure=_listed(self.expect),
        )


class Fault(SpecValue):
    """A failure that is brought about on purpose, and what must be seen while it lasts."""

    kind: Annotated[
        Text,
        Field(
            description="What is done: slow, refuse, reset, blackhole, cut or drip a connection; stop, kill or hang a process; fill the disk; and the like.",
            examples=["blackhole"],
        ),
    ]
    target: Annotated[
        str, Field(description="The service under `services` that it is done to.", examples=["db"])
    ] = ""
    after: Annotated[Duration | None, Field(description="How long after the load began.", examples=["5s"])] = None  # fmt: skip
    for_: Annotated[
        Duration | None, Field(alias="for", description="How long it lasts.", examples=["5s"])
    ] = None
    expect: Annotated[
        tuple[Expectation, ...],
        Field(min_length=1, description="What must hold while it lasts.", examples=[["status == 503", "max <= 1 s"]]),
    ]  # fmt: skip

    def __str__(self) -> str:
        parts = (
            self.kind,
            self.target,
            f"after {self.after}" if self.after else "",
            f"for {self.for_}" if self.for_ else "",
        )
        return " ".join(filter(None, parts))


class FailureModeClause(Clause):
    """What breaks, what that does, what the system does about it (the columns of an FMEA)."""

    cause: Annotated[
        Text, Field(description="What breaks.", examples=["the database stops answering for 5 s"])
    ]
    response: Annotated[
        Text,
        Field(
            description="What the system does about it, and by when.",
            examples=["503 with Retry-After within 1 s, no accepted order is lost"],
        ),
    ]
    effect: Annotated[
        str,
        Field(description="What it does to whoever uses this.", examples=["orders cannot be stored"]),
    ] = ""
    detection: Annotated[
        str,
        Field(
            description="How anybody would know at 3 in the morning: a counter, a log line, an alert.",
            examples=["the counter orders_unavailable rises"],
        ),
    ] = ""
    recovery: Annotated[
        str, Field(description="How it comes back, and how soon.", examples=["normal answers within 2 s"])
    ] = ""
    fault: Annotated[
        Fault | None, Field(description="The failure brought about on purpose, to be measured.")
    ] = None

    @property
    def expectations(self) -> tuple[Expectation, ...]:
        """Its own measures, and those that hold during the fault."""
        return (*self.expect, *(self.fault.expect if self.fault else ()))

    @property
    def sentence(self) -> str:
        """Cause and response."""
        return f"{self.cause} → {self.response}"

    @property
    def scenario(self) -> Scenario:
        """The cause is the stimulus; the fault is the environment, its target the artifact."""
        return Scenario(
            stimulus=self.cause,
            environment=str(self.fault) if self.fault else "",
            artifact=self.fault.target if self.fault else "",
            response=self.response,
            measure=_listed(self.expectations),
        )


class SecurityClause(Clause):
    """A threat and what the change does about it."""

    threat: Annotated[
        Text, Field(description="Who does what to whom.", examples=["SQL injection through the order note"])
    ]
    response: Annotated[
        Text, Field(description="What stops it.", examples=["only bound parameters reach the database"])
    ]
    stride: Annotated[
        tuple[Literal["S", "T", "R", "I", "D", "E"], ...],
        Field(
            description="The kinds of threat: " + ", ".join(f"{k} {v}" for k, v in STRIDE.items()) + ".",
            examples=[["T", "I"]],
            json_schema_extra={
                "items": {"type": "string", "enum": list(STRIDE), "enumDescriptions": list(STRIDE.values())}
            },
        ),
    ] = ()
    cwe: Annotated[
        tuple[Annotated[str, StringConstraints(pattern=r"^CWE-[0-9]+$"), Field(examples=["CWE-89"])], ...],
        Field(description="The weaknesses, as CWE ids.", examples=[["CWE-89"]]),
    ] = ()
    asvs: Annotated[
        tuple[
            Annotated[
                str,
                StringConstraints(pattern=r"^v[0-9]+(\.[0-9]+)*-[0-9]+(\.[0-9]+)*$"),
                Field(examples=["v5.0.0-1.2.4"]),
            ],
            ...,
        ],
        Field(
            description="The requirements of the OWASP ASVS that it answers, with the version.",
            examples=[["v5.0.0-1.2.4"]],
        ),
    ] = ()

    @property
    def sentence(self) -> str:
        """Threat and response."""
        return f"{self.threat} → {self.response}"

    @property
    def scenario(self) -> Scenario:
        """An attacker is the source; the kinds of threat are the environment."""
        return Scenario(
            source="an attacker",
            stimulus=self.threat,
            environment=", ".join(STRIDE[letter] for letter in self.stride),
            response=self.response,
            measure=_listed(self.expect),
        )


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
        return Scenario(response=self.statement, measure=_listed(self.expect))


def _joined(stimulus: str, expectations: Iterable[Expectation]) -> str:
    measures = _listed(expectations)
    return f"{stimulus}: {measures}" if measures else stimulus


def _listed(expectations: Iterable[Expectation]) -> str:
    return ", ".join(map(str, expectations))
