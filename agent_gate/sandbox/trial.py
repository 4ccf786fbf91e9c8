"""Tries a sandbox: whether commands start in it, and whether it holds what they must not do."""

from __future__ import annotations

import json
import os
import secrets
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent_gate import process
from agent_gate.errors import SetupError
from agent_gate.sandbox.base import Confinement, Sandbox
from agent_gate.sandbox.run import run_confined

_TIMEOUT_S = 20.0

# Runs confined, in our own interpreter: standard library only. Each attempt must raise OSError.
_ATTEMPTS = """
import json, os, socket, sys
goal = json.loads(sys.argv[1])
def read():
    with open(goal["secret"]) as file:
        return file.read() == goal["nonce"]
def write():
    with open(goal["outside"] + "/written", "w"):
        return True
def connect(family, address):
    with socket.socket(family) as client:
        client.settimeout(5)
        client.connect(address)
        return True
def signal():
    os.kill(goal["process"], 0)
    return True
def own_server():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return connect(socket.AF_INET, server.getsockname())
def tried(action, *arguments):
    try:
        return bool(action(*arguments))
    except OSError:
        return False
with open("written", "w") as file:
    file.write("inside")
print(json.dumps({
    "nonce": goal["own"],
    "escapes": {
        "read a file outside": tried(read),
        "write a file outside": tried(write),
        "reach a port of this machine": tried(connect, socket.AF_INET, ("127.0.0.1", goal["port"])),
        "reach a socket outside": tried(connect, socket.AF_UNIX, goal["socket"]),
        "signal a process outside": tried(signal),
    },
    "loopback": tried(own_server),
}))
"""


@dataclass(frozen=True)
class Trial:
    """What a sandbox showed."""

    problem: str
    """Why it cannot be used; empty where it confines."""
    loopback: bool = False


async def try_out(sandbox: Sandbox) -> Trial:
    """Runs one command in it that writes where it may, and attempts what it must not be able to do."""
    with _outside() as goal, tempfile.TemporaryDirectory(prefix="agent-gate-probe-") as name:
        folder = Path(name).resolve()  # noqa: ASYNC240 - one name, once
        request = Confinement(
            argv=(sys.executable, "-I", "-S", "-B", "-c", _ATTEMPTS, json.dumps(goal)),
            cwd=folder,
            writable=(folder,),
            read_only=tuple(dict.fromkeys(map(Path, (sys.prefix, sys.base_prefix, sys.executable)))),
        )
        try:
            completed = await run_confined(sandbox, request, timeout_s=_TIMEOUT_S)
        except SetupError as error:
            return Trial(error.message)
        told = _told(completed, goal["own"])
        if told is None or not (folder / "written").is_file():
            reason = completed.tail(2) or f"exit code {completed.returncode}"
            return Trial(f"{sandbox.name} cannot confine a command here: {reason}")
    escapes = [what for what, worked in told["escapes"].items() if worked]
    problem = f"{sandbox.name} does not hold here: a confined command could {', '.join(escapes)}"
    return Trial(problem if escapes else "", told["loopback"])


def _told(completed: process.Completed, own: str) -> dict[str, Any] | None:
    try:
        told = json.loads(completed.stdout)
        return told if completed.returncode == 0 and told["nonce"] == own else None
    except (ValueError, TypeError, KeyError):
        return None


@contextmanager
def _outside() -> Iterator[dict[str, Any]]:
    """What a confined command must not reach: a file, a folder, two sockets, this process."""
    with tempfile.TemporaryDirectory(prefix="agent-gate-outside-") as name:
        folder = Path(name).resolve()
        nonce = secrets.token_hex(16)
        (folder / "secret").write_text(nonce)
        with socket.create_server(("127.0.0.1", 0)) as port, socket.socket(socket.AF_UNIX) as local:
            local.bind(str(folder / "socket"))
            local.listen()
            yield {
                "own": secrets.token_hex(16),
                "nonce": nonce,
                "secret": str(folder / "secret"),
                "outside": str(folder),
                "socket": str(folder / "socket"),
                "port": port.getsockname()[1],
                "process": os.getpid(),
            }
