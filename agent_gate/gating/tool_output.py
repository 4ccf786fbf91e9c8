"""Runs a gate's tool once, and keeps what it says on the disk until it is read.

A report may be as large as the parsers take, and several tools run side by side: in memory is one report
at a time, while it is parsed.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Self

from agent_gate import process
from agent_gate.gating.context import GateContext, measured_once
from agent_gate.gating.parsers.report import MAXIMUM_BYTES, Parse, Report, ToolOutput

OUTPUT = "{output}"
"""The placeholder for the file that a tool writes its report to."""
_SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
_CHUNK_BYTES = 1024 * 1024


class ToolError(Exception):
    """The tool did not do its work; the message says how."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


@dataclass(frozen=True)
class ToolRun:
    """One run to come."""

    argv: tuple[str, ...]
    """With the placeholder of `{output}` still in it."""
    cwd: Path
    read_only: tuple[Path, ...]
    writable: tuple[Path, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    folders: tuple[Path, ...] = ()
    """Before the system's own on PATH."""


async def read_run(context: GateContext, run: ToolRun, parse: Parse) -> Report:
    """Runs the tool and reads its report. Raises ToolError for whatever is not a whole, readable one."""
    definition = context.definition
    async with _Spool() as spool:
        completed, written = await _execute(context, run, spool)
        if definition.accepted_exit_codes and completed.returncode not in definition.accepted_exit_codes:
            told = _output(context, run, completed, spool.tail()).tail(3)
            raise ToolError(
                f"{definition.tool} ended with exit code {completed.returncode}: {told}",
                "see whether the base's configuration fits the installed version",
            )
        async with measured_once("a tool's report is read"):
            return await asyncio.to_thread(_parsed, context, run, completed, written or spool.stream, parse)


async def run_tool_once(context: GateContext, run: ToolRun) -> ToolOutput:
    """Runs the tool for what it says, whatever its exit code. Raises ToolError where that is not all of it."""
    async with _Spool() as spool:
        completed, _ = await _execute(context, run, spool)
        return _output(context, run, completed, spool.read())


async def _execute(
    context: GateContext, run: ToolRun, spool: _Spool
) -> tuple[process.Completed, Path | None]:
    definition, timeout_s = context.definition, context.job.timeout_s
    report = context.copies.new_folder() / "report" if any(OUTPUT in word for word in run.argv) else None
    completed = await context.execute(
        tuple(word.replace(OUTPUT, str(report)) for word in run.argv),
        cwd=run.cwd,
        read_only=run.read_only,
        writable=(*run.writable, *((report.parent,) if report else ())),
        env={"PATH": ":".join([*map(str, run.folders), _SYSTEM_PATH]), **run.env},
        timeout_s=timeout_s,
        on_output=spool.write,
    )
    if completed.timed_out:
        raise ToolError(
            f"{definition.tool} did not finish in {timeout_s} s", f"raise gates.{definition.id}.timeout_s"
        )
    if spool.size > MAXIMUM_BYTES:
        raise ToolError(
            f"{definition.tool} wrote more output than is kept ({MAXIMUM_BYTES // 1024**2} MiB)",
            "the report is not complete: let it look at fewer files, or write less about each",
        )
    if completed.truncated and spool.size < process.OUTPUT_CAP and len(completed.stderr) < process.OUTPUT_CAP:
        raise ToolError(
            f"{definition.tool} left a process behind that held its output", "the report may not be complete"
        )
    return completed, report


def _parsed(
    context: GateContext, run: ToolRun, completed: process.Completed, source: Path | IO[bytes], parse: Parse
) -> Report:
    definition = context.definition
    try:
        said = _read_file(source) if isinstance(source, Path) else _rewound(source).read()
        output = _output(context, run, completed, said)
        del said
        report = parse(output)
    except ValueError as error:
        told = ToolOutput(completed.stdout, completed.stderr, root=str(run.cwd)).tail(3)
        raise ToolError(
            f"the output of {definition.tool} cannot be read ({str(error)[:400]}): {told}",
            f"expected {definition.parser}",
        ) from None
    return replace(report, output_sha256=_digest(output))


def _output(context: GateContext, run: ToolRun, completed: process.Completed, stdout: bytes) -> ToolOutput:
    options = context.definition.parser_options
    return ToolOutput(stdout, completed.stderr, completed.returncode, str(run.cwd), options)


def _read_file(path: Path) -> bytes:
    """A report from a folder in which the tool could write: no link, no pipe, and not without end."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise ValueError(f"there is no report: {error.strerror}") from None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise ValueError("the report is no ordinary file")
        if found.st_size > MAXIMUM_BYTES:
            raise ValueError("the report is too large")
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            return stream.read(MAXIMUM_BYTES)
    finally:
        os.close(descriptor)


def _digest(output: ToolOutput) -> str:
    digest = hashlib.sha256(output.stdout)
    digest.update(b"\0")
    digest.update(output.stderr)
    return f"sha256:{digest.hexdigest()}"


def _rewound(stream: IO[bytes]) -> IO[bytes]:
    stream.seek(0)
    return stream


class _Spool:
    """What comes from a pipe, kept in a file without a name, up to a cap."""

    def __init__(self) -> None:
        self.stream: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __aexit__
        self.size = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.stream.close()

    def write(self, data: bytes) -> None:
        """Keeps it, as long as there is room; all of it counts."""
        room = MAXIMUM_BYTES - self.size
        self.size += len(data)
        if room > 0:
            self.stream.write(data[:room])

    def read(self) -> bytes:
        """All that was kept."""
        return _rewound(self.stream).read()

    def tail(self) -> bytes:
        """The end of it."""
        self.stream.seek(0, os.SEEK_END)
        self.stream.seek(max(self.stream.tell() - _CHUNK_BYTES, 0))
        return self.stream.read()
