"""What kind of files a change brings: links, leftovers, binaries, executables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import PurePosixPath

from agent_gate.domain.pattern import matches
from agent_gate.domain.value import PlainData
from agent_gate.gating.diff import FileDiff
from agent_gate.gating.scope.remark import Remark

_MODES = {"120000": "symlink", "160000": "submodule"}
_EXECUTABLE = "100755"
_MEDIA = {
    ".png": (b"\x89PNG\r\n\x1a\n",), ".jpg": (b"\xff\xd8\xff",), ".jpeg": (b"\xff\xd8\xff",), ".gif": (b"GIF87a", b"GIF89a"),
    ".webp": (b"RIFF",), ".ico": (b"\0\0\1\0",), ".bmp": (b"BM",), ".avif": (b"\0\0\0",), ".woff": (b"wOFF",),
    ".woff2": (b"wOF2",), ".ttf": (b"\0\1\0\0",), ".otf": (b"OTTO",), ".mp3": (b"ID3", b"\xff\xfb"), ".ogg": (b"OggS",),
    ".wav": (b"RIFF",),
}  # fmt: skip
"""Pictures, fonts and sounds, and how each begins."""
_SIGNATURES = (
    b"%PDF-",
    b"PK\x03\x04",
    b"\x1f\x8b",
    b"\x7fELF",
    b"MZ\x90",
    b"BZh",
    b"\xfd7zXZ",
    b"7z\xbc\xaf",
    b"!<arch>",
)
_CORE = (b"\x7fELF",)


def file_remarks(
    diff: Sequence[FileDiff], options: PlainData, base: Callable[[], Iterable[str]]
) -> Iterator[Remark]:
    """About the files that the change brings or rewrites. `base` gives all paths of the base."""
    leftovers: list[FileDiff] = []
    for file in diff:
        if kind := _MODES.get(file.after_mode):
            yield Remark(
                kind, file.path, f"{file.path!r} is a {'symbolic link' if kind == 'symlink' else kind}"
            )
        if file.after is None:
            continue
        if not file.old_path and _is_leftover(file, options):
            leftovers.append(file)
        elif file.after != file.before:
            yield from _unreadable(file, options)
        yield from _executable(file)
    known = set(base()) if leftovers else set()
    usual = {_kind(path) for path in known}
    for file in leftovers:
        if _kind(file.path) not in usual:
            yield Remark(
                "stray",
                file.path,
                f"{file.path!a} looks like a leftover of an editor, a tool or a build",
                "ask",
            )


def _is_leftover(file: FileDiff, options: PlainData) -> bool:
    *folders, name = file.path.split("/")
    if matches(file.path, options["data"]):
        return False
    return (
        matches(name, options["stray_files"])
        or any(matches(folder, options["stray_folders"]) for folder in folders)
        or matches(file.path, options["stray_paths"])
        or (name.partition(".")[0] == "core" and (file.after or b"").startswith(_CORE))
    )


def _kind(path: str) -> tuple[str, str]:
    """A folder, and a kind of file in it."""
    place = PurePosixPath(path)
    return place.parent.as_posix(), place.suffix or place.name


def _unreadable(file: FileDiff, options: PlainData) -> Iterator[Remark]:
    """What a reviewer cannot read: binary files that are no picture, font or sound, and huge ones."""
    content, before = file.after or b"", file.before or b""
    kilobytes = len(content) // 1000
    if is_binary(content):
        if not _is_media(file, int(options["media_bytes"])) and not _is_document(file, options):
            what = "new" if file.before is None else "changed"
            yield Remark(
                "binary",
                file.path,
                f"{file.path!a} is a {what} binary file of {kilobytes} kB: nobody can read it",
                "ask",
            )
    elif len(content) > int(options["file_bytes"]) >= len(before) and not matches(
        file.path, options["locks"]
    ):
        yield Remark("large-file", file.path, f"{file.path!a} has {kilobytes} kB", "ask")


def is_binary(content: bytes) -> bool:
    """A zero byte anywhere, or the beginning of a known container: git looks at the first 8,000 bytes only."""
    return b"\0" in content or content.startswith(_SIGNATURES)


def _is_media(file: FileDiff, most: int) -> bool:
    content = file.after or b""
    begins = _MEDIA.get(PurePosixPath(file.path).suffix.lower(), ())
    return len(content) <= most and content.startswith(begins) if begins else False


def _is_document(file: FileDiff, options: PlainData) -> bool:
    return matches(file.path, options["document_folders"]) and (file.after or b"").startswith(b"%PDF-")


def _executable(file: FileDiff) -> Iterator[Remark]:
    """A new executable bit on what is no script. Binary files are asked about as such."""
    content = file.after or b""
    became = file.after_mode == _EXECUTABLE and file.before_mode != _EXECUTABLE
    if became and not content.startswith(b"#!") and not is_binary(content):
        yield Remark(
            "executable", file.path, f"{file.path!a} becomes executable, and has no first line #!", "ask"
        )
