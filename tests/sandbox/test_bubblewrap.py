from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent_gate import process
from agent_gate.process import Completed
from agent_gate.sandbox.base import MIB, Confinement, Limits, Sandbox
from agent_gate.sandbox.bubblewrap import Bubblewrap, locate
from agent_gate.sandbox.none import Unconfined

PYTHON = (Path(sys.prefix), Path(sys.base_prefix), Path(sys.executable))
Confined = Callable[..., Awaitable[Completed]]


async def run(sandbox: Sandbox, folder: Path, *argv: str, timeout_s: float = 20, **more: Any) -> Completed:
    request = Confinement(argv=argv, cwd=folder, writable=(folder,), **more)
    command, env = sandbox.wrap(request)
    return await process.run(command, cwd=folder, env=env, timeout_s=timeout_s)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "copy"
    made.mkdir()
    return made


@pytest.fixture
def confined(sandbox: Sandbox, folder: Path) -> Confined:
    """Runs Python source in the sandbox."""

    async def python(source: str, **more: Any) -> Completed:
        return await run(sandbox, folder, sys.executable, "-I", "-c", source, read_only=PYTHON, **more)

    return python


@pytest.fixture
def free(folder: Path) -> Confined:
    """Runs the same source without a sandbox: shows that an attack works where nothing stops it."""

    async def python(source: str, **more: Any) -> Completed:
        return await run(Unconfined(), folder, sys.executable, "-I", "-c", source, **more)

    return python


@pytest.fixture
def listener() -> Iterator[int]:
    """A server on this machine's loopback; the port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_accept, args=(server,), daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def _accept(server: socket.socket) -> None:
    try:
        while True:
            server.accept()[0].close()
    except OSError:
        return


async def test_the_copy_is_writable_and_keeps_its_name(confined: Confined, folder: Path) -> None:
    done = await confined("import os; open('made', 'w').write('x'); print(os.getcwd())")
    assert done.stdout.decode().strip() == str(folder), done.stderr
    assert (folder / "made").read_text() == "x"


async def test_no_network_not_even_the_machines_loopback(
    confined: Confined, free: Confined, listener: int
) -> None:
    attack = f"import socket; socket.create_connection(('127.0.0.1', {listener}), 3); print('connected')"
    assert (await free(attack)).stdout == b"connected\n"
    done = await confined(attack)
    assert done.returncode == 1
    assert b"ConnectionRefusedError" in done.stderr


async def test_a_loopback_of_its_own_is_up(confined: Confined, sandbox: Sandbox) -> None:
    done = await confined(
        "import asyncio\n"
        "async def serve(reader, writer):\n"
        "    writer.write(await reader.readline()); writer.close()\n"
        "async def main():\n"
        "    server = await asyncio.start_server(serve, '127.0.0.1', 8000)\n"
        "    reader, writer = await asyncio.open_connection('localhost', 8000)\n"
        "    writer.write(b'asked\\n'); print(await reader.readline())\n"
        "asyncio.run(main())"
    )
    assert done.stdout == b"b'asked\\n'\n", done.stderr
    assert sandbox.has_loopback


async def test_files_outside_are_not_there(confined: Confined, free: Confined, tmp_path: Path) -> None:
    secret = tmp_path / "credentials"
    secret.write_text("token")
    attack = f"print(open({str(secret)!r}).read())"
    assert (await free(attack)).stdout == b"token\n"
    done = await confined(attack)
    assert b"FileNotFoundError" in done.stderr


@pytest.mark.parametrize(
    "path", ["/etc/shadow", "/etc/ssh", "/var", "/home", "/sys", "/run", "/proc/1/environ"]
)
async def test_system_secrets_are_not_there(confined: Confined, path: str) -> None:
    done = await confined(
        f"import os; print(os.listdir({path!r}) if os.path.isdir({path!r}) else open({path!r}).read())"
    )
    assert done.returncode == 1, done.stdout


async def test_home_is_empty_and_the_environment_is_an_allow_list(
    confined: Confined, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_API_KEY", "k")
    done = await confined("import os; print(sorted(os.environ)); print(os.listdir(os.environ['HOME']))")
    names, listing = done.stdout.decode().splitlines()
    assert "SECRET_API_KEY" not in names
    assert listing == "[]"


@pytest.mark.parametrize("target", ["/usr/evil", "/evil", "/etc/evil", "/dev/evil", f"{sys.prefix}/evil"])
async def test_nothing_outside_the_copy_can_be_written(confined: Confined, target: str) -> None:
    done = await confined(f"open({target!r}, 'w')")
    assert done.returncode == 1
    assert not await asyncio.to_thread(os.path.lexists, target)


async def test_a_link_out_of_the_copy_leads_nowhere(confined: Confined, folder: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("intact")
    (folder / "link").symlink_to(victim)
    done = await confined("open('link', 'w').write('changed')")
    assert done.returncode == 1
    assert victim.read_text() == "intact"


async def test_no_capabilities_and_no_new_user_namespace(confined: Confined) -> None:
    done = await confined(
        "import ctypes; print(open('/proc/self/status').read()); print('ns', ctypes.CDLL(None).unshare(0x10000000))"
    )
    lines = done.stdout.decode().splitlines()
    assert [line.split()[1] for line in lines if line.startswith(("CapEff", "CapPrm", "CapBnd"))] == [
        "0" * 16
    ] * 3
    assert {"NoNewPrivs:\t1", "Seccomp:\t2"} <= set(lines)
    assert lines[-1] == "ns -1"


_DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.closerange(0, 3)
        end = time.time() + 8
        while time.time() < end:
            open('alive', 'w').write(str(time.time()))
            time.sleep(0.05)
    os._exit(0)
time.sleep(0.5)
"""


async def test_a_daemon_does_not_outlive_its_command(
    confined: Confined, free: Confined, folder: Path
) -> None:
    async def beats() -> bool:
        before = (folder / "alive").read_text()
        await asyncio.sleep(0.4)
        return (folder / "alive").read_text() != before

    await free(_DAEMON)
    assert await beats()
    await asyncio.to_thread(_end_daemons_of, folder)
    (folder / "alive").unlink()
    await confined(_DAEMON)
    assert not await beats()


def _end_daemons_of(folder: Path) -> None:
    """Ends what the unconfined attack left behind, by its working directory."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            mine = (entry / "cwd").readlink() == folder
        except OSError:
            continue
        if mine:
            os.kill(int(entry.name), signal.SIGKILL)


async def test_a_killed_wrapper_leaves_no_process(sandbox: Sandbox, folder: Path) -> None:
    task = asyncio.create_task(
        run(sandbox, folder, sys.executable, "-I", "-c", _DAEMON + "time.sleep(30)", read_only=PYTHON)
    )
    while not (folder / "alive").exists():  # noqa: ASYNC110 - another process makes the file
        await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0.2)
    before = (folder / "alive").read_text()
    await asyncio.sleep(0.4)
    assert (folder / "alive").read_text() == before


async def test_other_processes_are_invisible(confined: Confined) -> None:
    done = await confined("import os; print(len([p for p in os.listdir('/proc') if p.isdigit()]))")
    assert int(done.stdout) <= 4


_FORKS = """
import os, signal, sys, time
children = []
try:
    for _ in range(200):
        pid = os.fork()
        if pid == 0:
            time.sleep(3)
            os._exit(0)
        children.append(pid)
except OSError as error:
    print('stopped', len(children), error.errno)
for pid in children:
    os.kill(pid, signal.SIGKILL)
print('forked', len(children))
"""


async def test_the_number_of_processes_is_bounded_also_for_root(confined: Confined, free: Confined) -> None:
    assert b"forked 200" in (await free(_FORKS)).stdout
    done = await confined(_FORKS, limits=Limits(processes=40))
    assert b"stopped" in done.stdout, done.stderr
    assert int(done.stdout.split()[1]) < 40


@pytest.mark.parametrize(
    ("source", "limits", "told"),
    [
        ("open('big', 'wb').write(b'x' * 4_000_000)", Limits(file_bytes=MIB), "File too large"),
        ("x = bytearray(400_000_000)", Limits(data_bytes=200 * MIB), "MemoryError"),
        ("f = [open('/dev/null') for _ in range(100)]", Limits(open_files=64), "Too many open files"),
        ("open('/tmp/f', 'wb').write(bytes(4_000_000))", Limits(temporary_bytes=MIB), "No space left"),
        (
            "open('/dev/shm/f', 'wb').write(bytes(4_000_000))",
            Limits(shared_memory_bytes=MIB),
            "No space left",
        ),
    ],
)
async def test_memory_disk_and_descriptors_are_bounded(
    confined: Confined, source: str, limits: Limits, told: str
) -> None:
    done = await confined(source, limits=limits)
    assert done.returncode == 1
    assert told in done.stderr.decode()


async def test_where_memory_is_short_the_command_ends_first(confined: Confined) -> None:
    done = await confined("print(open('/proc/self/oom_score_adj').read())")
    assert done.stdout.split() == [b"1000"], done.stderr


async def test_processor_time_is_bounded(confined: Confined) -> None:
    started = time.monotonic()
    done = await confined("while True: pass", limits=Limits(cpu_s=1))
    assert done.returncode != 0
    assert time.monotonic() - started < 10


async def test_a_time_limit_ends_what_ignores_signals(confined: Confined) -> None:
    done = await confined(
        "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)", timeout_s=0.7
    )
    assert done.timed_out
    assert done.duration_ms < 8000


async def test_a_flood_of_output_is_capped(sandbox: Sandbox, folder: Path) -> None:
    argv, env = sandbox.wrap(
        Confinement(argv=("head", "-c", "30000000", "/dev/zero"), cwd=folder, writable=(folder,))
    )
    done = await process.run(argv, cwd=folder, env=env, timeout_s=20, output_cap=MIB)
    assert len(done.stdout) == MIB
    assert done.truncated


async def test_what_is_private_is_covered_also_below_a_mounted_prefix(
    sandbox: Sandbox, folder: Path, tmp_path: Path
) -> None:
    prefix = tmp_path / "prefix"
    checkout = prefix / "checkout"
    for name in ("token", ".venv/module.py"):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text("x")
    seen = (prefix, checkout / ".venv")
    open_done = await run(sandbox, folder, "find", str(prefix), "-type", "f", read_only=seen)
    assert str(checkout / "token") in open_done.stdout.decode()
    done = await run(sandbox, folder, "find", str(prefix), "-type", "f", read_only=seen, hidden=(checkout,))
    assert done.stdout.decode().split() == [str(checkout / ".venv/module.py")], done.stderr


async def test_an_interpreter_behind_links_is_found_by_its_own_name(
    sandbox: Sandbox, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "tool").write_text("#!/bin/sh\necho found\n")
    (tmp_path / "real" / "tool").chmod(0o755)
    (tmp_path / "versions").symlink_to("real")
    (tmp_path / "tool").symlink_to(tmp_path / "versions" / "tool")
    done = await run(sandbox, folder, str(tmp_path / "tool"), read_only=(tmp_path / "tool",))
    assert done.stdout == b"found\n", done.stderr


def test_the_command_line_holds_every_promise(tmp_path: Path) -> None:
    request = Confinement(argv=("true",), cwd=tmp_path, writable=(tmp_path,))
    argv, env = Bubblewrap("bwrap", "prlimit", filter=b"12345678").wrap(request)
    line = " ".join(argv)
    assert argv[0] == "/bin/sh"
    assert Path(argv[3]).read_bytes() == b"12345678"
    for part in (
        "--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--disable-userns", "--cap-drop ALL",
        "--die-with-parent", "--new-session", "--clearenv", "--seccomp 3", "--remount-ro /", "--nproc=256", "--core=0",
    ):  # fmt: skip
        assert part in line
    assert line.index("--tmpfs /tmp") < line.index(f"--bind {tmp_path}") < line.index("--remount-ro /")
    assert argv[-1] == "true"
    assert set(env) == {"PATH"}


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that any user may enter."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        yield folder


async def test_an_ordinary_user_is_confined_by_the_plain_line(sandbox: Sandbox, open_folder: Path) -> None:
    assert isinstance(sandbox, Bubblewrap)
    folder = open_folder
    plain = replace(sandbox, as_root=False)
    argv, env = plain.wrap(
        Confinement(argv=("sh", "-c", "touch made && ls /"), cwd=folder, writable=(folder,))
    )
    become = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--")
    place = argv.index(plain.bwrap)  # before it the filter is opened, which only we may
    done = await process.run(
        (*argv[:place], *(become if os.geteuid() == 0 else ()), *argv[place:]),
        cwd=folder,
        env=env,
        timeout_s=10,
    )
    assert done.returncode == 0, done.stderr
    assert (folder / "made").exists()
    assert "root" not in done.stdout.decode().split()


def test_a_missing_program_is_named(tmp_path: Path) -> None:
    assert locate(path=str(tmp_path)) == "the program bwrap is not installed (package bubblewrap)"
