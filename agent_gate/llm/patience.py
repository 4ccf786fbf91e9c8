"""How long we wait for a provider, and how often we ask again."""

from __future__ import annotations

import random
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from time import time

from pydantic import Field, ValidationError

from agent_gate.domain.value import Value
from agent_gate.errors import UsageError

_PREFIX = "AGENT_GATE_"


class Patience(Value):
    """Set by environment variables of the same names in capitals, such as AGENT_GATE_RETRY_BASE_S."""

    retries: int = Field(default=4, ge=0, le=20)
    """Tries after the first one."""
    retry_base_s: float = Field(default=1.0, ge=0, le=60, allow_inf_nan=False)
    retry_cap_s: float = Field(default=30.0, ge=0, le=600, allow_inf_nan=False)
    retry_after_cap_s: float = Field(default=120.0, ge=0, le=3600, allow_inf_nan=False)
    """A provider that asks for a longer pause is not waited for."""
    stall_s: float = Field(default=300.0, gt=0, le=3600, allow_inf_nan=False)
    """The longest silence, before the first piece of a reply and between two."""
    reply_s: float = Field(default=1800.0, gt=0, le=86400, allow_inf_nan=False)
    """The longest reply."""

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Patience:
        """As the environment sets it; raises UsageError."""
        named = {name: f"{_PREFIX}{name.upper()}" for name in cls.model_fields}
        stated = {name: environ[variable] for name, variable in named.items() if variable in environ}
        try:
            return cls.model_validate(stated)
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0])
            raise UsageError(
                f"{named[name]}={stated[name]}: {first['msg']}", hint="correct or unset it"
            ) from None

    def pause_s(self, retry: int, asked_s: float | None) -> float | None:
        """Seconds before the given retry (1 is the first), or None where the provider asks for too many.

        Exponential backoff with full jitter (Brooker, "Exponential Backoff And Jitter", AWS, 2015). A pause
        that the provider asks for is kept in full, with a little on top, so that not all come back at once.
        """
        if asked_s is None:
            return random.uniform(0, min(self.retry_cap_s, self.retry_base_s * 2 ** (retry - 1)))  # noqa: S311 - no secret
        if asked_s > self.retry_after_cap_s:
            return None
        return asked_s + random.uniform(0, self.retry_base_s)  # noqa: S311


def retry_after_s(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """The pause that a provider asks for: Retry-After in seconds or as a date (RFC 9110, 10.2.3)."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.replace(".", "", 1).isdigit():
        return float(value)
    try:
        asked = parsedate_to_datetime(value)
        return max(0.0, asked.timestamp() - (time() if now is None else now))
    except (ValueError, OverflowError):
        return None
