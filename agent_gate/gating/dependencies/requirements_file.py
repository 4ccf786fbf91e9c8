"""Reads pip's requirements files (pip's manual, "Requirements File Format") and constraints."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from posixpath import normpath

from agent_gate.gating.dependencies.requirement import (
    LONGEST,
    Include,
    Item,
    Requirement,
    Setting,
    SourceFile,
    python_name,
    python_requirement,
)

_OPTION = re.compile(r"(-[a-zA-Z](?![a-zA-Z-])|--[a-z][a-z-]*)(?:\s*=\s*|\s+|)(.*)", re.DOTALL)
_INCLUDES = frozenset({"-r", "--requirement", "-c", "--constraint"})
_EDITABLE = frozenset({"-e", "--editable"})
_INDEXES = frozenset(
    {"-i", "--index-url", "--extra-index-url", "-f", "--find-links", "--trusted-host", "--no-binary"}
)
_HARMLESS = frozenset(
    {"--no-index", "--pre", "--prefer-binary", "--require-hashes", "--only-binary", "--use-feature"}
)
_WHEEL = re.compile(r"([A-Za-z0-9][A-Za-z0-9._]*)-[^/-]+(?:-[^/-]+)+\.whl")


def read_requirements_file(file: SourceFile) -> Iterator[Item]:
    """Its lines, continuations joined. Raises ValueError for a line that pip would not understand."""
    for number, line in _logical_lines(file.text):
        if len(line) > LONGEST:
            raise ValueError(f"line {number} is longer than {LONGEST} characters")
        option = _OPTION.fullmatch(line) if line.startswith("-") else None
        if option is None:
            yield _requirement(file, number, line)
        elif option[1] in _INCLUDES:
            yield Include(number, beside(file.path, option[2].strip()))
        elif option[1] in _EDITABLE:
            yield _from_source(file, number, option[2].strip())
        elif option[1] in _INDEXES:
            yield Setting(number, line)
        elif option[1] not in _HARMLESS:
            raise ValueError(f"line {number}: pip knows no option {option[1]!a} here")


def beside(path: str, named: str) -> str:
    """The path of a file that another one names, from the root of the repository."""
    return normpath(str(PurePosixPath(path).parent / named))


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines without comments and empty ones, each with the number of its first line.

    As pip does it: a line that is a comment ends a continuation, and `#` begins one after white space only.
    """
    parts: list[str] = []
    first = 0
    for number, raw in enumerate(text.splitlines(), 1):
        comment = raw.lstrip().startswith("#")
        first = first or number
        if raw.endswith("\\") and not comment:
            parts.append(raw[:-1])
            continue
        parts.append("" if comment else raw)
        line = re.sub(r"(^|\s)#.*$", "", " ".join(parts)).strip()
        if line:
            yield first, line
        parts, first = [], 0
    rest = re.sub(r"(^|\s)#.*$", "", " ".join(parts)).strip()
    if rest:
        yield first, rest


def _requirement(file: SourceFile, number: int, line: str) -> Requirement:
    words = line.split()
    end = next((place for place, word in enumerate(words) if word.startswith("-")), len(words))
    bare, hashed = " ".join(words[:end]), any(word.startswith("--hash") for word in words[end:])
    if _is_source(bare):
        return _from_source(file, number, bare)
    return python_requirement(file, bare, number, hashed=hashed)


def _is_source(text: str) -> bool:
    before_url, _, _ = text.partition("://")
    named = "@" in before_url  # `name @ https://…` is a requirement like any other
    return (
        ("://" in text and not named)
        or text.startswith((".", "/", "file:"))
        or bool(re.fullmatch(r"[^\s;@<>=!~]+(?:\.whl|\.zip|\.tar\.gz|\.tgz)(?:\[[^]]*\])?", text))
    )


def _from_source(file: SourceFile, number: int, text: str) -> Requirement:
    """A requirement without an index; its name where the address tells one."""
    told = re.search(r"[#&]egg=([A-Za-z0-9._-]+)", text) or _WHEEL.search(text)
    name = python_name(told[1].rstrip("._-")) if told else ""
    return Requirement(ecosystem="pypi", name=name, specifier="", path=file.path, line=number, source=text)
