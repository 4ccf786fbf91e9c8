"""What a person types on one line, as the text of a field, and back."""

from __future__ import annotations

import re
from collections.abc import Mapping

from agent_gate.domain.verifier import VERIFIERS_WITH_OPTIONAL_TARGET, VERIFIERS_WITH_TARGET
from agent_gate.drafting.draft import items_of
from agent_gate.drafting.question import Field

_KINDS = "|".join([*VERIFIERS_WITH_TARGET, *VERIFIERS_WITH_OPTIONAL_TARGET])
_BETWEEN: Mapping[str, re.Pattern[str]] = {
    "verified_by": re.compile(rf"\s*[;,]\s*(?=(?:{_KINDS})\b)"),
    "expect": re.compile(r"\s*[;,]\s*"),
}
"""What stands between two items. A sentence after `manual:` may hold commas."""
_BETWEEN_WORDS = re.compile(r"[\s,;]+")


def text_of_line(field: Field, line: str) -> str:
    """The text of the field: of a list, one item a line."""
    if field.kind != "list":
        return line.strip()
    return "\n".join(part for part in _BETWEEN.get(field.name, _BETWEEN_WORDS).split(line.strip()) if part)


def as_typed(field: Field, text: str) -> str:
    """The field's text on one line, as it could be typed."""
    return ", ".join(items_of(text)) if field.kind == "list" else " ".join(text.split())
