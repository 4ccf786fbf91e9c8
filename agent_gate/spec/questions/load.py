"""Load: an amount, a duration, and how much may fail."""

from __future__ import annotations

from collections.abc import Iterator

from agent_gate.domain.measure import ERROR_BUDGET
from agent_gate.spec.outline import Outline
from agent_gate.spec.questions.rule import Question, about
from agent_gate.spec.surroundings import Surroundings


def durations(outline: Outline, _surroundings: Surroundings) -> Iterator[Question]:
    """LO01: a rate that nobody says for how long."""
    for clause in outline.of("load"):
        if not clause.fields.get("for") and not clause.fields.get("simultaneous"):
            message = "for how long? queues and leaks show only after a while"
            yield about(clause, "LO01", "", message, "for: 20s")


def error_budgets(outline: Outline, _surroundings: Surroundings) -> Iterator[Question]:
    """LO02: a load under which everything may fail."""
    for clause in outline.of("load"):
        measured = {placed.value.metric for placed in clause.expectations}
        if measured and not measured & ERROR_BUDGET:
            message = "how much of it may fail? a server that refuses everything is fast, too"
            yield about(clause, "LO02", "expect", message, 'add "error_rate <= 0.1 %" to expect')


def amounts(outline: Outline, _surroundings: Surroundings) -> Iterator[Question]:
    """LO03: a load that says in words how much arrives, and nothing that could send it."""
    for clause in outline.of("load"):
        if not clause.fields.get("rate") and not clause.fields.get("simultaneous"):
            message = "how much arrives? words send no requests"
            yield about(clause, "LO03", "", message, "rate: 50/s, or simultaneous: 50 for a race")


RULES = (durations, error_budgets, amounts)
