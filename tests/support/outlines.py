"""Bits of specs as plain data, and what the lint asks of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent_gate.spec.outline import Outline
from agent_gate.spec.questions import RULES
from agent_gate.spec.questions.rule import Question
from agent_gate.spec.surroundings import Surroundings


def questions(data: Mapping[str, Any], surroundings: Surroundings | None = None) -> list[Question]:
    """All questions to a spec, or to a part of one."""
    around = surroundings or Surroundings(None)
    return [question for rule in RULES for question in rule(Outline(data), around)]


def asked(data: Mapping[str, Any], surroundings: Surroundings | None = None) -> set[str]:
    """The codes of these questions."""
    return {question.code for question in questions(data, surroundings)}


def latency(*clauses: Mapping[str, Any]) -> dict[str, Any]:
    """Latency clauses of one stimulus."""
    return {
        "latency": [{"id": f"LAT-{n}", "stimulus": "a search", **clause} for n, clause in enumerate(clauses)]
    }


def statements(*texts: str) -> dict[str, Any]:
    """Acceptance clauses with these sentences."""
    return {"acceptance": [{"id": f"ACC-{n}", "statement": text} for n, text in enumerate(texts)]}
