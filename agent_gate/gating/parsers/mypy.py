"""Reads `mypy --output json`: one object a line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agent_gate.gating.parsers.report import (
    Hit,
    Report,
    ToolOutput,
    checked,
    lines,
    load_json,
    position,
    relative,
    text,
)

_STOPPED = 2
"""mypy's exit code where an error kept it from checking the rest (mypy/main.py)."""


def parse_mypy(output: ToolOutput) -> Report:
    """Each error is a finding of medium severity; notes belong to the error before them and are left out.

    mypy stops at the first file that it cannot parse, and says nothing about any other. Raises ValueError
    for anything else than mypy's JSON lines.
    """
    hits = tuple(hit for item in _objects(output.stdout) if (hit := _hit(item, output.root)))
    incomplete = ""
    if output.exit_code == _STOPPED and hits:
        place = f"{hits[0].path}: " if hits[0].path else ""
        incomplete = f"it stopped at an error that keeps it from checking the rest: {place}{hits[0].message}"
    return checked(output, Report(hits=hits, incomplete=incomplete))


def _objects(output: bytes) -> Iterator[Any]:
    return (load_json(line, drop={"hint"}) for line in lines(output) if line.strip())


def _hit(item: Any, root: str) -> Hit | None:
    try:
        if item["severity"] != "error":
            return None
        return Hit(
            rule=text(item["code"] or "error"),
            path=relative(item["file"], root),
            message=text(item["message"]),
            line=position(item["line"]),
            end_line=position(item.get("end_line")),
            column=position(item["column"]) + 1,
            unparsed=item["code"] == "syntax",
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not what mypy writes: {error}") from None
