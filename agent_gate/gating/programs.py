"""Programs without an ending: what they are written in stands in their first line.

As pre-commit's `identify` tells them, https://github.com/pre-commit/identify, with one difference: a file without
an ending counts also where it is not executable, since anybody can hand it to an interpreter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from agent_gate.gating.diff import FileDiff

_BYTES = 200
_EXECUTABLE = "100755"


def is_program(pattern: str, path: str, content: bytes | None, mode: str) -> bool:
    """Whether the first line of a file fits; an ending says what a file is, unless it is executable."""
    if not pattern or content is None or not content.startswith(b"#!"):
        return False
    if PurePosixPath(path).suffix and mode != _EXECUTABLE:
        return False
    first = content[:_BYTES].split(b"\n", 1)[0].decode("latin-1")
    return re.match(pattern, first) is not None


def changed_programs(pattern: str, diff: Iterable[FileDiff]) -> tuple[list[str], list[str]]:
    """The programs among the files of a change: their paths in the base, and in the candidate."""
    diff = tuple(diff)
    before = [f.old_path for f in diff if is_program(pattern, f.old_path, f.before, f.before_mode)]
    after = [f.path for f in diff if is_program(pattern, f.path, f.after, f.after_mode)]
    return before, after
