"""What is asked of a sandbox, whichever it is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from agent_gate.domain.value import Value

MIB = 1024 * 1024
NOBODY = 65534
"""The user that a command becomes where root starts it."""
SYSTEM_FILES = tuple(
    f"/etc/{name}"
    for name in (
        "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "passwd", "group", "alternatives", "ssl", "localtime",
        "hosts", "nsswitch.conf", "mime.types",
    )
)  # fmt: skip
"""What programs need of `/etc`, and nothing else of it."""


class Limits(Value):
    """What one confined command may use. They stand in the cache key of whatever it produces."""

    processes: int = 256
    open_files: int = 1024
    file_bytes: int = 512 * MIB
    """Of one file."""
    data_bytes: int = 4096 * MIB
    """Of one process's own memory (RLIMIT_DATA)."""
    cpu_s: int = 600
    """Of one process."""
    temporary_bytes: int = 512 * MIB
    shared_memory_bytes: int = 256 * MIB
    memory_bytes: int = 8192 * MIB
    """Of all its processes together."""
    disk_bytes: int = 4096 * MIB
    """Of what it adds to its writable folders, together."""
    files: int = 500_000
    """How many files and folders it adds there."""


@dataclass(frozen=True)
class Confinement:
    """One command, and everything that it may see.

    Paths are absolute and keep their names inside. Nothing but the system's programs (`/usr`) is
    visible beyond `read_only` and `writable`; what lies under one of those and is `hidden` (the user's
    checkout under an interpreter's prefix, say) is covered by an empty folder.
    """

    argv: tuple[str, ...]
    cwd: Path
    """Must lie in one of the folders below."""
    writable: tuple[Path, ...] = ()
    read_only: tuple[Path, ...] = ()
    hidden: tuple[Path, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    temporary: Path | None = None
    """An empty folder for temporary files and a home, on the disk, for sandboxes that cannot make one
    in memory. `run_confined` brings it and removes it."""


class Sandbox(Protocol):
    """Turns a request into the command that is started in its place."""

    @property
    def name(self) -> str:
        """What stands in results: `bubblewrap`, `landlock`, `seatbelt`, or `none`."""

    @property
    def has_loopback(self) -> bool:
        """Whether a confined command can serve and be asked at 127.0.0.1, among its own processes only."""

    @property
    def brings_temporary(self) -> bool:
        """Whether it makes the folder for temporary files itself, in memory and bounded."""

    def wrap(self, request: Confinement) -> tuple[tuple[str, ...], dict[str, str]]:
        """The command line and environment that `agent_gate.process.run` starts."""


def inner_environment(request: Confinement, temporary: str, home: str) -> dict[str, str]:
    """The whole environment of a confined command: fixed values, then what the request names."""
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": home,
        "TMPDIR": temporary,
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "CI": "true",
        "PYTHONHASHSEED": "0",
        "PYTHONIOENCODING": "utf-8",
        **request.env,
    }


def hand_over(folder: Path) -> None:
    """Gives a folder, and all that lies in it, to `nobody`."""
    os.chown(folder, NOBODY, NOBODY)
    for directory, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(Path(directory) / name, NOBODY, NOBODY, follow_symlinks=False)
