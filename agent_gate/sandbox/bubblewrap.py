"""Linux namespaces by bubblewrap, a system call filter, and resource limits by prlimit.

No network, no other processes, no capabilities, no terminal, no environment, and of the file system
only what is named. The process-id namespace is what makes sure that nothing survives: when its first
process is gone, the kernel ends all others (pid_namespaces(7)).

RLIMIT_NPROC does not bind the real root (kernel/fork.c, copy_process: INIT_USER is exempt), also not
inside a user namespace that maps to it. Started by root, the command therefore first becomes `nobody`
in a stage of its own, and the writable folders are handed to that user.

The filter takes what namespaces leave: the keys of the user's session, AF_VSOCK, io_uring and other
calls in which kernels have their holes.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from agent_gate.sandbox import seccomp
from agent_gate.sandbox.base import NOBODY, SYSTEM_FILES, Confinement, Limits, hand_over, inner_environment

_NAMESPACES = (
    "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try",
)  # fmt: skip
_MERGED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_START = 'echo 1000 2>/dev/null >/proc/self/oom_score_adj; exec 3<"$0" && exec "$@"'
"""Where memory is short the kernel ends the command first; then descriptor 3 gets the filter."""
_FILTER = "3"
_HOME = "/tmp/home"  # noqa: S108 - inside the sandbox, a folder of its own


@dataclass(frozen=True)
class Bubblewrap:
    """Builds bwrap's command line. `as_root` says that the program itself runs as the real root."""

    bwrap: str
    prlimit: str
    setpriv: str = ""
    as_root: bool = False
    filter: bytes = b""
    """The system call filter; empty on a machine whose calls are not known to us."""
    has_loopback: bool = True

    name = "bubblewrap"
    brings_temporary = True

    def wrap(self, request: Confinement) -> tuple[tuple[str, ...], dict[str, str]]:
        """The command line, in the order in which bwrap carries it out.

        System folders and fresh ones come first, since a later mount covers an earlier one; the root
        is made read-only last. Started by root, hands the writable folders to `nobody`.
        """
        if self.as_root:
            for folder in request.writable:
                hand_over(folder)
        argv = (
            *self._start(),
            self.bwrap,
            *(() if self.as_root else self._filtered()),
            *self._privileges(),
            "--die-with-parent",
            "--new-session",
            *_system(request.limits),
            *_mounts(request),
            "--remount-ro",
            "/",
            "--chdir",
            "/" if self.as_root else str(request.cwd),
            "--clearenv",
            *_environment(request),
            "--",
            *self._second_stage(request),
            *_limited(self.prlimit, request.limits),
            *request.argv,
        )
        return argv, {"PATH": "/usr/bin:/bin"}

    def _start(self) -> tuple[str, ...]:
        return ("/bin/sh", "-c", _START, _in_memory(self.filter)) if self.filter else ()

    def _filtered(self) -> tuple[str, ...]:
        return ("--seccomp", _FILTER) if self.filter else ()

    def _privileges(self) -> tuple[str, ...]:
        if self.as_root:
            return (
                *_NAMESPACES, "--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID",
            )  # fmt: skip
        return ("--unshare-user", *_NAMESPACES, "--disable-userns", "--cap-drop", "ALL")

    def _second_stage(self, request: Confinement) -> tuple[str, ...]:
        if not self.as_root:
            return ()
        return (
            self.setpriv, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=-all", "--",
            self.bwrap, *self._filtered(), "--unshare-user", "--disable-userns", "--cap-drop", "ALL", "--die-with-parent",
            "--dev-bind", "/", "/", "--chdir", str(request.cwd), "--",
        )  # fmt: skip


def locate(path: str = "/usr/bin:/bin:/usr/local/bin") -> Bubblewrap | str:
    """The programs that the sandbox is made of, or a sentence that names the one that is missing."""
    found = {name: shutil.which(name, path=path) for name in _PROGRAMS}
    for name, package in _PROGRAMS.items():
        if not found[name]:
            return f"the program {name} is not installed (package {package})"
    machine = seccomp.this_machine()
    return Bubblewrap(
        bwrap=str(found["bwrap"]),
        prlimit=str(found["prlimit"]),
        setpriv=str(found["setpriv"]),
        as_root=os.geteuid() == 0,
        filter=seccomp.program(seccomp.IN_NAMESPACES, machine) if machine else b"",
    )


_PROGRAMS = {"bwrap": "bubblewrap", "prlimit": "util-linux", "setpriv": "util-linux"}


_held: dict[bytes, int] = {}


def _in_memory(content: bytes) -> str:
    """The path of a file with this content, which lives in memory and as long as this process."""
    if content not in _held:
        file = os.memfd_create("agent-gate-filter", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.write(file, content)
        fcntl.fcntl(file, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW)
        _held[content] = file
    return f"/proc/{os.getpid()}/fd/{_held[content]}"


def _system(limits: Limits) -> Iterator[str]:
    yield from ("--ro-bind", "/usr", "/usr")
    for name in _MERGED:
        path = Path("/") / name
        if path.is_symlink():
            yield from ("--symlink", str(path.readlink()), str(path))
        elif path.is_dir():
            yield from ("--ro-bind", str(path), str(path))
    yield from ("--perms", "0755", "--dir", "/etc")
    for name in SYSTEM_FILES:
        yield from ("--ro-bind-try", name, name)
    yield from ("--proc", "/proc", "--dev", "/dev")
    yield from ("--perms", "1777", "--size", str(limits.shared_memory_bytes), "--tmpfs", "/dev/shm")  # noqa: S108
    yield from ("--perms", "1777", "--size", str(limits.temporary_bytes), "--tmpfs", "/tmp")  # noqa: S108
    yield from ("--perms", "0777", "--dir", _HOME)


def _mounts(request: Confinement) -> Iterator[str]:
    """Outer folders before the inner ones, whatever their kind, so that nothing is covered by mistake."""
    read_only = {path.resolve(): "--ro-bind" for path in request.read_only}
    shown = (Path("/usr"), *read_only)
    hidden = {
        path: "--tmpfs" for path in map(Path.resolve, request.hidden) if path.is_dir() and _below(path, shown)
    }
    writable = {path.resolve(): "--bind" for path in request.writable}
    mounted = {**hidden, **read_only, **writable}
    made = {
        path: (kind, str(path)) if kind == "--tmpfs" else (kind, str(path), str(path))
        for path, kind in mounted.items()
    }
    for path in (*request.read_only, *request.writable):
        for link, target in _links(path).items():
            if not _below(link, shown):
                made[link] = ("--symlink", target, str(link))
    for path, words in sorted(made.items(), key=lambda item: (len(item[0].parts), item[0])):
        for parent in reversed(path.parents[:-1]):
            if not _below(parent, shown):
                yield from ("--perms", "0755", "--dir", str(parent))
        yield from words
    for path in hidden:
        if mounted[path] == "--tmpfs":
            yield from ("--remount-ro", str(path))


def _below(path: Path, tops: Iterable[Path]) -> bool:
    return any(path.is_relative_to(top) for top in tops)


def _links(path: Path) -> dict[Path, str]:
    """The symbolic links on the way to what a path names, so that they can be made again inside."""
    found: dict[Path, str] = {}
    current = Path("/")
    parts = list(path.parts[1:])
    while parts:
        part = parts.pop(0)
        current = current.parent if part == ".." else current / part
        if current.is_symlink() and current not in found:
            target = str(current.readlink())
            found[current] = target
            parts = [*Path(target).parts, *parts]
            current = Path("/") if target.startswith("/") else current.parent
            parts = parts[1:] if target.startswith("/") else parts
    return found


def _environment(request: Confinement) -> Iterator[str]:
    for name, value in inner_environment(request, "/tmp", _HOME).items():  # noqa: S108
        yield from ("--setenv", name, value)


def _limited(prlimit: str, limits: Limits) -> tuple[str, ...]:
    return (
        prlimit,
        f"--nproc={limits.processes}",
        f"--nofile={limits.open_files}",
        f"--fsize={limits.file_bytes}",
        f"--data={limits.data_bytes}",
        f"--cpu={limits.cpu_s}",
        "--core=0",
        "--",
    )
