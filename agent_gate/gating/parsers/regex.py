"""Reads a tool's lines with a pattern that the definition brings.

The pattern stands in the base and is trusted; the lines are hostile. It is applied to one line at a
time, none of them longer than a limit, and the whole within a time limit.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from functools import lru_cache
from itertools import chain
from typing import Any

from agent_gate.domain.gate import Severity
from agent_gate.gating.parsers.report import Hit, Report, ToolOutput, checked, lines, relative, text

_LINE_CHARACTERS = 2000
_TIME_S = 20.0
_GROUPS = frozenset({"path", "line", "end_line", "column", "rule", "severity", "message"})
_SEVERITIES: Mapping[str, Severity] = {
    "fatal": "high", "critical": "high", "high": "high", "error": "medium", "medium": "medium",
    "e": "medium", "warning": "low", "warn": "low", "w": "low", "note": "low", "info": "low", "low": "low",
}  # fmt: skip


def parse_regex(output: ToolOutput) -> Report:
    """Each line that `pattern` matches is a finding; its named groups say path, line, rule and so on.

    With `clean`, a pattern that must match where nothing is found, so that no output at all is not taken
    for a pass. Raises ValueError where it does not, where a line is longer than 2,000 characters, and
    where the exit code tells of findings and no line does.
    """
    pattern = _compiled(output.options["pattern"])
    clean = _compiled(output.options["clean"]) if "clean" in output.options else None
    deadline = time.monotonic() + _TIME_S
    hits: list[Hit] = []
    said_clean = False
    for raw in chain(lines(output.stdout), lines(output.stderr)):
        line = raw.decode(errors="replace")
        if len(line) > _LINE_CHARACTERS:
            raise ValueError(f"a line of {len(line)} characters: {line[:80]!r}")
        if time.monotonic() > deadline:
            raise ValueError("the pattern takes too long over this output")
        if found := pattern.search(line):
            hits.append(_hit(found, output.root))
        said_clean = said_clean or bool(clean and clean.search(line))
    if clean and not hits and not said_clean:
        raise ValueError("nothing was found, and no line says that there is nothing")
    return checked(output, Report(hits=tuple(hits)))


def check_regex(options: Mapping[str, Any]) -> None:
    """Raises ValueError for a pattern that is missing, does not compile, or has groups of another name."""
    if "pattern" not in options:
        raise ValueError("pattern: is missing")
    for key in ("pattern", "clean"):
        if key not in options:
            continue
        try:
            pattern = _compiled(options[key])
        except (re.error, TypeError) as error:
            raise ValueError(f"{key}: {error}") from None
        if unknown := sorted(set(pattern.groupindex) - _GROUPS):
            raise ValueError(
                f"{key}: there is no use for the group {unknown[0]!r} (known: {', '.join(sorted(_GROUPS))})"
            )
    if "message" not in _compiled(options["pattern"]).groupindex:
        raise ValueError("pattern: needs a group named message")


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _hit(found: re.Match[str], root: str) -> Hit:
    groups = {name: value for name, value in found.groupdict().items() if value}
    start = _number(groups.get("line"))
    return Hit(
        rule=text(groups.get("rule", "finding")),
        path=relative(groups.get("path", ""), root),
        message=text(groups.get("message", "")),
        line=start,
        end_line=max(_number(groups.get("end_line")), start),
        column=_number(groups.get("column")),
        severity=_SEVERITIES.get(groups.get("severity", "").lower(), "medium"),
    )


def _number(value: str | None) -> int:
    if value is None:
        return 0
    if not re.fullmatch(r"[0-9]{1,9}", value):
        raise ValueError(f"a line or column was expected, not {value[:40]!r}")
    return int(value)
