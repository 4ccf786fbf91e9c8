"""What a built-in check offers to the runner."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from agent_gate.domain.gate import GateDefinition, GateResult
from agent_gate.gating.context import GateContext
from agent_gate.gating.request import CheckRequest


def _always(_: CheckRequest) -> bool:
    return True


def _nothing(_: CheckRequest) -> Mapping[str, str]:
    return {}


async def _no_base(_context: GateContext, _definition: GateDefinition) -> None:
    return


@dataclass(frozen=True)
class Check:
    """A built-in check: how it judges, what its answer depends on, and what it measures on the base."""

    run: Callable[[GateContext, GateDefinition], Awaitable[GateResult]]
    inputs: Callable[[CheckRequest], Mapping[str, str]] = _nothing
    applies: Callable[[CheckRequest], bool] = _always
    """Whether there is anything to look at, where the patterns of `scope` cannot tell."""
    measure_base: Callable[[GateContext, GateDefinition], Awaitable[object]] = _no_base
