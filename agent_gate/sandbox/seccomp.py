"""A filter over system calls, as a classic BPF program (seccomp(2)).

It refuses what no test of a project needs and what a kernel has most of its holes in, and what neither
namespaces nor Landlock take away: keys of the user's session, sockets of other kinds than the network's,
io_uring (which does its work past any filter), typing into a terminal. The program is plain bytes,
so that it can be read back and evaluated.
"""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from agent_gate.sandbox.syscalls import LAST_KNOWN, MACHINES, NUMBERS, Machine

KILL_PROCESS = 0x80000000
ALLOW = 0x7FFF0000
ERRNO = 0x00050000

_LOAD, _AND = 0x20, 0x54
_EQUAL, _GREATER, _AT_LEAST = 0x15, 0x25, 0x35
_RETURN = 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
"""Offsets in `struct seccomp_data`; each argument has 8 bytes, of which the low half comes first."""
_LOW_HALF = 0xFFFFFFFF

_NEW_NAMESPACES = 0x7E020000
_TYPING = (0x5412, 0x541C)
"""TIOCSTI and TIOCLINUX: what is written appears as typed at the terminal."""
_UNIX, _INET, _INET6, _NETLINK = 1, 2, 10, 16
_STREAM, _SEQPACKET = 1, 5

Instruction = tuple[int, int, int, int]


@dataclass(frozen=True)
class Argument:
    """A call that is refused depending on the low 32 bits of one argument."""

    call: str
    index: int
    values: tuple[int, ...]
    only: bool = True
    """`values` are the only ones allowed; otherwise they are the ones refused."""
    mask: int = _LOW_HALF
    error: int = errno.EPERM


@dataclass(frozen=True)
class Rules:
    """What a filter refuses. Everything else up to `LAST_KNOWN` is allowed."""

    refused: tuple[str, ...]
    arguments: tuple[Argument, ...] = ()
    absent: tuple[str, ...] = ("clone3", "memfd_create", "memfd_secret")
    """Answered with ENOSYS, at which programs fall back to what older kernels have. clone3 has its flags
    behind a pointer, where a filter cannot look; a file that is only in memory counts as nobody's."""


_KERNEL = (
    "unshare", "setns", "chroot", "pivot_root", "ptrace", "process_vm_readv", "process_vm_writev",
    "process_madvise", "process_mrelease", "pidfd_getfd", "kcmp", "migrate_pages", "move_pages", "bpf",
    "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register", "init_module",
    "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot", "syslog", "acct", "swapon",
    "swapoff", "quotactl", "quotactl_fd", "settimeofday", "clock_settime", "sethostname", "setdomainname", "iopl",
    "ioperm", "modify_ldt", "uselib", "vhangup", "nfsservctl", "lookup_dcookie", "keyctl", "add_key",
    "request_key", "mount", "umount2", "move_mount", "mount_setattr", "open_tree", "fsopen", "fsconfig",
    "fsmount", "fspick", "open_by_handle_at", "fanotify_init",
)  # fmt: skip
_ALWAYS = (
    Argument("clone", 0, (0,), mask=_NEW_NAMESPACES),
    Argument("ioctl", 1, _TYPING, only=False),
)
_PATHLESS = (
    "shmget", "shmat", "shmctl", "semget", "semop", "semtimedop", "semctl", "msgget", "msgsnd", "msgrcv", "msgctl",
    "mq_open", "mq_unlink",
)  # fmt: skip
_INODES = (
    "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "lchown", "fchown", "fchownat", "utime", "utimes",
    "futimesat", "utimensat", "setxattr", "lsetxattr", "fsetxattr", "setxattrat", "removexattr", "lremovexattr",
    "fremovexattr", "removexattrat",
)  # fmt: skip

IN_NAMESPACES = Rules(
    _KERNEL,
    (
        *_ALWAYS,
        # A network namespace does not hold AF_VSOCK, the way from a virtual machine to its host.
        Argument("socket", 0, (_UNIX, _INET, _INET6, _NETLINK), error=errno.EAFNOSUPPORT),
    ),
)
"""Where namespaces hide files, processes and network."""

BESIDE_LANDLOCK = Rules(
    (
        *_KERNEL,
        *_PATHLESS,
        # Landlock lets a process watch, by inotify, a folder that it may not list.
        "inotify_init", "inotify_init1",
        # A process that stays in its group is reached by one signal to the group, however often it forked.
        "setsid", "setpgid",
        # Landlock does not look at who connects to a socket that has a path: an agent of ssh, the user's
        # own service manager. Pairs remain, and only those that cannot be sent to another address.
        "socket", "connect",
    ),
    (
        *_ALWAYS,
        Argument("socketpair", 0, (_UNIX,), error=errno.EAFNOSUPPORT),
        Argument("socketpair", 1, (_STREAM, _SEQPACKET), mask=0xF, error=errno.EAFNOSUPPORT),
        # These may name another process of the same user, which Landlock does not look at.
        Argument("prlimit64", 0, (0,)),
        Argument("sched_setaffinity", 0, (0,)),
        Argument("sched_setattr", 0, (0,)),
        Argument("sched_setparam", 0, (0,)),
        Argument("sched_setscheduler", 0, (0,)),
        Argument("setpriority", 0, (0,)),
        Argument("setpriority", 1, (0,)),
        Argument("ioprio_set", 0, (1,)),
        Argument("ioprio_set", 1, (0,)),
    ),
)  # fmt: skip
"""Where all processes, and the names of all files, are in sight."""

BESIDE_LANDLOCK_AS_OWNER = Rules((*BESIDE_LANDLOCK.refused, *_INODES), BESIDE_LANDLOCK.arguments)
"""The same for a user who owns files outside: Landlock does not look at modes, owners and times."""


def this_machine() -> Machine | None:
    """The machine that we run on; None where its numbers are not known."""
    return MACHINES.get(os.uname().machine)


def program(rules: Rules, machine: Machine) -> bytes:
    """The filter as `struct sock_filter`s, in the byte order of the machines that we know."""
    return b"".join(struct.pack("<HBBI", *instruction) for instruction in _instructions(rules, machine))


def _instructions(rules: Rules, machine: Machine) -> Iterator[Instruction]:
    yield (_LOAD, 0, 0, _ARCHITECTURE)
    yield (_EQUAL, 1, 0, machine.audit)
    yield (_RETURN, 0, 0, KILL_PROCESS)
    yield (_LOAD, 0, 0, _NUMBER)
    if machine.foreign_from is not None:
        yield (_AT_LEAST, 0, 1, machine.foreign_from)
        yield (_RETURN, 0, 0, KILL_PROCESS)
    yield (_GREATER, 0, 1, LAST_KNOWN)
    yield (_RETURN, 0, 0, ERRNO | errno.ENOSYS)
    for error, calls in ((errno.EPERM, rules.refused), (errno.ENOSYS, rules.absent)):
        for number in _numbers(calls, machine):
            yield (_EQUAL, 0, 1, number)
            yield (_RETURN, 0, 0, ERRNO | error)
    for argument in rules.arguments:
        for number in _numbers((argument.call,), machine):
            body = _judged(argument)
            yield (_EQUAL, 0, len(body), number)
            yield from body
    yield (_RETURN, 0, 0, ALLOW)


def _numbers(calls: Iterable[str], machine: Machine) -> Iterator[int]:
    for call in calls:
        number = NUMBERS[call][machine.column]
        if number is not None:
            yield number


def _judged(argument: Argument) -> Sequence[Instruction]:
    """Returns an error, or goes on behind the block with the call's number loaded again."""
    refuse = (_RETURN, 0, 0, ERRNO | argument.error)
    body = [(_LOAD, 0, 0, _ARGUMENTS + 8 * argument.index)]
    if argument.mask != _LOW_HALF:
        body.append((_AND, 0, 0, argument.mask))
    if argument.only:
        behind = len(argument.values)
        body += [(_EQUAL, behind - place, 0, value) for place, value in enumerate(argument.values)]
        body.append(refuse)
    else:
        for value in argument.values:
            body += [(_EQUAL, 0, 1, value), refuse]
    return (*body, (_LOAD, 0, 0, _NUMBER))
