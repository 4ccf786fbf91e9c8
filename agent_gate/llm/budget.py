"""What a question may cost: reserved before it is asked, charged afterwards. In micro-dollars, no floats.

A provider bills what it generated whether or not we can use it, so the reservation is an upper bound
(the prompt with a margin for foreign tokenizers, and a reply as long as the cap that the request sets) and
the charge is what was really used.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from decimal import ROUND_FLOOR, Decimal
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field

from agent_gate.domain.proposal import Usage
from agent_gate.domain.value import Value
from agent_gate.errors import BudgetError

REPLY_CAP_TOKENS = 16_384
"""The longest reply that is asked of a model with a price; a change that needs more is too big to review."""
_MICRO = 1_000_000


class Quote(Value):
    """The most that one question can cost."""

    prompt_tokens: int = Field(ge=0)
    reply_cap_tokens: int | None = None
    """What the request allows the model to write; None where nothing is at stake."""
    microusd: int | None = None
    """None where the price of the model is not known."""
    local: bool = False
    """The model runs on this machine: free."""


class Budget(Value):
    """What may be spent, and what is spent already."""

    limit_microusd: int = Field(ge=0)
    spent_microusd: int = Field(default=0, ge=0)
    unknown_price: Literal["refuse", "allow"] = "refuse"

    @property
    def left_microusd(self) -> int:
        """Never below zero."""
        return max(0, self.limit_microusd - self.spent_microusd)

    def reserve(self, quote: Quote) -> int:
        """The micro-dollars to hold back for the question; raises BudgetError where they are not there."""
        if quote.local:
            return 0
        if quote.microusd is None:
            if self.unknown_price == "allow":
                return 0
            raise BudgetError(
                "the price of this model is not known, so no budget can hold it; nothing was asked",
                hint='choose a model with a known price, or set [model] unknown_price = "allow" in agent-gate.toml',
            )
        if quote.microusd > self.left_microusd:
            raise BudgetError(
                f"the next question could cost {dollars(quote.microusd)} and {dollars(self.left_microusd)} of "
                f"{dollars(self.limit_microusd)} is left; nothing was asked",
                hint="raise --budget-usd or [model] budget_usd, show the model fewer files, or take a cheaper model",
            )
        return quote.microusd

    def charge(self, usage: Usage, reserved_microusd: int = 0) -> Budget:
        """The budget after a question, usable reply or not. Usage without a price costs what was reserved."""
        cost = usage.cost_microusd if usage.cost_microusd is not None else reserved_microusd
        return self.model_copy(update={"spent_microusd": self.spent_microusd + cost})


def microusd(usd: Decimal) -> int:
    """A limit in dollars as whole micro-dollars, rounded down."""
    return int((usd * _MICRO).to_integral_value(ROUND_FLOOR))


def dollars(amount_microusd: int) -> str:
    """For people: `$0.0123`."""
    return f"${Decimal(amount_microusd) / _MICRO:.4f}"


def prompt_bound(counted_tokens: int) -> int:
    """More tokens than the provider will count.

    We count with one tokenizer for all models; vendors' own find up to a third more in source code.
    """
    return -(-counted_tokens * 4 // 3)


def add(first: Usage, second: Usage) -> Usage:
    """Two usages together; an unknown price makes the sum unknown."""
    known = first.cost_microusd is not None and second.cost_microusd is not None
    return Usage(
        prompt_tokens=first.prompt_tokens + second.prompt_tokens,
        completion_tokens=first.completion_tokens + second.completion_tokens,
        cost_microusd=(first.cost_microusd or 0) + (second.cost_microusd or 0) if known else None,
    )


def is_local(provider: str, environ: Mapping[str, str], default_base: str | None = None) -> bool:
    """Whether every address that the environment gives this provider is on this machine.

    Every, because a provider has more than one variable for it and the library chooses. `default_base` is
    where the library would go without any.
    """
    prefix = provider.upper().removesuffix("_CHAT")
    stated = [environ.get(f"{prefix}{ending}", "") for ending in ("_API_BASE", "_BASE_URL")]
    bases = [base for base in stated if base] or ([default_base] if default_base else [])
    return bool(bases) and all(is_loopback(base) for base in bases)


def is_loopback(url: str) -> bool:
    """Whether a URL's host is this machine by its very name; nothing is looked up."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
