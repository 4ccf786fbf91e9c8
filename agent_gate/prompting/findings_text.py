"""What the gates found, short and exact, as the next prompt shows it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agent_gate.domain.gate import Finding
from agent_gate.domain.secret import redact
from agent_gate.domain.verdict import Reason
from agent_gate.prompting.data_block import data_block, visible

MAX_FINDINGS = 30
MAX_LINES = 5
"""Of one finding's message, and of its excerpt."""
_MAX_MESSAGE_LINE = 700
_MAX_EXCERPT_LINE = 200
_ORDER = {"block": 0, "ask": 1, "note": 2}
_EFFECT = {"block": "blocks", "ask": "a question to the reviewer", "note": "a remark"}


def render_findings(findings: Sequence[Finding], reasons: Iterable[Reason] = ()) -> str:
    """The introduced findings, and the reasons to block that are no finding (a clause, a gate that could not run)."""
    told = sorted((f for f in findings if f.introduced), key=lambda f: _ORDER[f.level])
    known = {finding.fingerprint for finding in told}
    rows = [_row(finding) for finding in told]
    rows += [
        "\n".join(_cut(f"[{reason.source}] {reason.message}", _MAX_MESSAGE_LINE))
        for reason in reasons
        if not reason.fingerprint or reason.fingerprint not in known
    ]
    shown = [f"{number}. {row}" for number, row in enumerate(rows[:MAX_FINDINGS], start=1)]
    if len(rows) > MAX_FINDINGS:
        shown.append(f"And {len(rows) - MAX_FINDINGS} more like these.")
    return data_block("findings of the gates", redact("\n".join(shown) or "(none)"), "text")


def _row(finding: Finding) -> str:
    place = f" {visible(finding.path, keep='')}" if finding.path else ""
    if place and finding.line:
        place += f":{finding.line}"
    head, *message = _cut(finding.message, _MAX_MESSAGE_LINE) or ["(no message)"]
    rows = [f"[{finding.gate} {finding.rule}]{place} ({_EFFECT[finding.level]}): {head}"]
    rows += [f"   {line}" for line in message]
    rows += [f"   | {line}" for line in _cut(finding.excerpt, _MAX_EXCERPT_LINE)]
    return "\n".join(rows)


def _cut(text: str, longest: int) -> list[str]:
    """A few lines of the text, its beginning and its end, none of them endless."""
    lines = (
        [line.expandtabs() for line in visible(redact(text)).strip("\n").split("\n")] if text.strip() else []
    )
    if len(lines) > MAX_LINES:
        lines = [*lines[:2], "…", *lines[-(MAX_LINES - 3) :]]
    return [line if len(line) <= longest else f"{line[: longest - 1]}…" for line in lines]
