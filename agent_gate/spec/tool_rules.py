"""Which rules ruff and bandit have, without starting either.

Starting bandit takes longer than all the rest of a check, and ruff's full list is long. Both lists are kept
beside this module, made from the versions in requirements.lock. Another version may know more; so what is not listed is a question, never an error, and the gate itself asks the tool.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

RULES_FILE = Path(__file__).with_name("tool_rules.json")


@lru_cache(maxsize=1)
def _lists() -> dict[str, list[str]]:
    lists: dict[str, list[str]] = json.loads(RULES_FILE.read_bytes())
    return lists


def known_rules(tool: str) -> frozenset[str] | None:
    """The codes of the tool's rules; None for a tool whose rules nobody lists."""
    found = _lists().get(tool)
    return None if found is None else frozenset(found)
