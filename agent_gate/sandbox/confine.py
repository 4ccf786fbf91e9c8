"""Steps by which a process of Linux gives up what it may do, by the kernel's own calls; none can be undone.

Standard library only: it runs in the launcher, which starts without site-packages.
"""

from __future__ import annotations

import ctypes
import os
import resource
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path

ABI_NEEDED = 6
"""Linux 6.12: the first with LANDLOCK_SCOPE_SIGNAL. Without it, code could end the user's processes."""

_CREATE, _ADD, _RESTRICT = 444, 445, 446
"""landlock_create_ruleset(2) and the two that follow; the same numbers on all machines."""
_VERSION_FLAG = 1
_PATH_BENEATH = 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = (1 << bit for bit in range(4))
_MAKE_CHAR, _MAKE_SOCK, _MAKE_BLOCK = 1 << 6, 1 << 9, 1 << 11
_TRUNCATE, _IOCTL_DEV = 1 << 14, 1 << 15
_ALL_FILES = (1 << 16) - 1
_ALL_TCP = 0b11
_ALL_SCOPES = 0b11
"""Abstract UNIX sockets and signals."""

READ = _EXECUTE | _READ_FILE | _READ_DIR
WRITE = _ALL_FILES & ~(_MAKE_CHAR | _MAKE_BLOCK | _MAKE_SOCK | _IOCTL_DEV)
_OF_A_FILE = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE

_SET_PDEATHSIG, _SET_KEEPCAPS, _SET_SECCOMP, _CAPBSET_READ, _CAPBSET_DROP = 1, 8, 22, 23, 24
_SET_CHILD_SUBREAPER, _SET_NO_NEW_PRIVS, _CAP_AMBIENT = 36, 38, 47
_FILTER_MODE, _AMBIENT_RAISE = 2, 2
_CAP_DAC_READ_SEARCH = 2
_CAPABILITY_VERSION = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


def landlock_abi() -> int:
    """The version of Landlock that this kernel offers; 0 where there is none, or it is switched off."""
    version: int = _libc.syscall(_CREATE, None, ctypes.c_size_t(0), _VERSION_FLAG)
    return max(0, version)


def restrict_files(rules: Iterable[tuple[Path, int]]) -> int:
    """A ruleset, as a file descriptor, by which only these paths, and what lies below, can be opened.

    It also denies TCP, abstract sockets and signals to whoever stands outside. Paths that do not exist
    are left out: then there is nothing to allow.
    """
    handled = struct.pack("QQQ", _ALL_FILES, _ALL_TCP, _ALL_SCOPES)
    ruleset = _checked(
        _libc.syscall(_CREATE, handled, ctypes.c_size_t(len(handled)), 0), "a Landlock ruleset"
    )
    for path, rights in rules:
        try:
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        allowed = rights if path.is_dir() else rights & _OF_A_FILE
        rule = struct.pack("=Qi", allowed, place)
        _checked(_libc.syscall(_ADD, ruleset, _PATH_BENEATH, rule, 0), f"a Landlock rule for {path}")
        os.close(place)
    return int(ruleset)


def enforce(ruleset: int) -> None:
    """Puts a ruleset in force, for this process and all that it starts."""
    _control(_SET_NO_NEW_PRIVS, 1)
    _checked(_libc.syscall(_RESTRICT, ruleset, 0), "Landlock")
    os.close(ruleset)


def filter_calls(program: bytes) -> None:
    """Puts a seccomp filter in force. No new privileges must be possible already."""
    code = ctypes.create_string_buffer(program, len(program))
    about = struct.pack("H6xP", len(program) // 8, ctypes.addressof(code))
    _control(_SET_SECCOMP, _FILTER_MODE, ctypes.c_char_p(about))


def limit(limits: Mapping[str, int], user: int) -> None:
    """Sets the limits of one process. The number of processes counts what the user runs already."""
    processes = limits["processes"] + _tasks_of(user)
    for kind, value in (
        (resource.RLIMIT_NPROC, processes),
        (resource.RLIMIT_NOFILE, limits["open_files"]),
        (resource.RLIMIT_FSIZE, limits["file_bytes"]),
        (resource.RLIMIT_DATA, limits["data_bytes"]),
        (resource.RLIMIT_CPU, limits["cpu_s"]),
        (resource.RLIMIT_CORE, 0),
    ):
        _, most = resource.getrlimit(kind)
        bound = value if most == resource.RLIM_INFINITY else min(value, most)
        resource.setrlimit(kind, (bound, bound))


def become(user: int) -> None:
    """Changes from root to a user that owns nothing, for good.

    One capability is kept where there is it, that of passing through folders and reading whatever
    their modes say: interpreters and copies may lie below root's own folders. Landlock still decides
    what is opened.
    """
    passes = _libc.prctl(_CAPBSET_READ, _CAP_DAC_READ_SEARCH, 0, 0, 0) == 1
    for capability in range(64):
        if capability != _CAP_DAC_READ_SEARCH and _libc.prctl(_CAPBSET_READ, capability, 0, 0, 0) == 1:
            _control(_CAPBSET_DROP, capability)
    _control(_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    kept = 1 << _CAP_DAC_READ_SEARCH if passes else 0
    header = struct.pack("Ii", _CAPABILITY_VERSION, 0)
    _checked(_libc.capset(header, struct.pack("6I", kept, kept, kept, 0, 0, 0)), "capset")
    if passes:
        _control(_CAP_AMBIENT, _AMBIENT_RAISE, _CAP_DAC_READ_SEARCH)


def signal_when_parent_ends(number: int) -> None:
    """Asks for a signal when the process that started this one is gone."""
    _control(_SET_PDEATHSIG, number)


def adopt_orphans() -> None:
    """Makes this process the parent of descendants whose own parent ended."""
    _control(_SET_CHILD_SUBREAPER, 1)


def volunteer_when_memory_is_short() -> None:
    """Lets the kernel end this process and what it starts before all others."""
    Path("/proc/self/oom_score_adj").write_text("1000")


def _tasks_of(user: int) -> int:
    count = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if entry.stat().st_uid == user:
                    count += sum(1 for _ in (entry / "task").iterdir())
            except OSError:
                continue  # it ended while we looked
    return count


def _control(option: int, *arguments: int | ctypes.c_char_p) -> None:
    words = [each if isinstance(each, ctypes.c_char_p) else ctypes.c_ulong(each) for each in arguments]
    padding = [ctypes.c_ulong(0)] * (4 - len(words))
    _checked(_libc.prctl(option, *words, *padding), f"prctl {option}")


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result
