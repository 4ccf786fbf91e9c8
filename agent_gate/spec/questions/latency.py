"""Latency: a percentile, the load that it is measured under, and enough samples for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from agent_gate.domain.measure import PERCENTILES
from agent_gate.domain.verifier import MEASURING
from agent_gate.spec.outline import ClauseOutline, Outline
from agent_gate.spec.questions.rule import Question, about
from agent_gate.spec.surroundings import Surroundings

_ENOUGH: Mapping[str, int] = {"p90": 100, "p95": 200, "p99": 2000}
"""Below so many samples ten of them or fewer lie above the percentile: another run gives another value."""


def percentiles(outline: Outline, _surroundings: Surroundings) -> Iterator[Question]:
    """LA01: an average hides exactly those who wait."""
    for clause in outline.of("latency"):
        metrics = {placed.value.metric for placed in clause.expectations}
        if metrics and not metrics & set(PERCENTILES):
            message = "for whom? without a percentile nobody knows how many wait longer"
            yield about(clause, "LA01", "expect", message, 'for instance "p95 <= 50 ms"')


def loads(outline: Outline, _surroundings: Surroundings) -> Iterator[Question]:
    """LA02: an idle server answers fast, so a percentile wants the load that it is measured under."""
    for clause in outline.of("latency"):
        kinds = {placed.value.kind for placed in clause.verifiers if placed.value.target}
        if _percentiles(clause) and not kinds & MEASURING:
            known = next((load.id for load in outline.of("load")), "LOAD-1")
            message = "measured under which load? an idle server is always fast"
            hint = f"verified_by: [load:{known}], or benchmark:NODEID for a function"
            yield about(clause, "LA02", "", message, hint)


def samples(outline: Outline, _surroundings: Surroundings) -> Iterator[Question]:
    """LA03: a percentile of so few requests is luck."""
    by_id = {load.id: load for load in outline.of("load")}
    for clause in (*outline.of("latency"), *outline.of("load")):
        under = [clause] if clause.section == "load" else [by_id.get(t) for t in _targets(clause)]
        for load in under:
            requests = _requests(load) if load else None
            worst = max(
                (m for m in _percentiles(clause) if m in _ENOUGH), key=_ENOUGH.__getitem__, default=""
            )
            if requests is None or not worst or requests >= _ENOUGH[worst]:
                continue
            message = f"{requests:f} requests are too few for {worst}: it wants {_ENOUGH[worst]} or more"
            yield about(
                clause, "LA03", "expect", message, "let the load last longer, or take a lower percentile"
            )


RULES = (percentiles, loads, samples)


def _percentiles(clause: ClauseOutline) -> list[str]:
    return [placed.value.metric for placed in clause.expectations if placed.value.metric in PERCENTILES]


def _targets(clause: ClauseOutline) -> list[str]:
    return [placed.value.target for placed in clause.verifiers if placed.value.kind == "load"]


def _requests(load: ClauseOutline) -> Decimal | None:
    """How many requests the load sends, where that can be known."""
    if load.rate and load.duration:
        return (load.rate.per_second * load.duration.seconds).to_integral_value()
    simultaneous = load.fields.get("simultaneous")
    return Decimal(simultaneous) if isinstance(simultaneous, int) else None
