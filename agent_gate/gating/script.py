"""Programs that are scripts: which interpreter runs them, and what belongs to both."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

_FIRST_LINE_BYTES = 4096
_CONFIGURATION = "pyvenv.cfg"


@dataclass(frozen=True)
class Interpreted:
    """The interpreter of a script."""

    argv: tuple[str, ...]
    """Its own name in full, and arguments; the script comes after them."""
    paths: tuple[Path, ...]
    """What a sandbox has to show for both."""


def read_script(program: Path) -> Interpreted | None:
    """The interpreter that the first line names, as `/path/python` or `/usr/bin/env node`; None without one.

    A Python runs isolated, and all that is installed for it is shown; for another one, the folder in which
    the script's package lies.
    """
    with program.open("rb") as stream:
        first = stream.readline(_FIRST_LINE_BYTES).decode(errors="replace").strip()
    if not first.startswith("#!"):
        return None
    words = first.removeprefix("#!").split()
    if words and Path(words[0]).name == "env":
        words = [word for word in words[1:] if word != "-S"]
        words[:1] = filter(None, [shutil.which(words[0])]) if words else []
    if not words or not Path(words[0]).is_file():
        return None
    interpreter = Path(words[0])
    own = (interpreter, interpreter.resolve())
    if interpreter.name.startswith("python"):
        return Interpreted((str(interpreter), "-I", "-B"), (*own, *_python_paths(interpreter)))
    return Interpreted(tuple(words), (*own, *_package(program.resolve())))


def _python_paths(interpreter: Path) -> tuple[Path, ...]:
    """The prefix of a virtual environment and that of the Python that it was made from."""
    prefix = interpreter.parent.parent
    configuration = prefix / _CONFIGURATION
    if not configuration.is_file():
        return _shown(prefix)
    settings = (line.partition("=") for line in configuration.read_text(errors="replace").splitlines())
    home = {name.strip(): value.strip() for name, _, value in settings}.get("home", "")
    return (*_shown(prefix), *(_shown(Path(home).parent) if home else ()))


def _package(script: Path) -> tuple[Path, ...]:
    """The outermost `node_modules` that holds the script: its package's own dependencies lie there."""
    holders = [folder for folder in script.parents if folder.name == "node_modules"]
    return _shown(holders[-1]) if holders else ()


def _shown(folder: Path) -> tuple[Path, ...]:
    """The folder, if it may be shown at all: never one that holds the user's home."""
    home = Path.home()
    return () if folder == Path("/") or home.is_relative_to(folder) else (folder,)
