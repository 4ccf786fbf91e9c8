"""Runs something in a forked process, which leaves nothing behind in this one. Python 3.9 or newer."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import tempfile
import time
from collections.abc import Callable
from typing import Any

_LONGEST_POLL_S = 0.05


def in_child(work: Callable[[], Any], limit_s: float, most: int) -> dict[str, Any]:
    """What `work` gives in a child of its own, in a session and a folder for temporary files of its own.

    `end` says how the child ended: `finished` with a whole answer, `died`, or `late` beyond the limit. Of an
    answer longer than `most` bytes nothing is kept. All of the child's session is gone afterwards.
    """
    folder = tempfile.mkdtemp()
    receiving, sending = os.pipe()
    started = time.monotonic()
    child = os.fork()
    if child == 0:
        _be_child(work, folder, receiving, sending)
    os.close(sending)
    data, late = _receive(receiving, child, started + limit_s, most)
    os.close(receiving)
    try:
        os.killpg(child, signal.SIGKILL)
    except OSError:  # it ended before it had a group of its own
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    shutil.rmtree(folder, ignore_errors=True)
    spent = int((time.monotonic() - started) * 1000)
    try:
        answer = json.loads(data)
    except (ValueError, RecursionError):  # who wrote it may mean harm
        answer = None
    end = "late" if late else "died" if answer is None else "finished"
    return {"end": end, "ms": spent, "answer": answer if end == "finished" else None}


def _be_child(work: Callable[[], Any], folder: str, receiving: int, sending: int) -> None:
    """Never returns: nothing of what the parent would still do happens here."""
    try:
        os.setsid()
        os.close(receiving)
        null = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(null, standard)
        os.environ["TMPDIR"] = tempfile.tempdir = folder
        with os.fdopen(sending, "w", encoding="utf-8", errors="replace") as stream:
            json.dump(work(), stream)
    finally:
        os._exit(0)


def _receive(receiving: int, child: int, deadline: float, most: int) -> tuple[bytes, bool]:
    """All that the child sends until it closes its side or is gone, and whether it was too late."""
    data = bytearray()
    gone = False
    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            return b"", True
        readable, _, _ = select.select([receiving], [], [], 0 if gone else min(left, _LONGEST_POLL_S))
        if readable:
            chunk = os.read(receiving, 1 << 16)
            data += chunk[: most + 1 - len(data)]
            if not chunk:
                break
        elif gone:
            break  # others still hold the pipe
        else:
            gone = os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    return (b"" if len(data) > most else bytes(data)), False
