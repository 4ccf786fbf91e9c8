"""What licence a package's metadata names, and whether a list allows it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

_LONGEST = 300
_TOKEN = re.compile(r"\(|\)|[A-Za-z0-9.+:-]+")


def licence_of(metadata: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """The licence as an SPDX expression, or as it is written; empty where none is told.

    `metadata` is a wheel's as JSON (pip's installation report). First the expression (PEP 639), then the
    classifiers (all of them: which of several may be chosen they do not say), then the free text, where
    `names` translates titles to SPDX identifiers.
    """
    expression = metadata.get("license_expression")
    if isinstance(expression, str) and expression.strip():
        return " ".join(expression.split())[:_LONGEST]
    classifiers = metadata.get("classifier")
    told = [
        str(classifier).rpartition("::")[2].strip()
        for classifier in (classifiers if isinstance(classifiers, list) else [])
        if str(classifier).startswith("License ::") and not str(classifier).endswith("OSI Approved")
    ]
    text = str(metadata.get("license") or "").strip()
    free = [" ".join(text.split())] if 0 < len(text) <= _LONGEST and "\n" not in text else []
    return " AND ".join(spdx(each, names) for each in told or free)


def spdx(title: str, names: Mapping[str, str]) -> str:
    """The SPDX identifier of a licence's title; the title where it has none that is known."""
    return names.get(title.casefold(), title)


def is_allowed(expression: str, allowed: Collection[str]) -> bool:
    """Whether an SPDX expression (Annex D of the specification) can be met with allowed licences alone.

    What cannot be read is not allowed.
    """
    tokens = _TOKEN.findall(expression)
    if not tokens or len(expression) > _LONGEST * 2 or "".join(tokens) != re.sub(r"\s", "", expression):
        return False
    wanted = {licence.casefold() for licence in allowed}
    met, rest = _either(tokens, wanted)
    return met and not rest


def _either(tokens: list[str], allowed: Collection[str]) -> tuple[bool, list[str]]:
    met, rest = _both(tokens, allowed)
    while rest and rest[0].upper() == "OR":
        other, rest = _both(rest[1:], allowed)
        met = met or other
    return met, rest


def _both(tokens: list[str], allowed: Collection[str]) -> tuple[bool, list[str]]:
    met, rest = _one(tokens, allowed)
    while rest and rest[0].upper() == "AND":
        other, rest = _one(rest[1:], allowed)
        met = met and other
    return met, rest


def _one(tokens: list[str], allowed: Collection[str]) -> tuple[bool, list[str]]:
    if not tokens:
        return False, ["?"]
    if tokens[0] == "(":
        met, rest = _either(tokens[1:], allowed)
        return (met, rest[1:]) if rest[:1] == [")"] else (False, ["?"])
    name, rest = tokens[0].casefold(), tokens[1:]
    if rest[:1] and rest[0].upper() == "WITH":  # an exception only permits more
        rest = rest[2:]
    return name.removesuffix("+") in allowed or name in allowed, rest
