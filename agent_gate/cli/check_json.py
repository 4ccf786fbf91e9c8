"""The JSON form of a check. Its field names are promises."""

from __future__ import annotations

import json

from agent_gate.engine.check_change import CheckOutcome


def outcome_json(outcome: CheckOutcome) -> str:
    """One JSON object for the whole check."""
    verdict = outcome.verdict
    return json.dumps(
        {
            "schema": 1,
            "base": outcome.base,
            "tree": outcome.tree,
            "outcome": verdict.outcome if verdict else "passed",
            "exit_code": int(outcome.exit_code),
            "verdict_digest": verdict.digest if verdict else None,
            "blocking": [reason.model_dump(mode="json") for reason in verdict.blocking] if verdict else [],
            "questions": [reason.model_dump(mode="json") for reason in verdict.questions] if verdict else [],
            "clauses": [clause.model_dump(mode="json") for clause in verdict.clauses] if verdict else [],
            "results": [result.model_dump(mode="json") for result in outcome.results],
        }
    )
