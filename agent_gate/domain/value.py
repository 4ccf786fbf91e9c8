"""What all values share: they are frozen, refuse unknown fields, and have one canonical form."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from agent_gate.domain.digest import canonical_json, sha256
from agent_gate.domain.visible import writable


class Value(BaseModel):
    """A frozen value. Two equal values have the same canonical JSON and so the same digest."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    def canonical(self) -> bytes:
        """Canonical JSON of the whole value, UTF-8."""
        return canonical_json(self.model_dump(mode="json"))

    @property
    def digest(self) -> str:
        """`sha256:` and 64 hex digits over the canonical JSON."""
        return sha256(self.canonical())


def _check_plain(value: Any) -> None:
    """Refuses what would not come back from JSON as it went in, or could not be written at all."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            _check_plain(str(key))
            _check_plain(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _check_plain(item)
    elif isinstance(value, str):
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise ValueError("a text holds half a character (a lone surrogate)")
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a number must be finite")
    elif value is not None and not isinstance(value, bool | int | float):
        raise ValueError(f"{type(value).__name__} is not allowed here: write it as text")


def _plain(value: Mapping[str, Any]) -> Mapping[str, Any]:
    _check_plain(value)
    return value


PlainData = Annotated[Mapping[str, Any], AfterValidator(_plain)]
"""A table whose keys are not ours to fix: texts, finite numbers, truth values, lists and tables."""


def _writable(value: Any) -> Any:
    return writable(value) if isinstance(value, str) else value


WritableText = Annotated[str, BeforeValidator(_writable)]
"""What a tool or a file's name said, in whatever bytes: what is no text stands as escapes."""
