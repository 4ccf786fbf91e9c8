"""What can show that a clause holds: `kind:target`, as it is written in a spec."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from agent_gate.domain.visible import quoted

VERIFIERS_WITH_TARGET: Mapping[str, str] = {
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
"""The kinds that need a target, each with an example."""
VERIFIERS_WITH_OPTIONAL_TARGET: Mapping[str, str] = {"load": "load:LOAD-1", "fault": "fault:FAIL-1"}
"""The kinds that measure: the clause itself, or under the load or the fault of another clause."""
MEASURING = frozenset({*VERIFIERS_WITH_OPTIONAL_TARGET, "benchmark", "locust"})
"""The kinds that give numbers, so that a clause's `expect` can be compared."""


class Verifier(NamedTuple):
    """One thing that can show that a clause holds: a test, a rule, a gate, or a person's word."""

    kind: str
    target: str = ""

    @classmethod
    def parse(cls, text: str) -> Verifier:
        """Reads `pytest:tests/test_a.py::test_b`, `load`, `manual: what to see`; raises ValueError."""
        kind, _, target = (part.strip() for part in text.partition(":"))
        if kind in VERIFIERS_WITH_OPTIONAL_TARGET or (kind in VERIFIERS_WITH_TARGET and target):
            return cls(kind, target)
        if kind in VERIFIERS_WITH_TARGET:
            raise ValueError(f"{kind!r} needs a target, for instance {VERIFIERS_WITH_TARGET[kind]!r}")
        known = ", ".join(sorted({*VERIFIERS_WITH_TARGET, *VERIFIERS_WITH_OPTIONAL_TARGET}))
        raise ValueError(f"{quoted(text)} is no verifier; the kinds are {known}")

    def __str__(self) -> str:
        separator = ": " if self.kind == "manual" else ":"
        return f"{self.kind}{separator}{self.target}" if self.target else self.kind
