"""The policy: what a repository demands, read from the base commit only."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from agent_gate.domain.digest import canonical_json
from agent_gate.domain.field_types import Pattern
from agent_gate.domain.gate import Severity
from agent_gate.domain.pattern import matches
from agent_gate.domain.value import PlainData, Value


def _one_spelling(amount: Decimal) -> Decimal:
    """1, 1.0 and 1.00 are one amount, so they have one digest."""
    return Decimal(f"{amount.normalize():f}")


Dollars = Annotated[Decimal, Field(ge=0), AfterValidator(_one_spelling)]


class ModelPolicy(Value):
    """Which model types, how often, for how much. Money never binds a verdict."""

    default: str = ""
    fallbacks: tuple[str, ...] = ()
    attempts: int = Field(default=3, ge=1, le=20)
    budget_usd: Dollars = Decimal(1)
    budget_usd_per_day: Dollars = Decimal(20)
    unknown_price: Literal["refuse", "allow"] = "refuse"


class GateOptions(Value):
    """What a policy may say about one gate; it can only be stricter than nothing."""

    block_at: Severity | None = None
    changed_lines: int | None = Field(default=None, ge=0, le=100)
    timeout_s: int | None = Field(default=None, gt=0, le=3600)
    shards: int | None = Field(default=None, ge=1, le=64)
    """In how many processes at most the tests run, instead of one for each processor."""
    licences: tuple[str, ...] | None = None
    """SPDX identifiers that a new dependency may have, instead of the gate's own list."""
    minimum_age_days: int | None = Field(default=None, ge=0, le=3650)
    """How long ago a new dependency must have been released first."""


class GatesPolicy(Value):
    """Which gates must pass, and which only ask."""

    required: tuple[str, ...] = ("scope", "integrity", "secrets", "ruff", "bandit", "tests")
    advisory: tuple[str, ...] = ("dependencies", "coverage")
    options: Mapping[str, GateOptions] = {"bandit": GateOptions(block_at="medium")}


class ApprovalPolicy(Value):
    """Who has to agree, and how the commit says so."""

    required: int = Field(default=1, ge=1)
    independent: bool = False
    signatures: Literal["required", "when-available"] = "when-available"
    ai_trailer: Literal["assisted-by", "generated-by", "forbid"] = "assisted-by"


class SandboxPolicy(Value):
    """Whether the candidate's code may only run confined."""

    require: bool = True


class EnvironmentPolicy(Value):
    """With which interpreter and which dependencies the code under test runs."""

    python: str = ""
    install: str = ""


class PathsPolicy(Value):
    """Files whose change is a question to the approver."""

    protected: tuple[Pattern, ...] = (
        ".github/**",
        "agent-gate.toml",
        ".agent-gate/**",
        "conftest.py",
        "pyproject.toml",
        "CODEOWNERS",
    )


class ProposerPolicy(Value):
    """A wrapped agent instead of a model."""

    command: tuple[str, ...] = ()
    network: bool = False


class Zone(Value):
    """Part of the repository with rules of its own."""

    name: str = Field(min_length=1)
    paths: tuple[Pattern, ...] = Field(min_length=1)
    risk: Literal["trivial", "standard", "critical"] = "standard"
    gates: tuple[str, ...] = ()
    approvals: int = Field(default=1, ge=1)


class Policy(Value):
    """All keys have defaults: a repository without a policy works."""

    model: ModelPolicy = ModelPolicy()
    proposer: ProposerPolicy = ProposerPolicy()
    gates: GatesPolicy = GatesPolicy()
    approval: ApprovalPolicy = ApprovalPolicy()
    sandbox: SandboxPolicy = SandboxPolicy()
    environment: EnvironmentPolicy = EnvironmentPolicy()
    paths: PathsPolicy = PathsPolicy()
    services: Mapping[str, PlainData] = {}
    zones: tuple[Zone, ...] = ()

    def canonical(self) -> bytes:
        """Without the settings that say nothing: one that a later version knows changes no digest."""
        return canonical_json(self.model_dump(mode="json", exclude_none=True))

    @property
    def not_enforced(self) -> tuple[str, ...]:
        """What is stated beside the defaults and has no effect in this version, as keys of the file."""
        plain, model = Policy(), self.model
        stated = {
            "model.fallbacks": model.fallbacks != plain.model.fallbacks,
            "model.budget_usd_per_day": model.budget_usd_per_day != plain.model.budget_usd_per_day,
            "services": self.services != plain.services,
        }
        return tuple(key for key, differs in stated.items() if differs)

    def zones_of(self, paths: Collection[str] | None) -> tuple[Zone, ...]:
        """The zones that a change of these paths enters; all of them where the paths are not known."""
        if paths is None:
            return self.zones
        return tuple(zone for zone in self.zones if any(matches(path, zone.paths) for path in paths))

    def required_gates(self, paths: Collection[str] | None) -> frozenset[str]:
        """The gates that must pass for a change of these paths."""
        return frozenset({*self.gates.required, *(g for z in self.zones_of(paths) for g in z.gates)})

    def required_approvals(self, paths: Collection[str] | None) -> int:
        """How many different people must approve a change of these paths."""
        return max([self.approval.required, *(zone.approvals for zone in self.zones_of(paths))])
