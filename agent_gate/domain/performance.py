"""Load and latency: how much arrives, and how long anybody waits for an answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from agent_gate.domain.clause import Clause, Scenario, SpecValue, listed, with_measures
from agent_gate.domain.field_types import Duration, Expectation, Rate, Text
from agent_gate.domain.value import PlainData


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
        return with_measures(self.stimulus, self.expect)

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
            measure=listed(self.expect),
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
        return with_measures(self.stimulus, self.expect)

    @property
    def scenario(self) -> Scenario:
        """The load that it is measured under is the environment."""
        loads = (f"under {v.target}" for v in self.verified_by if v.kind == "load" and v.target)
        return Scenario(
            stimulus=self.stimulus,
            environment=", ".join(loads),
            response="it is answered",
            measure=listed(self.expect),
        )
