"""The frame of a SARIF 2.1.0 log (OASIS Standard, 27 March 2020), with what GitHub asks of it besides."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

JsonObject = Mapping[str, Any]
SOURCE_ROOT = "SRCROOT"
MOST_RESULTS = 25_000
"""Of a run: GitHub refuses a file in which one has more."""
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif_log(runs: Sequence[JsonObject]) -> str:
    """The whole log as text."""
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": list(runs)})


def sarif_run(
    driver: JsonObject, rules: Sequence[JsonObject], results: Sequence[JsonObject], **more: Any
) -> JsonObject:
    """One run of one tool; columns count characters. Results and rules beyond the limit are the caller's."""
    return {
        "tool": {"driver": {**driver, "rules": list(rules)}},
        "columnKind": "unicodeCodePoints",
        **more,
        "results": list(results),
    }


def sarif_rule(rule: str, text: str, **more: Any) -> JsonObject:
    """A rule with a title."""
    return {"id": rule, "shortDescription": {"text": text}, **more}


def sarif_location(path: str, region: JsonObject | None = None, base_id: str = "") -> JsonObject:
    """A place in a file; without a region the whole file is meant (§3.29.4).

    A relative path is one below `base_id`, where that is named; an absolute one stands for itself.
    """
    uri = quote(os.fsencode(path))
    artifact = {"uri": f"file://{uri}"} if uri.startswith("/") else {"uri": uri}
    if base_id and not uri.startswith("/"):
        artifact["uriBaseId"] = base_id
    place: dict[str, Any] = {"artifactLocation": artifact}
    if region:
        place["region"] = region
    return {"physicalLocation": place}


def sarif_message(text: str) -> JsonObject:
    """A message in which nothing is a link: `[text](target)` would be one (§3.11.6)."""
    return {"text": text.replace("](", "] (")}
