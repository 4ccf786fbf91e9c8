"""Reads `pyright --outputjson`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent_gate.domain.gate import Severity
from agent_gate.gating.parsers.report import (
    Hit,
    Report,
    ToolOutput,
    checked,
    load_json,
    position,
    relative,
    text,
)

_SEVERITIES: Mapping[str, Severity] = {"error": "medium", "warning": "low"}


def parse_pyright(output: ToolOutput) -> Report:
    """Errors are findings of medium severity, warnings of low; information is left out.

    An error without a rule is one of syntax. Raises ValueError for anything else than pyright's JSON, and
    where it analysed no file.
    """
    data = load_json(output.stdout)
    try:
        if not position(data["summary"]["filesAnalyzed"]):
            raise ValueError("no file was analysed")
        hits = tuple(
            _hit(item, output.root) for item in data["generalDiagnostics"] if item["severity"] in _SEVERITIES
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not what pyright writes: {error}") from None
    return checked(output, Report(hits=hits))


def _hit(item: Any, root: str) -> Hit:
    span = item.get("range") or {}
    start, end = span.get("start") or {}, span.get("end") or {}
    rule = item.get("rule")
    syntax = rule is None and item["severity"] == "error"
    return Hit(
        rule=text(rule or "syntax"),
        path=relative(item["file"], root),
        message=text(item["message"]),
        line=position(start.get("line", -1)) + 1 if start else 0,
        end_line=position(end.get("line", -1)) + 1 if end else 0,
        column=position(start.get("character", -1)) + 1 if start else 0,
        severity=_SEVERITIES[item["severity"]],
        unparsed=syntax,
    )
