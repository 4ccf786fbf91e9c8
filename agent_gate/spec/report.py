"""What was said about spec files, for programs: JSON and SARIF."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from agent_gate.report.sarif_log import sarif_location, sarif_log, sarif_message, sarif_rule, sarif_run
from agent_gate.spec.codes import CODES, is_error
from agent_gate.spec.lint import Review
from agent_gate.spec.remark import Remark


def as_json(reviews: Iterable[Review]) -> str:
    """One JSON document; the names of its fields are promises."""
    return json.dumps({"schema": 1, "specs": [_review(review) for review in reviews]}, indent=2)


def as_sarif(reviews: Iterable[Review], version: str) -> str:
    """SARIF 2.1.0 (OASIS, 2020): one run, one result a remark."""
    remarks = [(review.path, remark) for review in reviews for remark in review.remarks]
    codes = sorted({remark.code for _, remark in remarks})
    driver = {"name": "agent-gate spec check", "version": version}
    rules = [
        sarif_rule(code, CODES[code].title, defaultConfiguration={"level": _level(code)}) for code in codes
    ]
    results = [_result(path, remark, codes.index(remark.code)) for path, remark in remarks]
    return sarif_log([sarif_run(driver, rules, results)])


def rests_on(review: Review) -> tuple[int, int]:
    """How many clauses a machine verifies, and how many a person; a clause may rest on both."""
    kinds = [{placed.value.kind for placed in clause.verifiers} for clause in review.outline.clauses]
    return sum(bool(named - {"manual"}) for named in kinds), sum("manual" in named for named in kinds)


def _review(review: Review) -> Mapping[str, Any]:
    machine, person = rests_on(review)
    return {
        "path": review.path,
        "id": review.outline.text("id"),
        "risk": review.outline.text("risk") or "standard",
        "clauses": len(review.outline.clauses),
        "by_machine": machine,
        "by_person": person,
        "silenced": review.silenced,
        "remarks": [
            {
                "code": remark.code,
                "level": CODES[remark.code].level,
                "line": remark.place.line,
                "column": remark.place.column,
                "field": remark.field,
                "clause": remark.clause,
                "message": remark.message,
                "hint": remark.hint,
            }
            for remark in review.remarks
        ],
    }


def _result(path: str, remark: Remark, rule_index: int) -> Mapping[str, Any]:
    region = {"startLine": remark.place.line, "startColumn": remark.place.column}
    text = f"{remark.field}: {remark.message}" if remark.field else remark.message
    return {
        "ruleId": remark.code,
        "ruleIndex": rule_index,
        "level": _level(remark.code),
        "message": sarif_message(f"{text} ({remark.hint})" if remark.hint else text),
        "locations": [sarif_location(path, region if remark.place.line else None)],
    }


def _level(code: str) -> str:
    return "error" if is_error(code) else "warning"
