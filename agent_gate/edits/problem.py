"""What is wrong with a reply, as findings that the next prompt carries back to the model."""

from __future__ import annotations

from typing import Literal

from agent_gate.domain.gate import Finding

GATE = "edits"

Rule = Literal[
    "no-edits",
    "malformed",
    "unsupported-format",
    "conflict-markers",
    "elided",
    "truncated",
    "no-match",
    "ambiguous",
    "overlapping",
    "file-exists",
    "no-such-file",
    "mixed-formats",
    "path-not-allowed",
    "not-text",
    "too-large",
    "empties-file",
    "empty-change",
]


def problem(rule: Rule, path: str, message: str, *, line: int = 0, excerpt: str = "") -> Finding:
    """A finding about a reply; `line` and `excerpt` are of the base's file, where they help."""
    return Finding(
        gate=GATE,
        rule=rule,
        path=printable(path),
        message=message,
        line=line,
        excerpt=excerpt,
        severity="high",
    )


def printable(path: str) -> str:
    """The path as it may be shown: with control, bidi or invisible characters it is spelled in ASCII."""
    return path if path.isprintable() else ascii(path)
