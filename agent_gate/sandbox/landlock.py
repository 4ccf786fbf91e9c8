"""Landlock and seccomp, for Linux without user namespaces: what bubblewrap would hide is refused here.

What it cannot do is told in docs/sandbox.md: no loopback, no private `/tmp` in memory, no view of its own
of processes, and some honest calls are refused because the kernel does not look at their arguments.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent_gate.sandbox import seccomp
from agent_gate.sandbox.base import NOBODY, SYSTEM_FILES, Confinement, hand_over, inner_environment
from agent_gate.sandbox.launcher import START
from agent_gate.sandbox.syscalls import Machine

_PACKAGES = Path(__file__).resolve().parents[2]
_SYSTEM = (
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/dev/random", "/dev/urandom", "/proc/cpuinfo",
    "/proc/meminfo", "/proc/stat", "/proc/filesystems", "/proc/sys/vm/overcommit_memory",
    "/proc/sys/kernel/osrelease", "/proc/sys/kernel/pid_max", "/sys/devices/system/cpu",
)  # fmt: skip
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full")


@dataclass(frozen=True)
class Landlock:
    """Builds the launcher's command line. `as_root` says that the program itself runs as the real root."""

    abi: int
    machine: Machine
    as_root: bool = False

    name = "landlock"
    has_loopback = False
    """A filter cannot tell the machine's loopback from the command's own, so there are no sockets at all."""
    brings_temporary = False

    def wrap(self, request: Confinement) -> tuple[tuple[str, ...], dict[str, str]]:
        """The launcher with its plan. Started by root, hands the writable folders to `nobody`."""
        if self.as_root:
            for folder in request.writable:
                hand_over(folder)
        place = str(request.temporary or next(iter(request.writable), request.cwd))
        rules = seccomp.BESIDE_LANDLOCK if self.as_root else seccomp.BESIDE_LANDLOCK_AS_OWNER
        read_only = (*map(Path, _SYSTEM), *(Path(name) for name in SYSTEM_FILES), *request.read_only)
        plan = {
            "parent": os.getpid(),
            "cwd": str(request.cwd),
            "env": inner_environment(request, place, place),
            "read_only": [
                str(p) for path in read_only for p in _shown(path.resolve(), _resolved(request.hidden))
            ],
            "writable": [*map(str, request.writable), *_DEVICES],
            "limits": request.limits.model_dump(),
            "filter": seccomp.program(rules, self.machine).hex(),
            "become": NOBODY if self.as_root else None,
        }
        argv = (
            sys.executable,
            "-I",
            "-S",
            "-B",
            "-c",
            START,
            str(_PACKAGES),
            json.dumps(plan),
            *request.argv,
        )
        return argv, {"PATH": "/usr/bin:/bin"}


def _resolved(paths: Sequence[Path]) -> tuple[Path, ...]:
    return tuple(path.resolve() for path in paths)


def _shown(path: Path, hidden: Sequence[Path]) -> Iterator[Path]:
    """The path itself; where something hidden lies below it, its other entries, each on its own.

    Such a folder can then not be listed, only what it holds be opened.
    """
    if not any(private.is_relative_to(path) and private != path for private in hidden):
        yield path
        return
    for entry in sorted(path.iterdir()):
        if entry not in hidden and not entry.is_symlink():
            yield from _shown(entry, hidden)
