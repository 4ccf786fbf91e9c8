"""Files that Python imports instead of others, which people go on reading."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import PurePosixPath

from agent_gate.gating.diff import FileDiff
from agent_gate.gating.scope.remark import Remark

_COMPILED = (".pyc", ".pyo", ".so", ".pyd")
_IMPORTED = (".py", ".pyc", ".so", ".pyd")


def shadow_remarks(diff: Sequence[FileDiff], base: Callable[[], Iterable[str]]) -> Iterator[Remark]:
    """About compiled files beside their source, and packages in front of modules. `base` gives all paths of the base."""
    compiled = [f for f in diff if f.after is not None and f.path.endswith(_COMPILED) and f.after != f.before]
    packages = [f for f in diff if f.after is not None and f.path != f.old_path and _importable(f.path)]
    if not compiled and not packages:
        return
    known = set(base()) | {file.path for file in diff if not file.is_deleted}
    there = known - {file.path for file in diff if file.is_deleted}
    there -= {file.old_path for file in diff if file.is_renamed}
    for file in compiled:
        if source := _shadowed(file.path, known):
            yield Remark(
                "shadow", file.path, f"{file.path!a} is compiled, and Python runs it instead of {source!a}"
            )
    for file in packages:
        yield from _shadowing(file.path, there)


def _shadowed(path: str, paths: set[str]) -> str:
    """The source that Python would not read, because it finds this compiled file first."""
    place = PurePosixPath(path)
    folder = place.parent.parent if place.parent.name == "__pycache__" else place.parent
    source = (folder / (place.name.partition(".")[0] + ".py")).as_posix()
    return source if source in paths else ""


def _importable(path: str) -> str:
    """The name by which a package's first file, or a module at the top, is imported; empty for all others."""
    place = PurePosixPath(path)
    if place.suffix not in _IMPORTED:
        return ""
    if place.name.partition(".")[0] == "__init__":
        return place.parent.name
    return place.stem if place.parent == PurePosixPath() else ""


def _shadowing(path: str, there: set[str]) -> Iterator[Remark]:
    """A package beside a module of its name, which is never read again; or before the one below `src`."""
    place, name = PurePosixPath(path), _importable(path)
    package = place.parent if place.name.partition(".")[0] == "__init__" else None
    module = f"{package}.py" if package is not None else ""
    if module in there:
        yield Remark(
            "shadow", path, f"Python imports the package {path!a} instead of {module!a}, which is still there"
        )
        return
    at_top = PurePosixPath() in {place.parent, place.parent.parent}
    hidden = next((p for p in (f"src/{name}/__init__.py", f"src/{name}.py") if at_top and p in there), "")
    if hidden:
        message = f"{path!a} has the name of {hidden!a}: which one is imported depends on where one stands"
        yield Remark("shadow", path, message, "ask")
