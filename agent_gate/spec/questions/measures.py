"""Measures: vague words in the place of one, and measures that nothing measures."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent_gate.domain.measure import PERCENTILES
from agent_gate.domain.verifier import MEASURING
from agent_gate.spec.outline import Outline, any_word, says
from agent_gate.spec.questions.rule import Question, about
from agent_gate.spec.surroundings import Surroundings

_VAGUE = any_word(
    "fast", "faster", "quick", "quickly", "slow", "slowly", "performant", "efficient", "efficiently", "responsive",
    "scal(?:e|es|able|ability)", "secure", "securely", "safe", "safely", "robust", "robustly", "reliable", "reliably",
    "resilient", "stable", "gracefully", "graceful", "handle", "handles", "handled", "handling", "user-friendly",
    "easy", "easily", "simple", "simply", "seamless", "seamlessly", "optimal", "optimi[sz]ed", "appropriate",
    "appropriately", "adequate", "adequately", "reasonable", "reasonably", "sufficient", "sufficiently", "acceptable",
    "properly", "correctly", "as needed", "if possible", "etc", "and so on", "should be able to", "state of the art",
    "high-quality", "best practices?", "a lot of", "many", "few", "soon", "large amounts?", "works?(?: (?:well|fine))",
)  # fmt: skip
_COMPOUND = re.compile(
    r"\b(?:thread|async|type|signal|memory|exception|process|case|crash|fail)-(?:un)?safe\w*|\bsafe-\w+",
    re.IGNORECASE,
)
"""Words with a meaning of their own: thread-safe is a promise that a test can break."""
_NUMBER = re.compile(
    r"\d|\b(?:zero|none|never|always|every|each|exactly|only|once|twice|one|two|three|no)\b", re.IGNORECASE
)
"""Digits, and the words that are as good: `never`, `every`, `once`."""


def vague_words(outline: Outline, _surroundings: Surroundings) -> Iterator[Question]:
    """ME04: a word that everybody reads as they like, in a clause with no number beside it."""
    for clause in outline.clauses:
        if any(True for _ in clause.expectations) or _NUMBER.search(clause.words):
            continue
        for placed in clause.prose:
            if word := says(_COMPOUND.sub("", placed.value), _VAGUE):
                message = f"“{word}” says nothing that could be shown to be false"
                hint = "put a number beside it, or say what is seen: a status, a count, a time, a limit"
                yield Question("ME04", placed.where, message, hint, clause.id)
                break


def unmeasured(outline: Outline, _surroundings: Surroundings) -> Iterator[Question]:
    """ME05: load and latency want a verifier that gives numbers. A percentile is asked for its load: LA02."""
    for clause in outline.clauses:
        kinds = {placed.value.kind for placed in clause.verifiers}
        percentile = any(placed.value.metric in PERCENTILES for placed in clause.expectations)
        left = clause.section == "load" or (clause.section == "latency" and not percentile)
        if left and kinds and not kinds & MEASURING:
            hint = "load" if clause.section == "load" else "load:LOAD-1, or benchmark:NODEID for a function"
            message = "nothing that is named here gives numbers"
            yield about(clause, "ME05", "verified_by", message, f"for instance {hint}")


RULES = (vague_words, unmeasured)
