"""Starts one command under Landlock, seccomp and limits, and ends what it leaves behind.

A program of its own (`python -I -S -c START`), between the process that judges and the command that is
judged. Standard library only. It stays outside the confinement, so that the command cannot signal it.
All that the command starts stays in this process group (the filter refuses setsid and setpgid), which
whoever started us kills whole; when that process is gone, we do.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

from agent_gate.sandbox import confine

START = "import sys; sys.path.append(sys.argv[1]); from agent_gate.sandbox.launcher import main; main()"
FAILED = 125
"""Our own exit code where the confinement could not be put in force."""
_NOT_FOUND = 127
_PATIENCE_S = 2.0


def main() -> NoReturn:
    """Carries out the plan in the second argument (JSON; `agent_gate.sandbox.landlock` writes it).

    The command is what follows.
    """
    plan, argv = json.loads(sys.argv[2]), sys.argv[3:]
    signal.signal(signal.SIGHUP, lambda *_: os.killpg(0, signal.SIGKILL))
    signal.signal(signal.SIGTERM, lambda *_: None)  # the group got it too: the command may end in peace
    confine.signal_when_parent_ends(signal.SIGHUP)
    if os.getppid() != plan["parent"]:
        sys.exit(FAILED)
    confine.adopt_orphans()
    command = os.fork()
    if command == 0:
        _become_the_command(plan, argv)
    status = _end_of(command)
    _end_the_rest()
    os._exit(128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status))


def _become_the_command(plan: dict[str, Any], argv: list[str]) -> NoReturn:
    try:
        _confine(plan)
    except BaseException as error:  # noqa: BLE001 - whatever it is, the command must not start
        os.write(2, f"the sandbox cannot be put in force: {error}\n".encode())
        os._exit(FAILED)
    try:
        os.execvpe(argv[0], argv, plan["env"])  # noqa: S606 - what this program is for
    except OSError as error:
        os.write(2, f"{argv[0]}: {error.strerror}\n".encode())
        os._exit(_NOT_FOUND)


def _confine(plan: dict[str, Any]) -> None:
    for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    os.chdir(plan["cwd"])
    confine.volunteer_when_memory_is_short()
    user = os.geteuid() if plan["become"] is None else plan["become"]
    rules = [(Path(path), confine.READ) for path in (*plan["read_only"], "/proc/self")]
    rules += [(Path(path), confine.WRITE) for path in plan["writable"]]
    ruleset = confine.restrict_files(rules)
    confine.limit(plan["limits"], user)
    if plan["become"] is not None:
        confine.become(user)
    confine.signal_when_parent_ends(signal.SIGKILL)  # a change of user would undo it
    confine.enforce(ruleset)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    confine.filter_calls(bytes.fromhex(plan["filter"]))


def _end_of(command: int) -> int:
    while True:
        pid, status = os.wait()
        if pid == command:
            return status


def _end_the_rest() -> None:
    """Kills what is left. A family that forks faster than this falls to the signal to our group."""
    end = time.monotonic() + _PATIENCE_S
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    try:
        while time.monotonic() < end:
            for pid in children.read_text().split():
                os.kill(int(pid), signal.SIGKILL)
            os.wait()
    except (ChildProcessError, FileNotFoundError):
        return  # none is left, or this kernel does not tell them (CONFIG_PROC_CHILDREN)
