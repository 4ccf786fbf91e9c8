"""What goes wrong by itself, and what somebody makes go wrong: failure modes and threats.

Failure modes have the columns of an FMEA (IEC 60812:2018): cause, effect, response, detection, recovery.
Threats are named by STRIDE letters (Shostack, *Threat Modeling*, ch. 3), weaknesses by CWE ids (MITRE),
requirements by versioned OWASP ASVS ids (ASVS 5.0, "v<version>-<chapter>.<section>.<requirement>").
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from agent_gate.domain.clause import Clause, Scenario, SpecValue, listed
from agent_gate.domain.field_types import Duration, Expectation, Text

STRIDE: Mapping[str, str] = {
    "S": "spoofing",
    "T": "tampering",
    "R": "repudiation",
    "I": "information disclosure",
    "D": "denial of service",
    "E": "elevation of privilege",
}


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
            measure=listed(self.expectations),
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
            measure=listed(self.expect),
        )
