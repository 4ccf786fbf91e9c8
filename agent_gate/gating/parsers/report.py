"""What a parser makes of a tool's output."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from agent_gate.domain.gate import Severity

MAXIMUM_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Hit:
    """One finding of a tool, before it is known where it stands in the trees."""

    rule: str
    path: str
    message: str
    line: int = 0
    end_line: int = 0
    column: int = 0
    severity: Severity = "medium"
    unparsed: bool = False
    """The tool could not read the file: it says nothing about what stands in it."""


@dataclass(frozen=True)
class Report:
    """All findings, and the files that were examined (None where the tool does not say)."""

    hits: tuple[Hit, ...]
    examined: frozenset[str] | None = None
    output_sha256: str = ""


def load_json(output: bytes) -> Any:
    """The tool's JSON; raises ValueError also for what is nested without end."""
    if len(output) > MAXIMUM_BYTES:
        raise ValueError("the output is too large")
    try:
        return json.loads(output)
    except RecursionError:
        raise ValueError("the output is nested too deeply") from None


def relative(name: str, root: str) -> str:
    """A tool's file name as a path in the tree; a file outside the tree keeps its absolute name."""
    path = PurePosixPath(name)
    if path.is_absolute() and path.is_relative_to(root):
        path = path.relative_to(root)
    return str(path)
