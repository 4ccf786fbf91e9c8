"""What a built-in check offers to the runner."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from agent_gate.domain.gate import GateResult
from agent_gate.domain.value import PlainData
from agent_gate.gating.context import GateContext
from agent_gate.gating.request import CheckRequest


def _always(_: CheckRequest) -> bool:
    return True


def _nothing(_: CheckRequest) -> PlainData:
    return {}


async def _no_base(_: GateContext) -> None:
    return


@dataclass(frozen=True)
class Check:
    """A built-in check: how it judges, what its answer depends on, and what it measures on the base."""

    run: Callable[[GateContext], Awaitable[GateResult]]
    inputs: Callable[[CheckRequest], PlainData] = _nothing
    """What it judges by beside both trees, as plain data: all that it may know of spec and policy."""
    applies: Callable[[CheckRequest], bool] = _always
    """Whether there is anything to look at, where the patterns of `scope` cannot tell."""
    measure_base: Callable[[GateContext], Awaitable[None]] = _no_base
