from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path
from uuid import uuid4

import pytest

from agent_gate.errors import SetupError
from agent_gate.process import Completed, allowed_environment, run, spawn_worker

ENV = allowed_environment()


async def python(code: str, *arguments: str, cwd: Path, **options: object) -> Completed:
    """Runs a piece of Python."""
    settings: dict[str, object] = {"timeout_s": 30, "env": ENV, **options}
    return await run([sys.executable, "-c", code, *arguments], cwd=cwd, **settings)  # type: ignore[arg-type]


def alive(marker: str) -> list[int]:
    """The processes, zombies apart, that carry the marker among their arguments."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                arguments = (folder / "cmdline").read_bytes().split(b"\0")
                state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
            except (OSError, IndexError):
                continue  # it ended while we looked
            if marker.encode() in arguments and state != "Z":
                found.append(int(folder.name))
    return found


async def gone(marker: str) -> bool:
    """Whether nothing with the marker is left, soon: a killed process takes a moment to go."""
    for _ in range(100):
        if not alive(marker):
            return True
        await asyncio.sleep(0.02)
    return False


async def there(marker: str, count: int) -> bool:
    for _ in range(500):
        if len(alive(marker)) >= count:
            return True
        await asyncio.sleep(0.02)
    return False


FAMILY = """
import os, time
if os.fork() == 0:
    os.fork()
time.sleep(60)
"""
"""A process with a child and a grandchild, all of them asleep and with the same arguments."""


@pytest.fixture
def marker() -> str:
    return f"marker-{uuid4().hex}"


class TestOutcome:
    async def test_what_it_says_and_how_it_ends_is_told(self, tmp_path: Path) -> None:
        done = await python(
            "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)", cwd=tmp_path
        )
        assert (done.returncode, done.stdout, done.stderr) == (3, b"out\n", b"err\n")
        assert (done.timed_out, done.truncated) == (False, False)
        assert done.duration_ms > 0
        assert done.argv[0] == sys.executable
        assert done.tail() == "err"

    async def test_it_runs_in_its_folder(self, tmp_path: Path) -> None:
        done = await python("import os; print(os.getcwd())", cwd=tmp_path)
        assert done.stdout.decode().strip() == str(tmp_path)

    async def test_the_tail_is_the_end_of_what_it_said(self, tmp_path: Path) -> None:
        done = await python("for n in range(20): print(n)", cwd=tmp_path)
        assert done.tail(2) == "18\n19"

    async def test_the_digest_is_over_both_streams(self, tmp_path: Path) -> None:
        codes = ["print('a')", "print('b')", "import sys; sys.stderr.write('a\\n')"]
        assert len({(await python(code, cwd=tmp_path)).output_sha256 for code in codes}) == 3

    async def test_it_is_given_its_input(self, tmp_path: Path) -> None:
        data = os.urandom(300_000)
        code = "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read()[::-1])"
        assert (await python(code, cwd=tmp_path, stdin=data)).stdout == data[::-1]

    async def test_input_that_it_does_not_read_does_no_harm(self, tmp_path: Path) -> None:
        done = await python("print('no thanks')", cwd=tmp_path, stdin=b"x" * 1_000_000)
        assert (done.returncode, done.stdout) == (0, b"no thanks\n")

    async def test_without_input_it_reads_an_end_at_once(self, tmp_path: Path) -> None:
        assert (await python("import sys; print(len(sys.stdin.read()))", cwd=tmp_path)).stdout == b"0\n"

    @pytest.mark.parametrize(
        "argv", [["no-such-program-anywhere"], ["./data.txt"], ["./folder"], ["./empty"]]
    )
    async def test_a_program_that_cannot_be_started_is_a_matter_of_set_up(
        self, tmp_path: Path, argv: list[str]
    ) -> None:
        (tmp_path / "data.txt").write_text("not executable")
        (tmp_path / "folder").mkdir()
        (tmp_path / "empty").write_bytes(b"\x7fELF, but no more")
        (tmp_path / "empty").chmod(0o755)
        with pytest.raises(SetupError, match="cannot start") as caught:
            await run(argv, cwd=tmp_path, env=ENV, timeout_s=5)
        assert caught.value.hint

    async def test_a_missing_folder_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(SetupError, match="missing: No such file"):
            await python("pass", cwd=tmp_path / "missing")


class TestOutput:
    async def test_what_is_beyond_the_cap_is_read_and_dropped(self, tmp_path: Path) -> None:
        code = "import sys\nfor _ in range(300): sys.stdout.write('x' * 10000)\nprint('end', file=sys.stderr)"
        done = await python(code, cwd=tmp_path, output_cap=1000)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"x" * 1000, b"end\n")
        assert done.truncated

    async def test_what_just_fits_is_whole(self, tmp_path: Path) -> None:
        done = await python("print('x' * 999)", cwd=tmp_path, output_cap=1000)
        assert (len(done.stdout), done.truncated) == (1000, False)

    async def test_output_is_seen_as_it_comes(self, tmp_path: Path) -> None:
        seen: list[tuple[float, bytes]] = []
        code = "import time; print('a', flush=True); time.sleep(0.5); print('b')"
        await python(code, cwd=tmp_path, on_output=lambda chunk: seen.append((time.monotonic(), chunk)))
        assert [chunk for _, chunk in seen] == [b"a\n", b"b\n"]
        assert seen[1][0] - seen[0][0] > 0.3

    async def test_what_a_listener_raises_is_raised_and_hangs_nothing(self, tmp_path: Path) -> None:
        def listener(chunk: bytes) -> None:
            raise LookupError(chunk[:1])

        with pytest.raises(LookupError):
            await python("print('x' * 1_000_000)", cwd=tmp_path, on_output=listener, timeout_s=20)


class TestTimeLimit:
    async def test_the_whole_family_is_gone(self, tmp_path: Path, marker: str) -> None:
        task = asyncio.create_task(python(FAMILY, marker, cwd=tmp_path, timeout_s=3))
        assert await there(marker, 3)
        done = await task
        assert done.timed_out
        assert done.returncode == -signal.SIGTERM
        assert await gone(marker)

    async def test_who_heeds_the_first_signal_may_tidy_up(self, tmp_path: Path) -> None:
        code = (
            "import signal, sys, time\n"
            "signal.signal(signal.SIGTERM, lambda *_: (print('tidied'), sys.exit(0)))\n"
            "print('ready', flush=True)\ntime.sleep(60)"
        )
        done = await python(code, cwd=tmp_path, timeout_s=1)
        assert (done.timed_out, done.returncode, done.stdout) == (True, 0, b"ready\ntidied\n")

    async def test_who_does_not_is_killed_after_the_grace(self, tmp_path: Path, marker: str) -> None:
        code = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('ready', flush=True)\ntime.sleep(60)"
        done = await python(code, marker, cwd=tmp_path, timeout_s=1, grace_s=0.5)
        assert (done.timed_out, done.returncode, done.stdout) == (True, -signal.SIGKILL, b"ready\n")
        assert 1400 < done.duration_ms < 10_000
        assert await gone(marker)


class TestFamily:
    async def test_children_that_outlive_it_are_killed(self, tmp_path: Path, marker: str) -> None:
        leaves = f"import os, sys\nif os.fork(): sys.exit()\n{FAMILY}"
        done = await python(leaves, marker, cwd=tmp_path)
        assert (done.returncode, done.timed_out) == (0, False)
        assert await gone(marker)

    async def test_a_daemon_that_keeps_the_pipes_open_does_not_hang_us(
        self, tmp_path: Path, marker: str
    ) -> None:
        code = (
            "import os, sys, time\n"
            "print('started', flush=True)\n"
            "if os.fork() == 0:\n"
            "    os.setsid()\n"
            "    if os.fork() == 0:\n"
            "        time.sleep(60)\n"
            "    os._exit(0)\n"
        )
        begun = time.monotonic()
        done = await python(code, marker, cwd=tmp_path, grace_s=0.3)
        assert time.monotonic() - begun < 10
        assert (done.stdout, done.truncated) == (b"started\n", True)
        for daemon in alive(marker):  # it left the group, which only a sandbox could have forbidden
            os.kill(daemon, signal.SIGKILL)
        assert await gone(marker)

    async def test_cancelling_kills_the_whole_family(self, tmp_path: Path, marker: str) -> None:
        task = asyncio.create_task(python(FAMILY, marker, cwd=tmp_path))
        assert await there(marker, 3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await gone(marker)

    async def test_cancelling_during_the_grace_kills_too(self, tmp_path: Path, marker: str) -> None:
        code = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(60)"
        task = asyncio.create_task(python(code, marker, cwd=tmp_path, timeout_s=1, grace_s=60))
        assert await there(marker, 1)
        await asyncio.sleep(1.5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await gone(marker)


class TestEnvironment:
    def test_only_what_is_listed_is_passed_on(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OPENAI_API_KEY", "secret")
        monkeypatch.setenv("WANTED", "yes")
        monkeypatch.setenv("LANG", "C.UTF-8")
        assert "OPENAI_API_KEY" not in allowed_environment()
        assert "HOME" not in allowed_environment()
        made = allowed_environment(["WANTED", "ABSENT"], EXTRA="1", LANG="C")
        assert (made["WANTED"], made["EXTRA"], made["LANG"]) == ("yes", "1", "C")
        assert "ABSENT" not in made

    async def test_a_process_sees_exactly_what_it_is_given(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OPENAI_API_KEY", "secret")
        code = "import os; print(sorted(os.environ))"
        done = await python(code, cwd=tmp_path, env={"ONLY": "this", "LC_ALL": "C.UTF-8"})
        assert done.stdout == b"['LC_ALL', 'ONLY']\n"


class TestWorker:
    ECHO = (
        "import sys\nfor line in sys.stdin.buffer: sys.stdout.buffer.write(line.upper()); sys.stdout.flush()"
    )

    async def test_it_answers_line_by_line_until_it_is_stopped(self, marker: str) -> None:
        worker = await spawn_worker([sys.executable, "-c", self.ECHO, marker], env=ENV, line_limit=1000)
        for line in (b"one", b"two"):
            await worker.send(line)
            assert await worker.receive() == line.upper() + b"\n"
        assert len(alive(marker)) == 1
        await worker.stop()
        await worker.stop()
        assert worker.returncode == -signal.SIGKILL
        assert await gone(marker)

    async def test_its_last_words_are_kept(self) -> None:
        worker = await spawn_worker(
            [sys.executable, "-c", "import sys; sys.exit('no key')"], env=ENV, line_limit=1000
        )
        assert await worker.receive() == b""
        await worker.stop()
        assert worker.tail() == "no key"
        assert worker.returncode == 1

    async def test_a_worker_that_cannot_be_started_is_a_matter_of_set_up(self) -> None:
        with pytest.raises(SetupError, match="cannot start"):
            await spawn_worker(["no-such-program-anywhere"], env=ENV, line_limit=10)
