"""The one door through which processes are started.

Each process gets a group of its own, a time limit, a cap on what is kept of its output, and exactly
the environment it is given. Whatever happens, the whole group is gone when `run` returns.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent_gate.errors import SetupError

OUTPUT_CAP = 8 * 1024 * 1024
"""Bytes kept of each stream; what comes after is read and dropped, so that the process never blocks."""
GRACE_S = 5.0
"""Seconds between SIGTERM and SIGKILL."""
WATCH_EVERY_S = 0.25

_GONE_S = 1.0
"""Seconds in which what a sandbox ends with its first process is gone: it holds the pipes until then."""
_TAIL_CAP = 16 * 1024

_PASSED_ON = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "SYSTEMROOT")


@dataclass(frozen=True)
class Completed:
    """How a process ended and what it said."""

    argv: tuple[str, ...]
    returncode: int
    stdout: bytes
    stderr: bytes
    duration_ms: int
    timed_out: bool = False
    truncated: bool = False
    """More was written than is kept."""
    stopped: str = ""
    """Why the watch ended it."""

    @property
    def output_sha256(self) -> str:
        """Digest over both streams as far as they were kept."""
        digest = hashlib.sha256(self.stdout + b"\0" + self.stderr)
        return f"sha256:{digest.hexdigest()}"

    def tail(self, lines: int = 8) -> str:
        """The last lines of what it said, standard error first choice, for messages.

        Where the watch ended it, the reason comes last.
        """
        text = (self.stderr.strip() or self.stdout.strip()).decode(errors="replace")
        told = [*text.splitlines(), f"ended: {self.stopped}"] if self.stopped else text.splitlines()
        return "\n".join(told[-lines:])


def allowed_environment(names: Sequence[str] = (), **extra: str) -> dict[str, str]:
    """An environment made from an allow-list; the caller's secrets are never in it."""
    kept = {name: os.environ[name] for name in (*_PASSED_ON, *names) if name in os.environ}
    return {**kept, "PYTHONIOENCODING": "utf-8", **extra}


async def run(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    timeout_s: float,
    stdin: bytes | None = None,
    output_cap: int = OUTPUT_CAP,
    on_output: Callable[[bytes], None] | None = None,
    grace_s: float = GRACE_S,
    watch: Callable[[int], str] | None = None,
) -> Completed:
    """Runs a process to its end, or to its time limit, or until cancelled.

    `on_output` sees standard output as it comes; what it raises is raised here, once the process has
    ended. `grace_s` is the time between SIGTERM and SIGKILL, and that for which output is still
    awaited when the process has ended and others hold its pipes. `watch` is asked every WATCH_EVERY_S
    seconds, with the process id and in a thread; a reason that it gives ends the group at once. Raises
    SetupError where the program cannot be started.
    """
    started = time.monotonic()
    try:
        transport, child = await _started(
            asyncio.get_running_loop().subprocess_exec(
                lambda: _Child(output_cap, on_output),
                *argv,
                cwd=cwd,
                env=dict(env),
                stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        )
    except OSError as error:
        raise _cannot_start(argv, error) from None
    group = transport.get_pid()
    watching = asyncio.create_task(_watch(watch, group, child)) if watch else None
    try:
        if stdin is not None:
            _feed(transport, stdin)
        timed_out = not await _within(timeout_s, child.exited)
        if timed_out:
            _signal_group(group, signal.SIGTERM)
            await _within(grace_s, child.exited)
        # Also after an end of its own accord: children that it left behind hold the pipes open.
        _kill_group(group)
        await child.exited.wait()
        drained = await _within(grace_s, child.drained)
    except asyncio.CancelledError:
        _kill_group(group)
        await child.exited.wait()
        await _within(_GONE_S, child.drained)
        raise
    finally:
        if watching:
            watching.cancel()
        transport.close()
    if child.error:
        raise child.error
    returncode = transport.get_returncode()
    return Completed(
        argv=tuple(argv),
        returncode=returncode if returncode is not None else -1,
        stdout=bytes(child.kept[1]),
        stderr=bytes(child.kept[2]),
        duration_ms=int((time.monotonic() - started) * 1000),
        timed_out=timed_out,
        truncated=child.truncated or not drained,
        stopped=child.stopped,
    )


async def _watch(watch: Callable[[int], str], group: int, child: _Child) -> None:
    """Ends the group where the watch gives a reason, or fails: what cannot be watched does not run on."""
    while not await _within(WATCH_EVERY_S, child.exited):
        try:
            child.stopped = await asyncio.to_thread(watch, group)
        except Exception as error:  # noqa: BLE001 - raised again by run
            child.error = error
        if child.stopped or child.error:
            _kill_group(group)
            return


class _Child(asyncio.SubprocessProtocol):
    """Keeps what a process says, and knows when it ended and when its pipes did.

    These are two events: a daemon that it left behind may hold the pipes open for ever, and
    `asyncio.subprocess.Process.wait` waits for both.
    """

    def __init__(self, cap: int, listener: Callable[[bytes], None] | None) -> None:
        self.kept = {1: bytearray(), 2: bytearray()}
        self.truncated = False
        self.exited = asyncio.Event()
        self.drained = asyncio.Event()
        self.error: Exception | None = None
        """What the listener or the watch raised; the pipes are drained all the same, or it would hang."""
        self.stopped = ""
        self._cap = cap
        self._listener = listener
        self._open = {1, 2}

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == 1 and self._listener and not self.error:
            try:
                self._listener(data)
            except Exception as error:  # noqa: BLE001 - raised again by run
                self.error = error
        room = self._cap - len(self.kept[fd])
        self.kept[fd] += data[:room]
        self.truncated = self.truncated or len(data) > room

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._open.discard(fd)
        if not self._open:
            self.drained.set()

    def process_exited(self) -> None:
        self.exited.set()


async def _started(
    start: Coroutine[Any, Any, tuple[asyncio.SubprocessTransport, _Child]],
) -> tuple[asyncio.SubprocessTransport, _Child]:
    """Starts a process to the end of the start, and only then lets a cancellation through.

    Cancelled half-way, asyncio (3.11) waits for the end of pipes that it never connected: for ever.
    """
    starting = asyncio.ensure_future(start)
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        with contextlib.suppress(OSError):
            transport, child = await starting
            _kill_group(transport.get_pid())
            await child.exited.wait()
            transport.close()
        raise


async def _within(seconds: float, event: asyncio.Event) -> bool:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True


def _feed(transport: asyncio.SubprocessTransport, data: bytes) -> None:
    """Writes all of it as the process reads; one that does not read it just ends."""
    pipe = transport.get_pipe_transport(0)
    assert isinstance(pipe, asyncio.WriteTransport)  # noqa: S101 - tells the type checker what PIPE means
    pipe.write(data)
    pipe.write_eof()


def _cannot_start(argv: Sequence[str], error: OSError) -> SetupError:
    # The file may be the program or the folder that it should run in.
    return SetupError(
        f"cannot start {argv[0]!r}: {error.filename}: {error.strerror}",
        hint="is it installed, executable and on PATH?",
    )


def _kill_group(pid: int) -> None:
    _signal_group(pid, signal.SIGKILL)


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _close(process: asyncio.subprocess.Process) -> None:
    """Closes the pipes now: the transport's own clean-up waits for processes that hold them."""
    transport = getattr(process, "_transport", None)
    if transport is not None:
        transport.close()


class LineWorker:
    """A long-lived child that is spoken to in lines, over its standard input and output.

    It has a group of its own, ends when `stop` is called, and sees the end of its standard input when we
    die in whatever way. Its standard error is read all the time, and the end of it kept for messages.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._tail = bytearray()
        self._stopped = False
        self._drain = asyncio.create_task(self._drain_stderr())

    @property
    def pid(self) -> int:
        """The process id, which is the group's id too."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """None while it lives."""
        return self._process.returncode

    async def send(self, line: bytes) -> None:
        """Writes one line; raises ConnectionError where the child is gone."""
        assert self._process.stdin  # noqa: S101 - tells the type checker what PIPE means
        self._process.stdin.write(line + b"\n")
        await self._process.stdin.drain()

    async def receive(self) -> bytes:
        """The next line, or nothing at the end; raises ValueError for a line beyond the limit."""
        assert self._process.stdout  # noqa: S101
        return await self._process.stdout.readline()

    async def stop(self) -> None:
        """Kills the group and reaps the child; may be called again."""
        if self._stopped:
            return  # its number may belong to somebody else by now
        self._stopped = True
        _kill_group(self._process.pid)
        with contextlib.suppress(TimeoutError):  # it waits for the pipes too, which others may hold
            await asyncio.wait_for(self._process.wait(), GRACE_S)
        await asyncio.wait([self._drain], timeout=GRACE_S)
        self._drain.cancel()
        await asyncio.gather(self._drain, return_exceptions=True)
        _close(self._process)

    def tail(self, lines: int = 8) -> str:
        """The last lines that it wrote to standard error."""
        return "\n".join(self._tail.decode(errors="replace").strip().splitlines()[-lines:])

    async def _drain_stderr(self) -> None:
        assert self._process.stderr  # noqa: S101
        while chunk := await self._process.stderr.read(65536):
            self._tail = (self._tail + chunk)[-_TAIL_CAP:]


async def spawn_worker(argv: Sequence[str], *, env: Mapping[str, str], line_limit: int) -> LineWorker:
    """Starts a child that answers in lines of at most `line_limit` bytes.

    Raises SetupError where the program does not exist.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            env=dict(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            limit=line_limit,
            start_new_session=True,
        )
    except OSError as error:
        raise _cannot_start(argv, error) from None
    return LineWorker(process)
