"""The words of the traceability matrix: one source for the terminal, the UI and the reports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from agent_gate.domain.traceability import WAIVER, ClauseResult
from agent_gate.domain.verification import VerifierResult
from agent_gate.domain.verifier import MEASURING

AWAITS_PERSON = "awaits a person"
SIGNS: Mapping[str, str] = {
    "verified": "✓",
    "violated": "✗",
    "unverified": "○",
    AWAITS_PERSON: "●",
    "waived": "~",
}
"""The sign of each state. Colour may repeat it, and never stands alone."""


class MatrixRow(NamedTuple):
    """One thing that was required of a clause, and what was seen. All are texts of others: not yet made visible."""

    verifier: str
    required: str
    measured: str
    """What was seen; where that decides nothing, why."""
    state: str
    sign: str
    model_written: bool

    @property
    def line(self) -> str:
        """`p95 <= 50 ms: 31 ms`: required and measured in one line."""
        return ": ".join(filter(None, (self.required, self.measured)))


class MatrixClause(NamedTuple):
    """A clause with its rows."""

    clause: str
    sentence: str
    state: str
    sign: str
    rows: tuple[MatrixRow, ...]

    @property
    def telling(self) -> MatrixRow:
        """The row that tells most, where there is room for one: what violates, what is missing, what waits."""
        order = ("waived", "violated", "unverified", AWAITS_PERSON, "verified")
        return min(self.rows, key=lambda row: order.index(row.state))


def matrix(clauses: Iterable[ClauseResult]) -> tuple[MatrixClause, ...]:
    """The clauses as they are shown, in their order."""
    return tuple(_clause(clause) for clause in clauses)


def _clause(clause: ClauseResult) -> MatrixClause:
    state = AWAITS_PERSON if clause.awaits_person else clause.state
    rows = tuple(_row(item) for item in clause.evidence)
    return MatrixClause(clause.clause, clause.sentence, state, SIGNS[state], rows)


def _row(item: VerifierResult) -> MatrixRow:
    kind = item.verifier.partition(":")[0]
    state = AWAITS_PERSON if item.awaits_person else item.state
    return MatrixRow(
        # What a person must see is what is required; it need not stand there twice.
        verifier=kind if kind == "manual" else item.verifier,
        required=item.required,
        measured=_measured(kind, item),
        state=state,
        sign=SIGNS[state],
        model_written=item.model_written,
    )


def _measured(kind: str, item: VerifierResult) -> str:
    if item.measured and kind in {"manual", WAIVER}:
        return f"{item.measured} ({item.basis})"
    if item.measured and (item.state == "verified" or (item.state == "violated" and kind in MEASURING)):
        return item.measured
    return item.basis
