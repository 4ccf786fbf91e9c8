"""What a parser is given, and what it makes of it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from agent_gate.domain.gate import Severity

MAXIMUM_BYTES = 64 * 1024 * 1024
"""Of one report; more than that is an error."""
MAXIMUM_HITS = 20_000
"""Of one report; a tool that says more does not look at what was meant."""
_TEXT_CHARACTERS = 2000
_NAME_CHARACTERS = 4096
_TAIL_CHARACTERS = 1200


@dataclass(frozen=True)
class ToolOutput:
    """What a tool left behind. All of it may be hostile: the tool read the candidate's files."""

    stdout: bytes
    """Its standard output, or the content of the file that it wrote its report to."""
    stderr: bytes = b""
    exit_code: int = 0
    root: str = "/"
    """The folder that it looked at, where its absolute names begin."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """The definition's `parser_options`."""

    def tail(self, lines: int = 5) -> str:
        """The last lines of what it said, for messages; standard error is the first choice."""
        said = self.stderr.strip() or self.stdout[-_TAIL_CHARACTERS * 4 :].strip()
        text = said[-_TAIL_CHARACTERS * 4 :].decode(errors="replace")[-_TAIL_CHARACTERS:]
        return "\n".join(text.splitlines()[-lines:]).replace(f"{self.root}/", "")


@dataclass(frozen=True, slots=True)
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
    suppressed: bool = False
    """The tool found it, and says that a comment or a setting waives it."""
    identity: str = ""
    """What tells it from other hits of its rule in its file, where that is not the text of its lines."""


@dataclass(frozen=True)
class Report:
    """All findings, and the files that were examined (None where the tool does not say)."""

    hits: tuple[Hit, ...]
    examined: frozenset[str] | None = None
    cases: tuple[str, ...] = ()
    """The tests that ran to an end, by their ids; a change must not lose one."""
    incomplete: str = ""
    """Why it stopped before it had looked at everything, in a sentence."""
    output_sha256: str = ""


Parse = Callable[[ToolOutput], Report]
"""Reads a tool's output; raises ValueError for whatever it does not understand."""


def load_json(output: bytes, drop: Collection[str] = ()) -> Any:
    """The tool's JSON; raises ValueError also for what is nested without end.

    While it is read, every object loses the keys in `drop`, and long texts all but their beginning: a
    report of 50 MB does not become 500 MB of objects.
    """
    if len(output) > MAXIMUM_BYTES:
        raise ValueError("the output is too large")

    def pruned(item: dict[str, Any]) -> dict[str, Any]:
        return {key: _shortened(value) for key, value in item.items() if key not in drop}

    try:
        return json.loads(output, object_hook=pruned)
    except RecursionError:
        raise ValueError("the output is nested too deeply") from None


def _shortened(value: Any) -> Any:
    return value[:_NAME_CHARACTERS] if isinstance(value, str) else value


def lines(output: bytes) -> Iterator[bytes]:
    """The lines, one at a time, without their ends."""
    return (line.rstrip(b"\r\n") for line in io.BytesIO(output))


def relative(name: Any, root: str) -> str:
    """A tool's file name as a path in the tree; a file outside the tree keeps its absolute name."""
    path = PurePosixPath(text(name, _NAME_CHARACTERS))
    if path.is_absolute() and path.is_relative_to(root):
        path = path.relative_to(root)
    return str(path) if path.parts else ""


def text(value: Any, limit: int = _TEXT_CHARACTERS) -> str:
    """A text of bounded length that can be encoded; raises ValueError for anything but a text."""
    if not isinstance(value, str):
        raise ValueError(f"a text was expected, not {type(value).__name__}")  # noqa: TRY004 - the output's fault
    return value[:limit].encode(errors="replace").decode()


def position(value: Any) -> int:
    """A line or column, 0 where the tool knows none; raises ValueError for anything but a number."""
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"a number was expected, not {type(value).__name__}")  # noqa: TRY004 - as above
    return max(value, 0)


def checked(output: ToolOutput, report: Report) -> Report:
    """The report itself, where its size is sane and its silence fits the exit code. Raises ValueError.

    A tool that ends with a code for "found something" and names nothing has found something else: it
    failed in a way that its report does not tell.
    """
    if len(report.hits) > MAXIMUM_HITS:
        raise ValueError(f"more than {MAXIMUM_HITS} findings")
    if output.exit_code and not report.hits and not report.incomplete:
        raise ValueError(f"exit code {output.exit_code}, and nothing was found")
    return report
