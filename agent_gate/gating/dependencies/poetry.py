"""Reads a requirement in the table notation of Poetry and Pipenv."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from agent_gate.gating.dependencies.requirement import Requirement, SourceFile, python_name

_SOURCES = ("git", "url", "path", "file", "hg", "svn", "bzr")


def poetry_requirement(file: SourceFile, name: str, wanted: Any) -> Iterator[Requirement]:
    """`"^1.2"`, a table, or a list of tables that count in different places. Raises ValueError."""
    for one in wanted if isinstance(wanted, list) else [wanted]:
        options: Mapping[str, Any] = one if isinstance(one, Mapping) else {"version": one}
        version = options.get("version", "*")
        if not isinstance(version, str):
            raise ValueError(f"{name}: {str(version)[:80]!a} is no version")  # noqa: TRY004 - what a file says
        source = next((str(options[key]) for key in _SOURCES if key in options), "")
        yield Requirement(
            ecosystem="pypi",
            name=python_name(name),
            specifier="" if source else standard_specifier(version),
            path=file.path,
            written=f"{name} =",
            source=source,
            marker=str(options.get("markers") or options.get("platform") or options.get("python") or ""),
        )


def standard_specifier(version: str) -> str:
    """Poetry's constraint as a PEP 440 specifier; empty for any version, or where only a range of ranges says it."""
    if "|" in version or len(version) > 200:
        return ""
    parts = [_part(part.strip()) for part in version.split(",")]
    try:
        return str(SpecifierSet(",".join(part for part in parts if part)))
    except InvalidSpecifier:
        raise ValueError(f"{version[:80]!a} is no version") from None


def _part(text: str) -> str:
    if text in {"", "*", "latest"}:
        return ""
    found = re.fullmatch(r"([~^])\s*(\d+(?:\.\d+)*)(.*)", text)
    if not found:
        return text if text[0] in "<>=!~" else f"=={text}"
    numbers = [int(number) for number in found[2].split(".")]
    kept = 1 if found[1] == "~" else next((i for i, n in enumerate(numbers) if n), len(numbers) - 1)
    kept = min(kept, len(numbers) - 1)
    above = [*numbers[:kept], numbers[kept] + 1]
    return f">={found[2]}{found[3]},<{'.'.join(map(str, above))}"
