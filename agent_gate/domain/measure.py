"""Measures with their units: a number without its unit says nothing about a time or a size."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import StringConstraints

Rate = Annotated[str, StringConstraints(pattern=r"^(\d+(\.\d+)?\s*/\s*s)?$")]
"""So many a second, with its unit: `50/s`."""
Duration = Annotated[str, StringConstraints(pattern=r"^(\d+(\.\d+)?\s*(us|ms|s))?$")]
"""So long, with its unit: `20s`."""

_EXPECTATION = re.compile(
    r"(?P<metric>\w+)(?:\([\w.]+\))?\s*(?:<=|>=|==|!=|<|>)\s*"
    r"(?:base(?:\s*[+-]\s*\d+(?:\.\d+)?\s*%)?|(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>us|ms|s|%|/s|MB)?)",
    re.ASCII,
)
_TIME = ("us", "ms", "s")
_UNITS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("p50", "p90", "p95", "p99", "max", "recovery"), _TIME),
    "error_rate": ("%",),
    "throughput": ("/s",),
    "memory": ("MB",),
    **dict.fromkeys(("succeeded", "failed", "lost"), ("", "%")),
    **dict.fromkeys(("attempts", "findings", "count", "status", "distinct"), ("",)),
}
"""What each metric is measured in; an empty unit is a plain number."""


def measure_problem(text: str) -> str:
    """Why a text such as `p95 <= 50 ms` is no measure, or an empty string."""
    found = _EXPECTATION.fullmatch(text.strip())
    if not found:
        return "no measure; write 'metric op value', e.g. 'p95 <= 50 ms'"
    metric, number, unit = found["metric"], found["number"], found["unit"] or ""
    if metric not in _UNITS or ("(" in text) != (metric == "distinct"):
        return f"no known metric; they are {', '.join(sorted({*_UNITS, 'distinct(FIELD)'} - {'distinct'}))}"
    if number is None or unit in _UNITS[metric] or (not unit and float(number) == 0):
        return ""
    units = " or ".join(u or "a plain number" for u in _UNITS[metric])
    return f"{metric} is measured in {units}"
