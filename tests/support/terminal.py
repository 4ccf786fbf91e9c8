"""The program at a real (pseudo) terminal."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1b[=>]")


class Terminal:
    """A child on a pseudo-terminal: type, and wait for what appears. Use as a context manager."""

    def __init__(
        self,
        argv: Sequence[str],
        where: Path,
        env: Mapping[str, str] | None = None,
        size: tuple[int, int] = (160, 48),
    ) -> None:
        ours, theirs = pty.openpty()
        columns, rows = size
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._master = ours
        self.output = ""
        self._position = 0
        self.process = subprocess.Popen(
            list(argv), cwd=where, env={**os.environ, "TERM": "xterm-256color", **(env or {})},
            stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - before any thread
        )  # fmt: skip
        os.close(theirs)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        os.close(self._master)

    def type(self, text: str) -> None:
        """Types text; a newline is the return key."""
        os.write(self._master, text.replace("\n", "\r").encode())

    def wait_for(self, text: str, timeout: float = 60) -> None:
        """Waits until the text stands behind what was waited for before."""
        deadline = time.monotonic() + timeout
        while (found := self.output.find(text, self._position)) < 0:
            if time.monotonic() > deadline or not self._read(0.2):
                raise AssertionError(f"{text!r} did not appear in:\n{self.output[self._position :]}")
        self._position = found + len(text)

    def wait(self, timeout: float = 60) -> int:
        """The exit code, after everything was read."""
        deadline = time.monotonic() + timeout
        while self._read(0.2) and time.monotonic() < deadline:
            pass
        return self.process.wait(timeout=max(0.1, deadline - time.monotonic()))

    def interrupt(self, timeout: float = 60) -> int:
        """Presses ^C, again each second as a person would, and gives the exit code.

        A signal that arrives just before Python's prompt begins to wait is noticed only with the next key.
        """
        deadline = time.monotonic() + timeout
        while self.process.poll() is None and time.monotonic() < deadline:
            self.type("\x03")
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.wait(timeout=1)
        return self.wait(timeout=1)

    def _read(self, seconds: float) -> bool:
        """Reads what is there; False once the child has closed its side."""
        if not select.select([self._master], [], [], seconds)[0]:
            return self.process.poll() is None
        with contextlib.suppress(OSError):
            if data := os.read(self._master, 65536):
                self.output += _ESCAPES.sub("", data.decode(errors="replace"))
                return True
        return False
