"""The questions that a senior engineer would ask of a spec. One file a topic, one function a question.

A rule reads the outline and the repository, asks, and decides nothing: no question blocks a run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from agent_gate.spec.outline import Outline
from agent_gate.spec.questions import (
    contradictions,
    failure,
    latency,
    load,
    measures,
    paths,
    proportion,
    security,
    verifiers,
    writing,
)
from agent_gate.spec.questions.rule import Question
from agent_gate.spec.surroundings import Surroundings

Rule = Callable[[Outline, Surroundings], Iterator[Question]]

RULES: tuple[Rule, ...] = (
    *verifiers.RULES,
    *measures.RULES,
    *contradictions.RULES,
    *load.RULES,
    *latency.RULES,
    *failure.RULES,
    *security.RULES,
    *paths.RULES,
    *proportion.RULES,
    *writing.RULES,
)
