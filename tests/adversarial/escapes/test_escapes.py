"""Each way out works as a plain process, and leads nowhere from inside a sandbox."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from escape_attempts import ATTEMPTS, PRELUDE, PROBING, Attempt
from escape_scene import SECRET, Scene, remember_key, scene

from agent_gate.sandbox import find
from agent_gate.sandbox.base import MIB, NOBODY, Confinement, Limits, Sandbox
from agent_gate.sandbox.bubblewrap import Bubblewrap
from agent_gate.sandbox.landlock import Landlock
from agent_gate.sandbox.run import run_confined
from agent_gate.sandbox.trial import try_out

AS_ROOT = os.geteuid() == 0
SOMEBODY = 60000 + os.getpid() % 5000 if AS_ROOT else os.geteuid()
"""An ordinary user who runs nothing else: an attempt to end all processes ends only its own."""
PYTHON = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable
"""One that any user can start."""
SHOWN = () if PYTHON.startswith("/usr/") else (Path(sys.prefix), Path(sys.base_prefix))
LIMITS = Limits(
    processes=40,
    open_files=128,
    file_bytes=20 * MIB,
    data_bytes=200 * MIB,
    cpu_s=1,
    temporary_bytes=50 * MIB,
    shared_memory_bytes=20 * MIB,
    memory_bytes=200 * MIB,
    disk_bytes=80 * MIB,
    files=1000,
)
_KEEPS_KEYS = "key of the user's session"


@dataclass(frozen=True)
class AsUser:
    """A sandbox as an ordinary user starts it, for tests that run as root."""

    inner: Bubblewrap | Landlock
    brings_temporary: bool
    has_loopback: bool = False

    @property
    def name(self) -> str:
        return self.inner.name

    def wrap(self, request: Confinement) -> tuple[tuple[str, ...], dict[str, str]]:
        for folder in (*request.writable, *request.writable[0].iterdir()):
            os.chown(folder, SOMEBODY, SOMEBODY, follow_symlinks=False)
        argv, env = self.inner.wrap(request)
        place = argv.index(self.inner.bwrap) if isinstance(self.inner, Bubblewrap) else 0
        command = (PYTHON, *argv[1:]) if isinstance(self.inner, Landlock) else argv[place:]
        become = ("setpriv", f"--reuid={SOMEBODY}", f"--regid={SOMEBODY}", "--clear-groups", "--")
        return (*argv[:place], *become, *command), env


@dataclass(frozen=True)
class Inside:
    """A sandbox, and the user to whom everything outside belongs: the one that could do most harm."""

    sandbox: Sandbox
    owner: int


_found: dict[str, Inside | str] = {}


async def _inside(kind: str) -> Inside | str:
    name, _, user = kind.partition(" ")
    made = dict(find.candidates())[name]()
    if isinstance(made, str):
        return made
    if trial := (await try_out(made)).problem:
        return trial
    assert isinstance(made, Bubblewrap | Landlock)
    if not AS_ROOT:
        return "the tests run as an ordinary user already" if user else Inside(made, SOMEBODY)
    if user:
        return Inside(AsUser(replace(made, as_root=False), made.brings_temporary), SOMEBODY)
    # Landlock leaves modes and owners to the kernel's own rules: as root it becomes somebody who owns nothing.
    return Inside(made, NOBODY if isinstance(made, Bubblewrap) else 0)


async def _inside_or_skip(kind: str) -> Inside:
    if kind not in _found:
        _found[kind] = await _inside(kind)
    found = _found[kind]
    if isinstance(found, str):
        pytest.skip(found)
    return found


def _command(attempt: Attempt, outside: Scene) -> tuple[str, ...]:
    return (PYTHON, "-I", "-S", "-c", PRELUDE + attempt.code, json.dumps(outside.goal))


def _prepare(attempt: Attempt, outside: Scene) -> None:
    if attempt.name == _KEEPS_KEYS and not remember_key(outside.nonce):
        pytest.skip("this kernel keeps no keys")


@contextmanager
def _naively(attempt: Attempt, outside: Scene, user: int) -> Iterator[bytes]:
    """As a careless tool starts it: our environment, our descriptors, a time limit that only asks."""
    become: dict[str, Any] = {"user": user, "group": user, "extra_groups": ()} if AS_ROOT else {}
    temporary = outside.copy / "tmp"
    temporary.mkdir()
    if AS_ROOT:
        for path in (outside.copy, temporary):
            os.chown(path, user, user)
    environment = {
        **os.environ,
        "NONCE": outside.nonce,
        "TOKEN": SECRET,
        "SSH_AUTH_SOCK": outside.goal["stream"],
        "TMPDIR": str(temporary),
    }
    output = outside.root / "output"
    with output.open("wb") as stream:
        process = subprocess.Popen(
            _command(attempt, outside),
            cwd=outside.copy,
            env=environment,
            close_fds=False,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            **become,
        )
    try:
        process.wait(attempt.timeout_s)
    except subprocess.TimeoutExpired:
        process.terminate()
    try:
        yield output.read_bytes()
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda attempt: attempt.name)
def test_it_works_outside(attempt: Attempt) -> None:
    if attempt.needs_root and not AS_ROOT:
        pytest.skip("only root can show that this works")
    user = 0 if attempt.needs_root else SOMEBODY
    with scene(user) as outside:
        _prepare(attempt, outside)
        with _naively(attempt, outside, user) as output:
            assert b"STARTED" in output
            time.sleep(attempt.settle_s)
            assert attempt.sign in outside.signs(output), output.decode(errors="replace")


def _names(value: object) -> str:
    return value.name if isinstance(value, Attempt) else str(value)


# As root, Landlock has the kernel's own rules behind it: what it holds alone shows an ordinary user's.
@pytest.mark.parametrize(
    ("kind", "attempt"),
    [
        *(("bubblewrap", attempt) for attempt in ATTEMPTS),
        *(("bubblewrap user", attempt) for attempt in PROBING),
        *(("landlock", attempt) for attempt in (PROBING if AS_ROOT else ATTEMPTS)),
        *(("landlock user", attempt) for attempt in ATTEMPTS),
    ],
    ids=_names,
)
async def test_it_fails_inside(kind: str, attempt: Attempt, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = await _inside_or_skip(kind)
    with scene(inside.owner) as outside:
        _prepare(attempt, outside)
        monkeypatch.setenv("TOKEN", SECRET)
        monkeypatch.setenv("SSH_AUTH_SOCK", outside.goal["stream"])
        request = Confinement(
            argv=_command(attempt, outside),
            cwd=outside.copy,
            writable=(outside.copy,),
            read_only=(outside.shown, *SHOWN),
            hidden=(outside.repository,),
            env={"NONCE": outside.nonce},
            limits=LIMITS,
        )
        done = await run_confined(inside.sandbox, request, timeout_s=attempt.timeout_s, grace_s=0.5)
        assert b"STARTED" in done.stdout, done.stderr.decode()
        await asyncio.sleep(attempt.settle_s)
        assert outside.signs(done.stdout + done.stderr, patience_s=2) == set(), done.tail()
