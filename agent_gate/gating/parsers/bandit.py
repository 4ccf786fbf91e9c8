"""Reads `bandit -f json`."""

from __future__ import annotations

from collections.abc import Mapping

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

_SEVERITIES: Mapping[str, Severity] = {"UNDEFINED": "low", "LOW": "low", "MEDIUM": "medium", "HIGH": "high"}


def parse_bandit(output: ToolOutput) -> Report:
    """Issues, the files that `metrics` lists, and the files that bandit gave up on.

    bandit exits with 0 over a file that it cannot parse: only its `errors` list tells (bandit 1.9).
    Raises ValueError for anything else than bandit's JSON.
    """
    data = load_json(output.stdout, drop={"code", "issue_cwe"})
    root = output.root
    try:
        failed = [(relative(item["filename"], root), text(item["reason"])) for item in data["errors"]]
        hits = tuple(
            Hit(
                rule=text(item["test_id"]),
                path=relative(item["filename"], root),
                message=text(item["issue_text"]),
                line=position(item["line_number"]),
                end_line=max(position(line) for line in [item["line_number"], *item["line_range"]]),
                column=position(item["col_offset"]) + 1,
                severity=_SEVERITIES[item["issue_severity"]],
            )
            for item in data["results"]
        )
        examined = {relative(name, root) for name in data["metrics"] if name != "_totals"}
    except (KeyError, TypeError) as error:
        raise ValueError(f"not what bandit writes: {error}") from None
    broken = tuple(
        Hit(rule="unparsable", path=path, message=reason, severity="high", unparsed=True)
        for path, reason in failed
    )
    looked_at = frozenset(examined - {path for path, _ in failed})
    return checked(output, Report(hits=(*hits, *broken), examined=looked_at))
