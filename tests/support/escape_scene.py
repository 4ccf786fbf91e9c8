"""The world around a sandbox for one attempt to get out of it: what could be hit, and what was."""

from __future__ import annotations

import ctypes
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent_gate.sandbox import seccomp
from agent_gate.sandbox.left_behind import remove_tree
from agent_gate.sandbox.syscalls import MACHINES, NUMBERS

SECRET = "token-" + secrets.token_hex(16)
_MARKED = ("/var/tmp", "/dev/shm")
_NICE = 15
_FEW_DESCRIPTORS = 3
_READ_AT_MOST = 1_000_000


def calls() -> dict[str, int]:
    """The numbers of the system calls of this machine."""
    machine = seccomp.this_machine() or MACHINES["x86_64"]
    numbers = {name: numbers[machine.column] for name, numbers in NUMBERS.items()}
    return {name: number for name, number in numbers.items() if number is not None}


@dataclass
class Scene:
    """Files, listeners and a process outside; a copy of a tree to run in."""

    root: Path
    owner: int
    nonce: str
    sentinel: subprocess.Popen[bytes]
    listeners: dict[str, socket.socket]
    goal: dict[str, Any]

    @property
    def copy(self) -> Path:
        return self.root / "copy"

    @property
    def shown(self) -> Path:
        return self.root / "outside" / "shown"

    @property
    def repository(self) -> Path:
        return self.root / "outside" / "repository"

    def before(self) -> None:
        """Remembers what lies outside."""
        self._was = _snapshot(self.root / "outside")

    def signs(self, output: bytes, patience_s: float = 0) -> set[str]:
        """What is to be seen of an attempt, by sign, after its end. A killed process takes a moment to go."""
        seen = {
            "read": SECRET.encode() in output or any(SECRET.encode() in text for text in self._texts()),
            "written": _snapshot(self.root / "outside") != self._was or self._marks(),
            "reached": any(_was_asked(listener) for listener in self.listeners.values()),
            "disturbed": self._disturbed(),
            "left": self._left(patience_s),
            "told": b"ESCAPED" in output,
        }
        return {sign for sign, shows in seen.items() if shows}

    def _texts(self) -> Iterator[bytes]:
        for path in self.copy.iterdir():
            if path.is_file() and not path.is_symlink() and path.stat().st_size < _READ_AT_MOST:
                yield path.read_bytes()

    def _marks(self) -> bool:
        shared = Path("/proc/sysvipc/shm").read_text().split()
        return str(self.goal["key"]) in shared or any((Path(f) / self.nonce).exists() for f in _MARKED)

    def _disturbed(self) -> bool:
        pid = self.sentinel.pid
        if self.sentinel.poll() is not None:
            return True
        stopped = _state(pid) == "T"
        limited = f"Max open files {_FEW_DESCRIPTORS} " in " ".join(
            Path(f"/proc/{pid}/limits").read_text().split()
        )
        return stopped or limited or os.getpriority(os.PRIO_PROCESS, pid) == _NICE

    def _left(self, patience_s: float) -> bool:
        end = time.monotonic() + patience_s
        while self.left_processes():
            if time.monotonic() > end:
                return True
            time.sleep(0.02)
        return False

    def left_processes(self) -> list[int]:
        """The attempt's own processes, which carry its mark among their arguments or in their environment."""
        marks = (self.nonce.encode(), b"60." + self.goal["number"].encode())
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    words = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
                    ours = any(mark in words for mark in marks) and _state(int(entry.name)) != "Z"
                except OSError:
                    continue
                if ours:
                    found.append(int(entry.name))
        return found

    def end(self) -> None:
        """Ends what an attempt left behind, and removes its marks."""
        while left := self.left_processes():
            for pid in left:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
        for folder in _MARKED:
            (Path(folder) / self.nonce).unlink(missing_ok=True)
        libc = ctypes.CDLL(None)
        libc.shmctl(libc.shmget(self.goal["key"], 0, 0), 0, None)


@contextmanager
def scene(owner: int) -> Iterator[Scene]:
    """A scene whose outside belongs to a user."""
    with ExitStack() as stack:
        root = Path(tempfile.mkdtemp(prefix="escape-")).resolve()
        stack.callback(remove_tree, root)
        root.chmod(0o755)
        _furnish(root)
        nonce, number = secrets.token_hex(12), str(secrets.randbelow(10**9)).zfill(9)
        listeners = {name: stack.enter_context(made) for name, made in _listeners(root, nonce).items()}
        if os.geteuid() == 0:
            for path in (root / "outside", *(root / "outside").rglob("*")):
                os.chown(path, owner, owner, follow_symlinks=False)
        sentinel = _start_sentinel(root, owner)
        stack.callback(sentinel.wait)
        stack.callback(sentinel.kill)
        descriptor = os.open(root / "outside", os.O_RDONLY | os.O_DIRECTORY)
        os.set_inheritable(descriptor, True)
        stack.callback(os.close, descriptor)
        outside = root / "outside"
        goal = {
            "nonce": nonce,
            "number": number,
            "key": int(number) | 1 << 30,
            "outside": str(outside),
            "victim": str(outside / "victim"),
            "home": str(outside / "home"),
            "repository": str(outside / "repository"),
            "neighbour": str(outside / "neighbour"),
            "shown": str(outside / "shown"),
            "stream": str(outside / "stream"),
            "datagram": str(outside / "datagram"),
            **{name: listeners[name].getsockname()[1] for name in ("tcp", "tcp6", "udp")},
            "sentinel": sentinel.pid,
            "descriptor": descriptor,
            "calls": calls(),
        }
        made = Scene(root, owner, nonce, sentinel, listeners, goal)
        stack.callback(made.end)
        made.before()
        yield made


def remember_key(nonce: str) -> bool:
    """Puts the secret into a new session keyring of this process; False where the kernel has none."""
    libc, numbers = ctypes.CDLL(None), calls()
    join_session, session = 1, -3
    if libc.syscall(numbers["keyctl"], join_session, None) < 0:
        return False
    secret = SECRET.encode()
    return bool(libc.syscall(numbers["add_key"], b"user", nonce.encode(), secret, len(secret), session) > 0)


def _furnish(root: Path) -> None:
    outside = root / "outside"
    for name, text in (
        ("victim", "intact"),
        ("home/.bashrc", "intact"),
        ("home/.ssh/id_ed25519", SECRET),
        ("repository/.git/config", f"[http]\n\textraheader = {SECRET}\n"),
        ("repository/.git/hooks/pre-push.sample", "intact"),
        ("repository/.git/agent-gate/runs/1/events.jsonl", SECRET),
        ("neighbour/app.py", "x = 1\n"),
        ("shown/module.py", "x = 1\n"),
    ):
        path = outside / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    copy = root / "copy"
    copy.mkdir()
    (copy / "app.py").write_text("x = 1\n")
    (copy / "planted-link").symlink_to(outside / "victim")
    (copy / "planted-secret").symlink_to(outside / "home/.ssh/id_ed25519")


def _listeners(root: Path, nonce: str) -> dict[str, socket.socket]:
    made = {
        "tcp": socket.create_server(("127.0.0.1", 0)),
        "tcp6": socket.create_server(("::1", 0), family=socket.AF_INET6),
        "udp": socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
        "stream": socket.socket(socket.AF_UNIX),
        "datagram": socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM),
        "abstract": socket.socket(socket.AF_UNIX),
    }
    made["udp"].bind(("127.0.0.1", 0))
    made["stream"].bind(str(root / "outside" / "stream"))
    made["datagram"].bind(str(root / "outside" / "datagram"))
    made["abstract"].bind("\0" + nonce)
    for name in ("stream", "abstract"):
        made[name].listen()
    for listener in made.values():
        listener.setblocking(False)
    return made


def _start_sentinel(root: Path, owner: int) -> subprocess.Popen[bytes]:
    home = root / "outside" / "home"
    become: dict[str, Any] = {"user": owner, "group": owner, "extra_groups": ()} if os.geteuid() == 0 else {}
    with (home / ".ssh/id_ed25519").open("rb") as secret:
        return subprocess.Popen(
            [SECRET, "600"],
            executable=shutil.which("sleep"),
            cwd=home,
            env={"TOKEN": SECRET},
            stdin=secret,
            start_new_session=True,
            **become,
        )


def _was_asked(listener: socket.socket) -> bool:
    try:
        if listener.type == socket.SOCK_DGRAM:
            listener.recv(100)
        else:
            listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


def _snapshot(folder: Path) -> dict[str, object]:
    found: dict[str, object] = {}
    for path in (folder, *sorted(folder.rglob("*"))):
        about = path.lstat()
        content = path.read_bytes() if path.is_file() else b""
        attributes = os.listxattr(path, follow_symlinks=False)
        found[str(path)] = (
            about.st_mode,
            about.st_uid,
            about.st_nlink,
            about.st_mtime_ns,
            content,
            attributes,
        )
    return found
