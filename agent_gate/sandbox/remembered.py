"""What a trial of a sandbox showed, kept until something changes that it depends on."""

from __future__ import annotations

import json
import os
import stat
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from agent_gate import __version__
from agent_gate.domain.digest import canonical_json, sha256
from agent_gate.sandbox.base import Sandbox
from agent_gate.sandbox.bubblewrap import Bubblewrap

_MOST_BYTES = 64 * 1024
_OTHERS = 0o077
_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Remembered:
    """A trial that went well."""

    loopback: bool
    detail: str


class TrialStore:
    """A folder that only its owner may enter. Anything else about it and it counts as empty."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def recall(self, key: str) -> Remembered | None:
        """What was kept under this key, or None."""
        try:
            if not _private(self._folder.lstat(), stat.S_ISDIR):
                return None
            file = os.open(self._path(key), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            with os.fdopen(file, "rb") as kept:
                if not _private(os.fstat(file), stat.S_ISREG):
                    return None
                told = json.loads(kept.read(_MOST_BYTES))
            if told["key"] != key:
                return None
            return Remembered(loopback=bool(told["loopback"]), detail=str(told["detail"]))
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None

    def keep(self, key: str, trial: Remembered) -> None:
        """Writes it down, whole or not at all. Where that is not possible the next trial is made anew."""
        content = canonical_json({"key": key, **asdict(trial)})
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not _private(self._folder.lstat(), stat.S_ISDIR):
                return
            with tempfile.NamedTemporaryFile(dir=self._folder, prefix=".draft-", delete=False) as draft:
                draft.write(content)
            Path(draft.name).replace(self._path(key))
        except OSError:
            return

    def _path(self, key: str) -> Path:
        return self._folder / f"{key.removeprefix('sha256:')}.json"


def identity(sandbox: Sandbox) -> str:
    """A digest over what a trial's outcome depends on, as far as it can be seen at once.

    The kernel and its start, the namespaces and the user that we run as, the programs that confine, the
    interpreter, and our own files.
    """
    programs = [sys.executable, sys.base_prefix, *map(str, sorted(Path(__file__).parent.glob("*.py")))]
    if isinstance(sandbox, Bubblewrap):
        programs += [sandbox.bwrap, sandbox.prlimit, sandbox.setpriv, "/bin/sh"]
    seen: dict[str, Any] = {
        "sandbox": sandbox.name,
        "version": __version__,
        "machine": list(os.uname()),
        "boot": _text(_BOOT),
        "user": [os.geteuid(), os.getegid()],
        "namespaces": [_link(f"/proc/self/ns/{name}") for name in ("user", "mnt", "pid", "net")],
        "programs": [_about(path) for path in programs if path],
    }
    return sha256(canonical_json(seen))


def _private(about: os.stat_result, is_kind: Any) -> bool:
    return is_kind(about.st_mode) and about.st_uid == os.geteuid() and not about.st_mode & _OTHERS


def _about(path: str) -> list[str | int]:
    try:
        told = Path(path).stat()
    except OSError:
        return [path]
    return [path, told.st_size, told.st_mtime_ns, told.st_ino, told.st_mode]


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _link(path: str) -> str:
    try:
        return str(Path(path).readlink())
    except OSError:
        return ""
