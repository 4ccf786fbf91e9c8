"""Clauses that contradict each other: no measured value satisfies both, or one sentence denies another."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from agent_gate.domain.measure import PERCENTILES, Expectation
from agent_gate.domain.verifier import MEASURING
from agent_gate.spec.outline import ClauseOutline, Outline
from agent_gate.spec.questions.rule import Question, about
from agent_gate.spec.remark import Where
from agent_gate.spec.surroundings import Surroundings

_NEGATION = re.compile(r"\b(?:not|never|no|without|cannot|neither|nor)\b|n't\b", re.IGNORECASE)
_BOUND = re.compile(
    r"\b(?:at (?:most|least)|exactly|within|under|below|above|up to|(?:no )?(?:more|less|fewer) than|maximum|minimum)\b",
    re.IGNORECASE,
)
_STATUS = re.compile(r"\b[1-5]\d\d\b")
_WORD = re.compile(r"\w+(?:\.\d+)?")
_FILLER = frozenset({"a", "an", "the", "is", "are", "be", "does", "do", "did", "will", "shall", "must", "may", "can", "it", "any", "ever"})  # fmt: skip


def of_measures(outline: Outline, _surroundings: Surroundings) -> Iterator[Question]:
    """ME03: two measures of the same thing that no value satisfies.

    Of each metric only the tightest limits so far are kept, so that the time grows with the file only.
    """
    seen: dict[tuple[str, str], _Limits] = defaultdict(_Limits)
    for claim in (claim for clause in outline.clauses for claim in _claims(clause)):
        rival = seen[claim.condition, claim.quantity].add(claim)
        if rival is not None:
            message = f"{claim.expectation} contradicts {rival.expectation} of {rival.clause.id}"
            hint = "no measured value satisfies both: keep one, or say under which other condition it holds"
            yield Question("ME03", claim.where, message, hint, claim.clause.id)


def of_sentences(outline: Outline, _surroundings: Surroundings) -> Iterator[Question]:
    """ME03: the same sentence with and without a not, or with two bounds."""
    said: dict[frozenset[str], _Statement] = {}
    for other in _statements(outline):
        one = said.setdefault(other.words, other)
        if one.negated != other.negated:
            message = f"{other.clause.id} denies what {one.clause.id} says"
        elif one.bound and other.bound and one.bound != other.bound:
            message = f"{other.bound} here, and {one.bound} in the same sentence of {one.clause.id}"
        else:
            continue
        yield about(other.clause, "ME03", other.field, message, "keep one of the two")


def of_responses(outline: Outline, _surroundings: Surroundings) -> Iterator[Question]:
    """ME03: one cause, answered with two statuses."""
    answers: dict[frozenset[str], tuple[str, frozenset[str]]] = {}
    for mode in outline.of("failure_modes"):
        statuses = frozenset(_STATUS.findall(mode.text("response")))
        if not statuses or not mode.text("cause"):
            continue
        first, before = answers.setdefault(_stems(mode.text("cause")), (mode.id, statuses))
        if not statuses & before:
            message = f"the same cause answers {min(statuses)} here, and {min(before)} in {first}"
            yield about(mode, "ME03", "response", message, "keep one of the two, or tell the causes apart")


RULES = (of_measures, of_sentences, of_responses)


class _Claim(NamedTuple):
    clause: ClauseOutline
    where: Where
    expectation: Expectation
    condition: str
    """Under which load or fault it is measured; its own where it says none."""

    @property
    def quantity(self) -> str:
        """What it speaks of: all percentiles speak of one distribution."""
        return "wait" if self.expectation.metric in PERCENTILES else self.expectation.name

    @property
    def rank(self) -> Decimal:
        """A quantity of a higher rank is never below one of a lower rank."""
        return PERCENTILES.get(self.expectation.metric, Decimal(0))

    @property
    def floor(self) -> _Bound | None:
        """What the value is not below."""
        operator, limit = self.expectation.operator, self.expectation.limit
        return _Bound(limit.scaled, operator == ">") if limit and operator in {">", ">=", "=="} else None

    @property
    def ceiling(self) -> _Bound | None:
        """What the value is not above; negated, so that the greater bound is the tighter one."""
        operator, limit = self.expectation.operator, self.expectation.limit
        return _Bound(-limit.scaled, operator == "<") if limit and operator in {"<", "<=", "=="} else None


class _Bound(NamedTuple):
    value: Decimal
    strict: bool


class _Limits:
    """The tightest floor and ceiling of each rank, and who set them."""

    def __init__(self) -> None:
        self._floors: dict[Decimal, tuple[_Bound, _Claim]] = {}
        self._ceilings: dict[Decimal, tuple[_Bound, _Claim]] = {}

    def add(self, claim: _Claim) -> _Claim | None:
        """Takes a claim in, and gives an earlier one that it contradicts."""
        rivals = [
            other
            for mine, theirs, lower in (
                (claim.floor, self._ceilings, True),
                (claim.ceiling, self._floors, False),
            )
            for rank, (bound, other) in theirs.items()
            if mine and (rank >= claim.rank if lower else rank <= claim.rank) and _exclude(mine, bound)
        ]
        for mine, kept in ((claim.floor, self._floors), (claim.ceiling, self._ceilings)):
            if mine and (claim.rank not in kept or mine > kept[claim.rank][0]):
                kept[claim.rank] = (mine, claim)
        return next(iter(rivals), None)


def _exclude(floor: _Bound, ceiling: _Bound) -> bool:
    """Whether nothing lies between them; one of the two is negated."""
    gap = floor.value + ceiling.value
    return gap > 0 or (gap == 0 and (floor.strict or ceiling.strict))


class _Statement(NamedTuple):
    clause: ClauseOutline
    field: str
    words: frozenset[str]
    bound: str
    """The one number of a sentence that sets a limit."""
    negated: bool


def _claims(clause: ClauseOutline) -> Iterator[_Claim]:
    under = sorted(str(p.value) for p in clause.verifiers if p.value.kind in MEASURING and p.value.target)
    own = f"load:{clause.id}" if clause.section == "load" else f"{clause.section}:{clause.text('stimulus') or clause.id}"  # fmt: skip
    for placed in clause.expectations:
        if placed.value.limit is None:
            continue  # compared with the base, whose value nobody knows yet
        in_fault = "fault" in placed.where
        condition = f"fault:{clause.id}" if in_fault else under[0] if under else own
        yield _Claim(clause, placed.where, placed.value, condition)


def _statements(outline: Outline) -> Sequence[_Statement]:
    found: list[_Statement] = []
    for clause in outline.clauses:
        for placed in clause.prose:
            text: str = placed.value
            numbers = [word for word in _WORD.findall(text) if word[0].isdigit()]
            bound = numbers[0] if len(numbers) == 1 and _BOUND.search(text) else ""
            words = _stems(_NEGATION.sub(" ", text)) - ({bound} if bound else set())
            if len(words) > 1:
                negated = bool(_NEGATION.search(text))
                found.append(_Statement(clause, str(placed.where[2]), words, bound, negated))
    return found


def _stems(text: str) -> frozenset[str]:
    """The words that carry the sentence, in lower case and without the s at their end."""
    words = {word.lower() for word in _WORD.findall(text)} - _FILLER
    return frozenset(word.removesuffix("s") for word in words)
