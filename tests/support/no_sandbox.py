"""Runs a command where nothing can confine another: no bubblewrap, and a kernel that knows no Landlock.

`python no_sandbox.py COMMAND…` does to a process what an old kernel without the package would: bubblewrap
hides itself from the command, and a system call filter answers landlock_create_ruleset(2) with ENOSYS.
"""

from __future__ import annotations

import errno
import os
import struct
import sys

_BUBBLEWRAP = "/usr/bin/bwrap"
_CREATE_RULESET = 444
"""On every architecture: system calls after 424 have one number everywhere."""
_LOAD_NUMBER, _EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_FILTER = (
    (_LOAD_NUMBER, 0, 0, 0),
    (_EQUAL, 0, 1, _CREATE_RULESET),
    (_RETURN, 0, 0, _ERRNO | errno.ENOSYS),
    (_RETURN, 0, 0, _ALLOW),
)


def main() -> None:
    """Becomes the command; bubblewrap reads the filter from a file in memory that it inherits."""
    file = os.memfd_create("filter", 0)
    os.write(file, b"".join(struct.pack("<HBBI", *instruction) for instruction in _FILTER))
    os.lseek(file, 0, os.SEEK_SET)
    hide = ("--dev-bind", "/", "/", "--ro-bind", "/dev/null", _BUBBLEWRAP, "--seccomp", str(file))
    os.execv(_BUBBLEWRAP, [_BUBBLEWRAP, *hide, "--", *sys.argv[1:]])


if __name__ == "__main__":
    main()
