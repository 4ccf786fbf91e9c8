"""Reads GitHub's workflow commands: `::error file=app.js,line=1,col=5,title=X::Missing semicolon`.

Source: GitHub Docs, "Workflow commands for GitHub Actions"; how they are escaped, actions/toolkit,
packages/core/src/command.ts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from agent_gate.domain.gate import Severity
from agent_gate.gating.parsers.report import Hit, Report, ToolOutput, checked, lines, relative, text

_SEVERITIES: Mapping[str, Severity] = {"error": "high", "warning": "medium", "notice": "low"}
_COMMAND = re.compile(r"\s{0,8}::(error|warning|notice)(?: ([^\r\n]*?))?::(.*)")
_LINE_CHARACTERS = 16_384
_ESCAPED = re.compile(r"%(0[AD]|25|3A|2C)", re.IGNORECASE)
_CHARACTERS = {"0A": "\n", "0D": "\r", "25": "%", "3A": ":", "2C": ","}


def parse_annotations(output: ToolOutput) -> Report:
    """Errors are findings of high severity, warnings of medium, notices of low; other lines are skipped.

    The rule is the annotation's title, or the kind of command. Raises ValueError for an annotation that
    cannot be read, and where the exit code tells of findings and no line does.
    """
    said = (line.decode(errors="replace") for line in lines(output.stdout))
    return checked(output, Report(hits=tuple(hit for line in said if (hit := _hit(line, output.root)))))


def _hit(line: str, root: str) -> Hit | None:
    found = _COMMAND.match(line[:_LINE_CHARACTERS])
    if found is None:
        if line[:64].lstrip().startswith(("::error", "::warning", "::notice")):
            raise ValueError(f"an annotation that cannot be read: {line[:80]!r}")
        return None
    kind, properties, message = found[1], _properties(found[2] or ""), found[3]
    start = _number(properties, "line")
    return Hit(
        rule=text(properties.get("title") or kind),
        path=relative(properties.get("file", ""), root),
        message=text(_unescaped(message)),
        line=start,
        end_line=max(_number(properties, "endLine"), start),
        column=_number(properties, "col"),
        severity=_SEVERITIES[kind],
    )


def _properties(listed: str) -> dict[str, str]:
    pairs = (pair.partition("=") for pair in listed.split(",") if pair.strip())
    return {name.strip(): _unescaped(value) for name, _, value in pairs}


def _number(properties: Mapping[str, str], name: str) -> int:
    value = properties.get(name, "") or "0"
    if not re.fullmatch(r"[0-9]{1,9}", value):
        raise ValueError(f"{name}: a number was expected, not {value[:40]!r}")
    return int(value)


def _unescaped(value: str) -> str:
    return _ESCAPED.sub(lambda found: _CHARACTERS[found[1].upper()], value)
