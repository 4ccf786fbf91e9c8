from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent_gate import process
from agent_gate.process import Completed
from agent_gate.sandbox import find
from agent_gate.sandbox.base import Confinement, Limits
from agent_gate.sandbox.landlock import Landlock
from agent_gate.sandbox.launcher import FAILED
from agent_gate.sandbox.run import run_confined
from agent_gate.sandbox.syscalls import MACHINES
from agent_gate.sandbox.trial import try_out

PREFIXES = (Path(sys.prefix), Path(sys.base_prefix))
Confined = Callable[..., Awaitable[Completed]]


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="landlock-") as name:
        yield Path(name).resolve()


@pytest.fixture
async def landlock() -> Landlock:
    """Landlock on this kernel, or the test is skipped with what it lacks."""
    made = find.landlock()
    if isinstance(made, str):
        pytest.skip(made)
    assert isinstance(made, Landlock)
    if trial := (await try_out(made)).problem:
        pytest.skip(trial)
    return made


@pytest.fixture
def confined(landlock: Landlock, folder: Path) -> Confined:
    """Runs Python source in it."""

    async def python(source: str, **more: Any) -> Completed:
        argv = (sys.executable, "-I", "-c", source)
        settings: dict[str, Any] = {"cwd": folder, "writable": (folder,), "read_only": PREFIXES, **more}
        return await run_confined(landlock, Confinement(argv=argv, **settings), timeout_s=20)

    return python


class TestHonestWork:
    async def test_files_folders_and_links_of_its_own(self, confined: Confined, folder: Path) -> None:
        done = await confined(
            "import os, shutil, tempfile, pathlib\n"
            "os.makedirs('a/b'); pathlib.Path('a/b/f').write_text('x'); os.link('a/b/f', 'g')\n"
            "os.rename('a/b/f', 'h'); os.symlink('h', 'i'); print(open('i').read()); shutil.rmtree('a')\n"
            "with tempfile.NamedTemporaryFile() as file: file.write(b'x')\n"
            "print(os.listdir(os.environ['HOME']))"
        )
        assert done.stdout == b"x\n[]\n", done.stderr
        assert sorted(os.listdir(folder)) == ["g", "h", "i"]  # noqa: PTH208 - one look

    async def test_programs_threads_and_pipes(self, confined: Confined) -> None:
        done = await confined(
            "import asyncio, subprocess, threading\n"
            "print(subprocess.run(['/bin/sh', '-c', 'cat | tr a b'], input=b'aa', capture_output=True).stdout)\n"
            "t = threading.Thread(target=print, args=('thread',)); t.start(); t.join()\n"
            "print(asyncio.run(asyncio.sleep(0, 'loop')))"
        )
        assert done.stdout == b"b'bb'\nthread\nloop\n", done.stderr

    async def test_its_children_may_be_ended(self, confined: Confined) -> None:
        done = await confined(
            "import subprocess; p = subprocess.Popen(['sleep', '60']); p.terminate(); print(p.wait())"
        )
        assert done.stdout == b"-15\n", done.stderr

    async def test_exit_codes_and_signals_come_through(self, confined: Confined) -> None:
        assert (await confined("raise SystemExit(3)")).returncode == 3
        assert (await confined("import os; os.kill(os.getpid(), 9)")).returncode == 128 + signal.SIGKILL

    async def test_standard_input_is_the_commands(self, landlock: Landlock, folder: Path) -> None:
        request = Confinement(argv=("cat",), cwd=folder, writable=(folder,))
        assert (await run_confined(landlock, request, timeout_s=20, stdin=b"told")).stdout == b"told"

    async def test_a_program_that_does_not_exist_is_named(self, landlock: Landlock, folder: Path) -> None:
        request = Confinement(argv=("nosuch",), cwd=folder, writable=(folder,))
        done = await run_confined(landlock, request, timeout_s=20)
        assert (done.returncode, done.stderr) == (127, b"nosuch: No such file or directory\n")

    async def test_pytest_runs(self, confined: Confined, folder: Path) -> None:
        (folder / "test_it.py").write_text("def test_it(tmp_path):\n    (tmp_path / 'x').write_text('y')\n")
        done = await confined("import sys, pytest; sys.exit(pytest.main(['-q', '-p', 'no:cacheprovider']))")
        assert b"1 passed" in done.stdout, done.stdout + done.stderr


class TestConfinement:
    async def test_what_is_hidden_below_a_shown_prefix(self, landlock: Landlock, folder: Path) -> None:
        for name in ("prefix/checkout/token", "prefix/checkout/.venv/module", "prefix/lib/module"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(name)
        copy = folder / "copy"
        copy.mkdir()
        prefix, checkout = folder / "prefix", folder / "prefix/checkout"
        words = [str(path) for path in (prefix / "lib/module", checkout / ".venv/module", checkout / "token")]
        request = Confinement(
            argv=("cat", *words),
            cwd=copy,
            writable=(copy,),
            read_only=(prefix, checkout / ".venv"),
            hidden=(checkout,),
        )
        done = await run_confined(landlock, request, timeout_s=20)
        assert done.stdout == b"prefix/lib/moduleprefix/checkout/.venv/module"
        assert b"token: Permission denied" in done.stderr

    async def test_no_sockets_but_pairs(self, confined: Confined, landlock: Landlock) -> None:
        done = await confined(
            "import socket\n"
            "a, b = socket.socketpair(); a.send(b'x'); print(b.recv(1))\n"
            "for family in (socket.AF_UNIX, socket.AF_INET):\n"
            "    try: socket.socket(family)\n"
            "    except OSError as error: print(error.errno)"
        )
        assert done.stdout == b"b'x'\n1\n1\n"
        assert not landlock.has_loopback

    async def test_limits_are_in_force(self, confined: Confined) -> None:
        done = await confined(
            "import resource as r\n"
            "print(r.getrlimit(r.RLIMIT_NOFILE), r.getrlimit(r.RLIMIT_FSIZE), r.getrlimit(r.RLIMIT_CORE))\n"
            "print(open('/proc/self/status').read())",
            limits=Limits(open_files=99, file_bytes=4096),
        )
        lines = done.stdout.decode().splitlines()
        assert lines[0] == "(99, 99) (4096, 4096) (0, 0)", done.stderr
        assert {"NoNewPrivs:\t1", "Seccomp:\t2"} <= set(lines)

    async def test_its_temporary_folder_is_gone_afterwards(self, confined: Confined) -> None:
        done = await confined(
            "import os; print(os.environ['TMPDIR']); open(os.environ['TMPDIR'] + '/x', 'w')"
        )
        assert done.returncode == 0, done.stderr
        assert not os.path.lexists(done.stdout.decode().strip())  # noqa: ASYNC240 - one look

    async def test_what_cannot_be_put_in_force_starts_nothing(self, landlock: Landlock, folder: Path) -> None:
        request = Confinement(argv=("touch", "started"), cwd=folder, writable=(folder,))
        argv, env = landlock.wrap(request)
        for before, after in (('"filter": "', '"filter": "0'), ('"open_files": 1024', '"open_files": null')):
            broken = tuple(word.replace(before, after) for word in argv)
            assert broken != argv
            done = await process.run(broken, cwd=folder, env=env, timeout_s=20)
            assert done.returncode == FAILED
            assert b"the sandbox cannot be put in force" in done.stderr
        assert not (folder / "started").exists()

    async def test_a_kernel_that_refuses_the_filter_starts_nothing(
        self, landlock: Landlock, folder: Path
    ) -> None:
        request = Confinement(argv=("touch", "started"), cwd=folder, writable=(folder,))
        argv, env = landlock.wrap(request)
        unknown_instruction = '"filter": "ffff000000000000'
        broken = tuple(word.replace('"filter": "', unknown_instruction) for word in argv)
        done = await process.run(broken, cwd=folder, env=env, timeout_s=20)
        assert done.returncode == FAILED
        assert not (folder / "started").exists()


_BEATING = "import os, time\nif os.fork() == 0: os.fork()\ntime.sleep(60)"


async def test_when_the_judge_dies_everything_of_it_ends(landlock: Landlock, folder: Path) -> None:
    """The launcher's parent here is a process that is killed, as the judge may be."""
    request = Confinement(
        argv=(sys.executable, "-I", "-c", _BEATING), cwd=folder, writable=(folder,), read_only=PREFIXES
    )
    argv, env = landlock.wrap(request)
    starter = (
        "import os, subprocess, sys, json\n"
        "argv = json.loads(sys.argv[1])\n"
        "at = next(i for i, word in enumerate(argv) if word.startswith('{'))\n"
        "argv[at] = json.dumps({**json.loads(argv[at]), 'parent': os.getpid()})\n"
        "subprocess.Popen(argv, env=json.loads(sys.argv[2]), start_new_session=True).wait()"
    )
    judge = await asyncio.create_subprocess_exec(
        sys.executable, "-c", starter, json.dumps(argv), json.dumps(env), cwd=folder
    )
    async with asyncio.timeout(20):
        while len(_in_folder(folder)) < 3:  # noqa: ASYNC110 - other processes come
            await asyncio.sleep(0.02)
        judge.kill()
        await judge.wait()
        while _in_folder(folder):  # noqa: ASYNC110 - and go
            await asyncio.sleep(0.02)


def _in_folder(folder: Path) -> list[str]:
    """The processes that have started there and are no interpreters of ours."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and b"time.sleep(60)" in (entry / "cmdline").read_bytes():
                found += [entry.name] if (entry / "cwd").readlink() == folder else []
        except OSError:
            continue
    return found


def test_a_launcher_whose_parent_is_another_starts_nothing(landlock: Landlock, folder: Path) -> None:
    argv, env = landlock.wrap(Confinement(argv=("touch", "started"), cwd=folder, writable=(folder,)))
    sh = shutil.which("sh")
    assert sh
    stranger = (sh, "-c", '"$@"; exit $?', "sh", *argv)
    done = asyncio.run(process.run(stranger, cwd=folder, env=env, timeout_s=20))
    assert done.returncode == FAILED
    assert not (folder / "started").exists()


def test_the_plan_names_nothing_of_the_user(tmp_path: Path) -> None:
    request = Confinement(argv=("pytest", "-q"), cwd=tmp_path, writable=(tmp_path,))
    argv, env = Landlock(6, MACHINES["x86_64"]).wrap(request)
    assert argv[-2:] == ("pytest", "-q")
    assert set(env) == {"PATH"}
    assert str(Path.home()) not in argv[-3].replace(str(tmp_path), "")
