from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent_gate import process
from agent_gate.sandbox.base import MIB, Confinement, Limits
from agent_gate.sandbox.none import Unconfined
from agent_gate.sandbox.run import run_confined
from agent_gate.sandbox.watch import Watch, descendants


def request(folder: Path, source: str = "", **limits: int) -> Confinement:
    argv = (sys.executable, "-I", "-S", "-c", source)
    return Confinement(argv=argv, cwd=folder, writable=(folder,), limits=Limits(**limits))


@contextmanager
def running(source: str) -> Iterator[int]:
    """A process that has said that it is ready; its id."""
    argv = [
        sys.executable,
        "-I",
        "-S",
        "-c",
        f"import os, sys\n{source}\nprint('ready', flush=True); sys.stdin.read()",
    ]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout
        assert child.stdout.readline() == b"ready\n"
        yield child.pid
        assert child.stdin
        child.stdin.close()


def test_what_was_there_before_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "copy").write_bytes(bytes(3 * MIB))
    watch = Watch(request(tmp_path, disk_bytes=2 * MIB))
    assert watch(os.getpid()) == ""
    (tmp_path / "new").write_bytes(bytes(3 * MIB))
    assert "more than 2 MiB" in watch(os.getpid())


def test_files_are_counted(tmp_path: Path) -> None:
    watch = Watch(request(tmp_path, files=50))
    for number in range(60):
        (tmp_path / str(number)).mkdir()
    assert watch(os.getpid()) == "it made more than 50 files"


def test_a_file_that_was_removed_and_is_open_counts(tmp_path: Path) -> None:
    watch = Watch(request(tmp_path, disk_bytes=2 * MIB))
    source = (
        f"f = open({str(tmp_path / 'x')!r}, 'wb'); os.unlink(f.name); f.write(bytes(3 * {MIB})); f.flush()"
    )
    with running(source) as pid:
        assert "more than 2 MiB" in watch(pid)


def test_a_folder_that_is_gone_is_a_reason(tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    watch = Watch(request(tmp_path / "copy"))
    (tmp_path / "copy").rmdir()
    assert watch(os.getpid()) == "its folders cannot be looked at any more: No such file or directory"


def test_sparse_files_count_for_what_they_take(tmp_path: Path) -> None:
    watch = Watch(request(tmp_path, disk_bytes=2 * MIB))
    (tmp_path / "sparse").touch()
    os.truncate(tmp_path / "sparse", 1 << 40)
    assert watch(os.getpid()) == ""


def test_memory_of_a_family_is_summed_and_what_it_shares_counts_once(tmp_path: Path) -> None:
    shared = f"held = bytearray(b'x' * (40 * {MIB}))\nfor _ in range(4):\n    if not os.fork():\n        sys.stdin.read(); os._exit(0)"
    own = f"for _ in range(4):\n    if not os.fork():\n        held = bytearray(b'x' * (40 * {MIB})); os.write(w, b'.'); sys.stdin.read(); os._exit(0)"
    wait = "[os.read(r, 1) for _ in range(4)]"
    watch = Watch(request(tmp_path, memory_bytes=120 * MIB))
    with running(shared) as pid:
        assert len(list(descendants(pid))) == 5
        assert watch(pid) == ""
    with running(f"r, w = os.pipe()\n{own}\n{wait}") as pid:
        assert watch(pid) == "its processes together held more than 120 MiB of memory"


async def test_a_command_is_ended_with_the_reason_as_its_last_word(tmp_path: Path) -> None:
    source = (
        "import time; open('x', 'wb').write(bytes(5_000_000)); print('wrote', flush=True); time.sleep(60)"
    )
    done = await run_confined(Unconfined(), request(tmp_path, source, disk_bytes=2 * MIB), timeout_s=30)
    assert done.returncode != 0
    assert not done.timed_out
    assert done.stopped == "it wrote more than 2 MiB into its folders"
    assert done.tail() == f"wrote\nended: {done.stopped}"


async def test_a_watch_that_fails_ends_the_command_and_is_raised(tmp_path: Path) -> None:
    def broken(pid: int) -> str:
        raise LookupError(pid)

    argv = [sys.executable, "-c", "import time; time.sleep(60)"]
    with pytest.raises(LookupError) as raised:
        await process.run(argv, cwd=tmp_path, env={}, timeout_s=30, watch=broken)
    assert raised.value.args[0] not in set(descendants(os.getpid()))
