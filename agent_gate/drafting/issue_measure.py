"""Measures that a sentence states in plain words. Where it states none, none is made up."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from agent_gate.domain.measure import plain_number

_NUMBER = r"(?P<number>\d{1,3}(?:,\d{3}){1,2}|\d{1,9}(?:\.\d{1,3})?)"
_RATE = re.compile(
    rf"(?<![\w.,]){_NUMBER}\s*(?:[a-z]+\s+){{0,2}}?(?:[a-z]*\s*/\s*s(?:ec(?:ond)?)?\b|(?:per|a|each|every)\s+second\b|rps\b|qps\b)",
    re.IGNORECASE,
)
_AT_ONCE = re.compile(
    r"(?<![\w.,])(?P<number>\d{1,6})\s+(?:(?:concurrent|simultaneous|parallel)\b|(?:[a-z]+\s+){1,3}?(?:at once|at the same time|simultaneously|concurrently|in parallel)\b)",
    re.IGNORECASE,
)
_FOR = re.compile(
    rf"\bfor\s+{_NUMBER}\s*(?P<unit>ms|milliseconds?|s|sec(?:ond)?s?|m|min(?:ute)?s?|h|hours?)\b",
    re.IGNORECASE,
)
_WAIT = re.compile(
    rf"(?P<limit>within|under|below|less than|at most|no more than|not more than|faster than|up to|in|<=?|≤)\s*{_NUMBER}\s*"
    r"(?P<unit>ms|milliseconds?|s|sec(?:ond)?s?)\b",
    re.IGNORECASE,
)
_PERCENTILE = re.compile(
    r"\bp(?P<short>50|90|95|99)\b|\b(?P<long>50|90|95|99)th[ -]percentile\b", re.IGNORECASE
)
_ERRORS = re.compile(
    r"(?:error rate|errors?|failures?)\s*(?:of|is|stays?|:)?\s*(?:at most|below|under|less than|<=?|≤|up to)\s*(?P<first>\d{1,2}(?:\.\d{1,4})?)\s*%"
    r"|(?:at most|below|under|less than|<=?|≤|fewer than)\s*(?P<second>\d{1,2}(?:\.\d{1,4})?)\s*%\s*(?:of\s+\w+\s+)?(?:errors?|error rate|fail)",
    re.IGNORECASE,
)
_RELATIVE = re.compile(
    r"\b(?:adds?|added|additional|extra|more than before|slower|overhead)\b", re.IGNORECASE
)
_SPEAKS_OF_WAITING = re.compile(
    r"\b(?:respon\w*|answer\w*|tak(?:e|es|ing)|latency|load(?:s|ing|ed)?|render\w*|complet\w*|finish\w*|p50|p90|p95|p99|percentile|wait\w*"
    r"|overhead|adds?|fast\w*|time|open(?:s|ing)?|start(?:s|ing)?|shown?|appears?|done|reply|replies|runs?|stays?|under|below)\b",
    re.IGNORECASE,
)
_WINDOW = re.compile(
    r"\b(?:attempts?|times|requests?|calls?|failures?|errors?|retries)\s+(?:with)?in\b", re.IGNORECASE
)
"""`5 attempts within 60 s` counts in a window; nobody waits for it."""
_STRICTLY = frozenset({"under", "below", "less than", "faster than", "<"})


def load_of(text: str) -> Mapping[str, str]:
    """`rate` or `simultaneous`, and `for`, as a load clause takes them; empty where no load is told."""
    if found := _RATE.search(text):
        amount = {"rate": f"{plain_number(_number(found))}/s"}
    elif found := _AT_ONCE.search(text):
        amount = {"simultaneous": str(int(found["number"]))}
    else:
        return {}
    lasting = _FOR.search(text)
    return {**amount, "for": _duration(lasting)} if lasting and "rate" in amount else amount


def wait_of(text: str) -> str | None:
    """The measure of a wait; empty where a limit is told but not for whom; None where none is told."""
    found = _WAIT.search(text)
    if not found or _number(found) == 0 or _WINDOW.search(text) or not _SPEAKS_OF_WAITING.search(text):
        return None
    percentile = _PERCENTILE.search(text)
    if percentile is None or _RELATIVE.search(text):
        return ""
    unit = "ms" if found["unit"].lower().startswith("m") else "s"
    operator = "<" if found["limit"].lower() in _STRICTLY else "<="
    return f"p{percentile['short'] or percentile['long']} {operator} {plain_number(_number(found))} {unit}"


def error_budget(text: str) -> str:
    """The measure of how much may fail; empty where nothing is told."""
    found = _ERRORS.search(text)
    if not found:
        return ""
    return f"error_rate <= {plain_number(Decimal(found['first'] or found['second']))} %"


def _duration(found: re.Match[str]) -> str:
    unit, number = found["unit"].lower(), _number(found)
    if unit.startswith(("ms", "milli")):
        return f"{plain_number(number)}ms"
    seconds = number * (3600 if unit.startswith("h") else 60 if unit.startswith("m") else 1)
    return f"{plain_number(seconds)}s"


def _number(found: re.Match[str]) -> Decimal:
    return Decimal(found["number"].replace(",", ""))
