"""What the model is shown of the repository: always the same for the same spec and base."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from agent_gate.domain.pattern import matches
from agent_gate.domain.secret import holds_secret
from agent_gate.domain.secret_place import is_secret_file, place_of
from agent_gate.domain.spec import Spec
from agent_gate.prompting.data_block import data_block, visible

DEFAULT_BYTE_CAP = 120_000
"""Of all files shown. Files that the spec names are shown even beyond it."""
_LISTED = 100


@dataclass(frozen=True)
class ShownFile:
    """A file of the base as the prompt shows it, with plain newlines."""

    path: str
    text: str
    permitted: bool
    """The change may touch it."""


@dataclass(frozen=True)
class WithheldFile:
    """A file that is not shown, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class FileSelection:
    """What is shown, in order, and what is not."""

    shown: tuple[ShownFile, ...]
    withheld: tuple[WithheldFile, ...]


def select_files(spec: Spec, files: Mapping[str, bytes], byte_cap: int = DEFAULT_BYTE_CAP) -> FileSelection:
    """Chooses the files to show from the base's (`files`: path to content, read only when chosen).

    First what the spec names as context, then the test files that its clauses name, then Python
    files that the change may touch, in the order of their paths, as long as they fit.
    """
    shown: dict[str, ShownFile] = {}
    withheld: dict[str, WithheldFile] = {}
    room = byte_cap
    for path, named in _candidates(spec, files):
        if path in shown or path in withheld:
            continue
        found = _look(path, files, permitted=spec.paths.permits(path))
        size = len(found.text.encode()) if isinstance(found, ShownFile) else 0
        if not named and size > room:
            found = WithheldFile(path, f"it would be more than {byte_cap} bytes in all")
        if isinstance(found, WithheldFile):
            withheld[path] = found
        else:
            shown[path] = found
            room -= size
    return FileSelection(tuple(shown.values()), tuple(withheld.values()))


def _candidates(spec: Spec, files: Mapping[str, bytes]) -> Iterator[tuple[str, bool]]:
    """Paths in the order in which they are wanted, and whether the spec names them."""
    paths = sorted(files)
    for pattern in spec.context:
        chosen = [pattern] if pattern in files else [p for p in paths if matches(p, (pattern,))]
        yield from ((path, True) for path in chosen or [pattern])
    yield from ((path, True) for path in _test_files(spec) if path in files)
    yield from ((path, False) for path in paths if path.endswith(".py") and spec.paths.permits(path))


def _test_files(spec: Spec) -> Iterator[str]:
    for clause in spec.clauses:
        for verifier in clause.verified_by:
            if verifier.kind == "pytest":
                yield verifier.target.partition("::")[0]


def _look(path: str, files: Mapping[str, bytes], *, permitted: bool) -> ShownFile | WithheldFile:
    if is_secret_file(path):
        return WithheldFile(path, "files of this name may hold secrets")
    if path not in files:
        return WithheldFile(path, "the spec names it, but it is not in the base")
    try:
        text = files[path].decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        return WithheldFile(path, "it is not UTF-8 text")
    if "\0" in text or not path.isprintable():
        return WithheldFile(path, "it is not text, or its name cannot be shown")
    if holds_secret(text, place_of(path)):
        return WithheldFile(path, "it holds something that looks like a secret")
    return ShownFile(path, text, permitted)


def render_files(selection: FileSelection) -> str:
    """Each file in a data block of its own."""
    if not selection.shown:
        return "(none)"
    return "\n\n".join(
        data_block(
            f"file {file.path}" + ("" if file.permitted else " (for reading only)"),
            file.text,
            "python" if file.path.endswith(".py") else "",
        )
        for file in selection.shown
    )


def render_withheld(selection: FileSelection) -> str:
    """What is not shown, and why: the model must not believe that it has seen everything."""
    if not selection.withheld:
        return "No file that belongs here is withheld."
    rows = [f"- {visible(file.path, keep='')}: {file.reason}" for file in selection.withheld[:_LISTED]]
    if len(selection.withheld) > _LISTED:
        rows.append(f"- and {len(selection.withheld) - _LISTED} more")
    return "\n".join(["Not shown:", *rows])
