"""Starts the program without importing it anew: most of what a short command costs is the import.

A process that has imported the program, and has run nothing of it, forks for each command. The fork gets the
command's own arguments, folder, environment and streams, and then runs `python -m agent_gate` as any other
process. Two such processes take turns, each with hash seeds of its own: what one command writes is read by
one that sees sets in another order, as it is between real starts.

What is about the start itself, a signal, a terminal or a kill starts the program by `program.command`.
"""

from __future__ import annotations

import gc
import importlib
import itertools
import json
import os
import pkgutil
import runpy
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

_LEFT_OUT = (
    "agent_gate.__main__",
    "agent_gate.tui",
    "agent_gate.llm.litellm_worker",
    "agent_gate.demo.sample",
)
"""What a command imports late or never, or runs by another name."""
_MESSAGE_BYTES = 1 << 18
_STARTED = ("PYTHON", "LANG", "LC_", "LD_", "TZ")
"""Variables that a process reads as it starts: with others than ours it has to start."""


def at_start(environment: Mapping[str, str]) -> dict[str, str]:
    """What of an environment counts at the start of a process already."""
    return {name: value for name, value in environment.items() if name.startswith(_STARTED)}


class WarmProgram:
    """One process that forks; a test that is over leaves nothing in it."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.started_with = at_start(os.environ)
        self._socket = ours
        self._lock = threading.Lock()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", __file__, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            )  # fmt: skip

    def run(
        self,
        arguments: Sequence[str],
        cwd: Path,
        environment: Mapping[str, str],
        stdin: str,
        timeout_s: float,
    ) -> subprocess.CompletedProcess[str]:
        """The same as `subprocess.run` with captured text; raises TimeoutExpired as it does."""
        request = {"arguments": arguments, "cwd": os.fspath(cwd), "environment": dict(environment)}
        with self._lock, ExitStack() as stack:
            theirs_in, ours_in = _pipe(stack)
            ours_out, theirs_out = _pipe(stack)
            ours_err, theirs_err = _pipe(stack)
            theirs = (theirs_in, theirs_out, theirs_err)
            socket.send_fds(self._socket, [json.dumps(request).encode()], [each.fileno() for each in theirs])
            for each in theirs:
                each.close()
            output, errors = _Reading(ours_out), _Reading(ours_err)
            pid = int(self._answer(60))
            writing = threading.Thread(target=_write, args=(ours_in, stdin.encode()))
            writing.start()
            try:
                code = int(self._answer(timeout_s))
            except TimeoutError:
                os.kill(pid, signal.SIGKILL)
                self._answer(60)
                raise subprocess.TimeoutExpired(arguments, timeout_s) from None
            finally:
                writing.join()
            return subprocess.CompletedProcess(arguments, code, output.text(), errors.text())

    def _answer(self, timeout_s: float) -> str:
        self._socket.settimeout(timeout_s)
        answer = self._socket.recv(_MESSAGE_BYTES).decode()
        assert answer, "the process that forks is gone"
        return answer


_programs: list[WarmProgram] = []
_turns = itertools.count()


def warm_program() -> WarmProgram:
    """The one of both whose turn it is."""
    if not _programs:
        _programs.extend((WarmProgram(), WarmProgram()))
    return _programs[next(_turns) % len(_programs)]


class _Reading:
    """Reads a pipe to its end, beside everything else."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._data = b""
        self._stream = stream
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        self._data = self._stream.read()

    def text(self) -> str:
        """All of it, with line ends as in text mode."""
        self._thread.join()
        return self._data.decode().replace("\r\n", "\n").replace("\r", "\n")


def _pipe(stack: ExitStack) -> tuple[IO[bytes], IO[bytes]]:
    reading, writing = os.pipe()
    return (
        stack.enter_context(os.fdopen(reading, "rb")),
        stack.enter_context(os.fdopen(writing, "wb", buffering=0)),
    )  # fmt: skip


def _write(stream: IO[bytes], data: bytes) -> None:
    try:
        with stream:
            stream.write(data)
    except BrokenPipeError:
        return  # it has ended without reading


def _serve(channel: socket.socket) -> None:
    """Forks for each request, until nobody is there any more; returns in the forks only."""
    _import_everything()
    gc.collect()
    gc.freeze()
    while True:
        message, descriptors, _, _ = socket.recv_fds(channel, _MESSAGE_BYTES, 3)
        if not message:
            os._exit(0)
        pid = os.fork()
        if pid == 0:
            channel.close()
            _become(json.loads(message), descriptors)
            return
        for descriptor in descriptors:
            os.close(descriptor)
        channel.send(str(pid).encode())
        _, status = os.waitpid(pid, 0)
        channel.send(str(os.waitstatus_to_exitcode(status)).encode())


def _import_everything() -> None:
    package = importlib.import_module("agent_gate")
    for module in pkgutil.walk_packages(package.__path__, "agent_gate."):
        if not module.name.startswith(_LEFT_OUT):
            importlib.import_module(module.name)


def _become(request: Mapping[str, Any], descriptors: Sequence[int]) -> None:
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv[1:] = request["arguments"]


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
    runpy.run_module("agent_gate", run_name="__main__", alter_sys=True)
