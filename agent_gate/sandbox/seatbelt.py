"""macOS's own sandbox, by `sandbox-exec` and a profile that denies what it does not name.

Unproven: written after the profiles that ship with macOS and held by tests of its text; nobody has run
it there for us. The probe decides on each machine, as for the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from agent_gate.errors import SetupError
from agent_gate.sandbox.base import Confinement, Limits, inner_environment

PROGRAM = "/usr/bin/sandbox-exec"
_SYSTEM = (
    "/usr", "/bin", "/sbin", "/System/Library", "/Library/Developer/CommandLineTools", "/private/etc/localtime",
    "/private/etc/passwd", "/private/etc/ssl", "/private/var/db/timezone", "/private/var/select/sh",
)  # fmt: skip
_DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
_FIRST_PRINTABLE, _DELETE = 0x20, 0x7F


class Seatbelt:
    """Builds sandbox-exec's command line."""

    name = "seatbelt"
    has_loopback = False
    """Its rules cannot tell the command's own ports from those of other programs."""
    brings_temporary = False

    def wrap(self, request: Confinement) -> tuple[tuple[str, ...], dict[str, str]]:
        """The command behind its limits and profile. Raises SetupError for a path that no profile can name."""
        place = str(request.temporary or next(iter(request.writable), request.cwd))
        argv = (
            "/bin/sh", "-c", f'{_limits(request.limits)} && exec "$@"', "sh",
            PROGRAM, "-p", profile(request), *request.argv,
        )  # fmt: skip
        return argv, inner_environment(request, place, place)


def profile(request: Confinement) -> str:
    """The profile. The last rule that fits an operation decides, so what is hidden comes after what is shown."""
    return "\n".join((*_rules(request), ""))


def quoted(path: Path) -> str:
    """A path as a string of the profile's language, from which no character leads out."""
    text = str(path)
    if any(ord(character) < _FIRST_PRINTABLE or ord(character) == _DELETE for character in text):
        raise SetupError(
            f"the folder {text!r} has control characters in its name, and no sandbox profile can hold it",
            hint="use a folder with a plain name (TMPDIR tells where copies are made)",
        )
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _rules(request: Confinement) -> Iterator[str]:
    yield "(version 1)"
    yield "(deny default)"
    yield "(allow process-exec process-fork)"
    yield "(allow signal process-info* (target same-sandbox))"
    yield "(allow sysctl-read)"
    shown = (*map(Path, _SYSTEM), *(path.resolve() for path in request.read_only))
    writable = tuple(path.resolve() for path in request.writable)
    for path in sorted({parent for place in (*shown, *writable) for parent in place.parents}):
        yield f"(allow file-read-metadata (literal {quoted(path)}))"
    for path in shown:
        yield f"(allow file-read* (subpath {quoted(path)}))"
    for path in request.hidden:
        hidden = path.resolve()
        if any(hidden.is_relative_to(place) and hidden != place for place in shown):
            yield f"(deny file-read* (subpath {quoted(hidden)}))"
            yield from (
                f"(allow file-read* (subpath {quoted(p)}))" for p in shown if p.is_relative_to(hidden)
            )
    for path in writable:
        yield f"(allow file-read* file-write* (subpath {quoted(path)}))"
    for device in _DEVICES:
        yield f"(allow file-read* file-write-data (literal {quoted(Path(device))}))"


def _limits(limits: Limits) -> str:
    """Sh's own `ulimit`: descriptors, processes of the user, seconds, blocks of 512 bytes, no core."""
    return (
        f"ulimit -n {limits.open_files} && ulimit -t {limits.cpu_s} && ulimit -f {limits.file_bytes // 512}"
        " && ulimit -c 0"
    )
