"""What is made once for all tests, whichever worker of pytest-xdist they run in."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest


def shared_folder(factory: pytest.TempPathFactory, name: str) -> Path:
    """A folder of this name below the one that all workers have in common; nobody has made it yet."""
    folder = factory.getbasetemp()
    return (folder.parent if folder.name.startswith("popen-") else folder) / name


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """The shared folder, filled by `make`: by whoever comes first, while the others wait.

    Who wants to change something in it takes a copy.
    """
    folder = shared_folder(factory, name)
    done = folder.with_name(f"{name}.done")
    with folder.with_name(f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of one that failed
            folder.mkdir()
            make(folder)
            done.touch()
    return folder
