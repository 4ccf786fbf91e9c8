"""Installs the environment of the code under test from the base's lock file, once per lock.

It happens outside the sandbox, because an index has to be asked; so no code of a package may run: wheels
only, nothing is built. What is installed comes from the base's files: what a candidate adds is a finding
of the gate `dependencies` first. The folder is shown to the sandbox read-only.
"""

from __future__ import annotations

import asyncio
import fcntl
import importlib.util
import json
import os
import shlex
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent_gate import process
from agent_gate.domain.digest import canonical_json, sha256
from agent_gate.errors import SetupError
from agent_gate.gating.cache import cache_directory
from agent_gate.gating.dependencies.change import Listing, read_listing
from agent_gate.gating.dependencies.requirement import without_password
from agent_gate.vcs.repo import Repository
from agent_gate.vcs.worktree import materialise

LIMIT_S = 1800.0
"""Seconds that an installation may take."""

_ASK_S = 60.0
_POLL_S = 0.1
_READY = "ready.json"
_CLIENTS = ("PIP_", "UV_", "POETRY_", "PIPENV_", "PDM_")
"""The user's own settings of the programs that install, credentials for an index among them."""
_NETWORK = (
    "HOME", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "XDG_CACHE_HOME", "XDG_DATA_HOME", "NETRC", "SSL_CERT_FILE",
    "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
    "http_proxy", "https_proxy", "all_proxy", "no_proxy",
)  # fmt: skip
_WHEELS_ONLY = {
    "PIP_ONLY_BINARY": ":all:",
    "PIP_NO_INPUT": "1",
    "UV_NO_BUILD": "1",
    "UV_COMPILE_BYTECODE": "1",
}
_MORE_FILES = (".python-version", "uv.toml", "pip.conf")


def _silent(_: str) -> None:
    return


@dataclass(frozen=True)
class Installation:
    """What to install: a command, over the base's files, for one interpreter."""

    command: str
    """As the policy states it: `environment.install`."""
    python: Path
    """The interpreter that the environment is made for."""
    repository: Repository
    base_tree: str

    def hint(self) -> str:
        """What to do where it fails."""
        return (
            f"try it in a clone of the base: {self.command}; or set [environment] python instead of install"
        )


async def install(wanted: Installation, tell: Callable[[str], None] = _silent) -> Path:
    """The interpreter of the installed environment, which is made where it is not there yet.

    `tell` hears what takes long. Raises SetupError where the command fails, with its last lines; nothing
    is left behind then. May be cancelled.
    """
    files = await asyncio.to_thread(read_listing, wanted.repository, wanted.base_tree, ())
    folder = cache_directory() / "environments" / (await _key(wanted, files)).removeprefix("sha256:")[:32]
    python = folder / "bin" / "python"
    if _is_ready(folder):
        return python
    async with _locked(folder.with_name(f"{folder.name}.lock"), tell):
        if not _is_ready(folder):
            tell(f"installing the environment of the tests: {wanted.command}")
            await _build(wanted, files, folder)
    return python


async def _key(wanted: Installation, files: Listing) -> str:
    """The command, the base's dependency files, and the interpreter."""
    argv = [str(wanted.python), "-I", "-c", "import sys; print(sys.version, sys.platform, sys.base_prefix)"]
    told = await process.run(argv, cwd=Path("/"), env=process.allowed_environment(), timeout_s=_ASK_S)
    if told.returncode or told.timed_out:
        raise SetupError(f"the interpreter {wanted.python} does not work: {told.tail(3)}", hint=wanted.hint())
    entries = wanted.repository.entries(wanted.base_tree)
    more = {path: entries[path].oid for path in _MORE_FILES if path in entries}
    return sha256(
        canonical_json([wanted.command, {**files.oids, **more}, told.stdout.decode(errors="replace")])
    )


def _is_ready(folder: Path) -> bool:
    return (folder / _READY).is_file() and (folder / "bin" / "python").exists()


@asynccontextmanager
async def _locked(path: Path, tell: Callable[[str], None]) -> AsyncIterator[None]:
    """One process builds; the others wait. The lock ends with its process, however that ends."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        waiting = False
        while not _try_lock(descriptor):
            if not waiting:
                tell("another process is installing the environment of the tests")
            waiting = True
            await asyncio.sleep(_POLL_S)
        yield
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


async def _build(wanted: Installation, files: Listing, folder: Path) -> None:
    """Builds in place, because scripts of an environment know its path; `ready.json` comes last, at once."""
    await asyncio.to_thread(_remove, folder)
    try:
        with _base_files(wanted, files) as source:
            command = _command(wanted, folder)
            await _run(wanted, _new_environment(wanted, folder), source, {})
            await _run(wanted, command, source, _variables(folder))
        installed = await _installed(wanted, folder)
        _refuse_project(wanted, files, installed)
        ready = folder / f"{_READY}.draft"
        ready.write_bytes(canonical_json({"command": wanted.command, "installed": installed}))
        ready.replace(folder / _READY)
    except BaseException:
        await asyncio.shield(asyncio.to_thread(_remove, folder))
        raise


def _refuse_project(wanted: Installation, files: Listing, installed: Mapping[str, str]) -> None:
    own = {item.name for manifest in files.manifests.values() for item in manifest.own}
    if hidden := sorted(own & installed.keys()):
        raise SetupError(
            f"{wanted.command!r} installs the project itself ({', '.join(hidden)}): the tests would look at the "
            "base's code instead of the candidate's",
            hint="install its dependencies only: uv sync --no-install-project, poetry install --no-root, …",
        )


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _base_files(wanted: Installation, files: Listing) -> Iterator[Path]:
    """The base's dependency files alone, in a folder of their own."""
    paths = [path for path, oid in files.oids.items() if oid]
    with tempfile.TemporaryDirectory(prefix="agent-gate-install-") as folder:
        materialise(wanted.repository, wanted.base_tree, Path(folder) / "base", [*paths, *_MORE_FILES])
        yield Path(folder) / "base"


def _command(wanted: Installation, folder: Path) -> list[str]:
    """The stated command: of uv without the project itself, and with the pip that is here where it is pip."""
    try:
        argv = shlex.split(wanted.command)
    except ValueError as error:
        raise SetupError(f"[environment] install: {error}", hint="write it as in a shell") from None
    if not argv:
        raise SetupError("[environment] install names no command", hint="uv sync --frozen, say")
    if argv[:2] == ["uv", "sync"] and not any(word.startswith("--no-install-") for word in argv):
        return [*argv, "--no-install-workspace"]
    if argv[0] == "pip" and _has_pip():
        return [sys.executable, "-I", "-m", "pip", "--python", str(folder / "bin" / "python"), *argv[1:]]
    return argv


def _has_pip() -> bool:
    return importlib.util.find_spec("pip") is not None


def _new_environment(wanted: Installation, folder: Path) -> list[str]:
    """An empty environment; with a pip of its own, which takes its time, where the command may need one."""
    program = wanted.command.split()[0]
    needs_pip = program.startswith(("python", "pip")) and not (program == "pip" and _has_pip())
    return [str(wanted.python), "-I", "-m", "venv", *([] if needs_pip else ["--without-pip"]), str(folder)]


def _variables(folder: Path) -> dict[str, str]:
    scripts = sysconfig.get_path("scripts")
    return {
        **_WHEELS_ONLY,
        "VIRTUAL_ENV": str(folder),
        "UV_PROJECT_ENVIRONMENT": str(folder),
        "UV_PYTHON": str(folder / "bin" / "python"),
        "PATH": os.pathsep.join([str(folder / "bin"), os.environ.get("PATH", os.defpath), scripts]),
    }


async def _run(wanted: Installation, argv: Sequence[str], folder: Path, more: Mapping[str, str]) -> None:
    own = [name for name in os.environ if name.startswith(_CLIENTS)]
    env = {**process.allowed_environment([*_NETWORK, *own]), **more}
    try:
        done = await process.run(argv, cwd=folder, env=env, timeout_s=LIMIT_S)
    except SetupError as error:
        raise SetupError(f"[environment] install: {error.message}", hint=error.hint) from None
    if done.timed_out:
        raise SetupError(f"{shlex.join(argv)} did not end within {LIMIT_S:.0f} s", hint=wanted.hint())
    if done.returncode:
        raise SetupError(
            f"the environment of the tests could not be installed: {wanted.command}\n{without_password(done.tail())}",
            hint=wanted.hint(),
        )


async def _installed(wanted: Installation, folder: Path) -> dict[str, str]:
    """Names and versions of what is installed now."""
    query = (
        "import importlib.metadata as m, json, re\n"
        "print(json.dumps({re.sub(r'[-_.]+', '-', d.metadata['Name']).lower(): d.version for d in m.distributions()}))"
    )
    argv = [str(folder / "bin" / "python"), "-I", "-c", query]
    done = await process.run(argv, cwd=Path("/"), env=process.allowed_environment(), timeout_s=_ASK_S)
    try:
        told = json.loads(done.stdout)
    except ValueError:
        raise SetupError(
            f"the installed environment does not work: {done.tail(3)}", hint=wanted.hint()
        ) from None
    return {str(name): str(version) for name, version in told.items()}
