"""Counts and prices through litellm's tables: what a question may cost, and what it did cost."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, Decimal
from types import ModuleType
from typing import Any

from agent_gate.domain.proposal import Usage
from agent_gate.llm.budget import REPLY_CAP_TOKENS, Quote, is_local, prompt_bound
from agent_gate.llm.completion import ChatMessage
from agent_gate.llm.protocol import CompletionRequest

_LONGEST_NAME = 120


def quote(
    litellm: ModuleType, model: str, messages: Sequence[ChatMessage], environ: Mapping[str, str]
) -> Quote:
    """The most that a question can cost; raises what litellm raises for a name that it cannot read."""
    _, provider, _, base = litellm.get_llm_provider(model)
    tokens = litellm.token_counter(model=model, messages=[message.model_dump() for message in messages])
    if is_local(provider, environ, base):
        return Quote(prompt_tokens=tokens, microusd=0, local=True)
    listed = _listed(litellm, model)
    if listed is None:
        return Quote(prompt_tokens=tokens)
    longest = listed.get("max_output_tokens")
    cap = min(REPLY_CAP_TOKENS, longest) if isinstance(longest, int) and longest > 0 else REPLY_CAP_TOKENS
    price = _price(litellm, model, prompt_tokens=prompt_bound(tokens), completion_tokens=cap)
    return Quote(prompt_tokens=tokens, reply_cap_tokens=cap, microusd=price)


def used(litellm: ModuleType, request: CompletionRequest, reported: Any, generated: str) -> Usage:
    """What a try used: as the provider reports it, else counted by us over what it generated."""
    if reported is not None:
        prompt, completion = reported.prompt_tokens or 0, reported.completion_tokens or 0
    else:
        prompt = request.quote.prompt_tokens
        completion = litellm.token_counter(model=request.model, text=generated) if generated else 0
    price: int | None = 0
    if not request.quote.local:
        price = _price(
            litellm, request.model, prompt_tokens=prompt, completion_tokens=completion, usage_object=reported
        )
    return Usage(prompt_tokens=prompt, completion_tokens=completion, cost_microusd=price)


def full_name(litellm: ModuleType, asked: str, returned: str) -> str:
    """`provider/model` of the model that answered.

    The name comes from outside and ends in a commit's trailer: anything but a name's characters is
    replaced, so that it stays one word on one line.
    """
    _, provider, _, _ = litellm.get_llm_provider(asked)
    name = returned or asked
    name = name if name.startswith(f"{provider}/") else f"{provider}/{name}"
    return re.sub(r"[^A-Za-z0-9._:/@+-]", "_", name)[:_LONGEST_NAME]


def _listed(litellm: ModuleType, model: str) -> Mapping[str, Any] | None:
    """The model's entry in the price table, if it has a price per token."""
    try:
        key = litellm.get_model_info(model)["key"]
    except Exception:  # noqa: BLE001 - litellm raises a bare Exception for a model that it does not list
        return None
    entry: Mapping[str, Any] = litellm.model_cost.get(key, {})
    priced = {"input_cost_per_token", "output_cost_per_token"} <= entry.keys() or "tiered_pricing" in entry
    return entry if priced else None


def _price(litellm: ModuleType, model: str, **tokens: Any) -> int | None:
    """Micro-dollars, rounded up; None where no price is listed."""
    if _listed(litellm, model) is None:
        return None
    prompt, completion = litellm.cost_per_token(model=model, **tokens)
    micro = (Decimal(str(prompt)) + Decimal(str(completion))) * 1_000_000
    return int(micro.to_integral_value(ROUND_CEILING))
