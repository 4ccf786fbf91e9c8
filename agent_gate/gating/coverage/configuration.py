"""What the base's configuration of coverage.py says about which files and lines need tests.

Read from the base only, in coverage.py's own order of files; its meaning is coverage.py's too
(coverage.readthedocs.io, "Configuration reference" and "Specifying source files").
"""

from __future__ import annotations

import configparser
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from agent_gate.vcs.repo import Repository

_NO_COVER = r"#\s*(pragma|PRAGMA)[:\s]?\s*(no|NO)\s*(cover|COVER)"
_NO_BRANCH = r"#\s*(pragma|PRAGMA)[:\s]?\s*(no|NO)\s*(branch|BRANCH)"
_FILES = (".coveragerc", ".coveragerc.toml", "setup.cfg", "tox.ini", "pyproject.toml")
_OWN = (".coveragerc", ".coveragerc.toml")
"""These are about coverage alone: they count wherever they stand, whatever they hold."""
Section = Mapping[str, Any]


class UnreadableConfigurationError(ValueError):
    """The base's configuration cannot be read; the message names the file."""


@dataclass(frozen=True)
class CoverageConfiguration:
    """Patterns of files, and regular expressions of lines."""

    path: str = ""
    """The base's file that says so; empty where there is none."""
    omit: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    exclude: tuple[str, ...] = (_NO_COVER,)
    partial: tuple[str, ...] = (_NO_BRANCH,)

    def measures(self, path: str) -> bool:
        """Whether a file is among those that the base wants measured."""
        if any(_glob(pattern).fullmatch(path) for pattern in self.omit):
            return False
        if self.source:
            return any(_is_within(path, source) for source in self.source)
        return not self.include or any(_glob(pattern).fullmatch(path) for pattern in self.include)


def coverage_configuration(repository: Repository, base_tree: str) -> CoverageConfiguration:
    """The base's configuration. Raises UnreadableConfigurationError."""
    for name in _FILES:
        found = repository.read(base_tree, name)
        if found is None:
            continue
        try:
            section = _sections(name, found[1])
            if section is not None:
                return _configuration(name, *section)
        except (ValueError, configparser.Error, re.error) as error:
            raise UnreadableConfigurationError(f"{name}: {str(error).splitlines()[0]}") from None
    return CoverageConfiguration()


def _sections(name: str, content: bytes) -> tuple[Section, Section] | None:
    """The tables `run` and `report`; None where the file is about something else."""
    text = content.decode()
    if name.endswith(".toml"):
        data: Any = tomllib.loads(text)
        table = data.get("tool", {}).get("coverage") if isinstance(data.get("tool", {}), dict) else None
        if table is None and name in _OWN:
            table = data
        if table is None:
            return None
        if not isinstance(table, dict):
            raise ValueError("coverage is not a table")
        return _table(table, "run"), _table(table, "report")
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.read_string(text)
    found = [
        dict(parser[section]) if (section := f"coverage:{each}") in parser
        else dict(parser[each]) if name in _OWN and each in parser
        else None
        for each in ("run", "report")
    ]  # fmt: skip
    if found == [None, None] and name not in _OWN:
        return None
    return found[0] or {}, found[1] or {}


def _table(table: Section, name: str) -> Section:
    found = table.get(name, {})
    if not isinstance(found, dict):
        raise ValueError(f"{name} is not a table")  # noqa: TRY004 - about the file, not about a caller
    return found


def _configuration(path: str, run: Section, report: Section) -> CoverageConfiguration:
    exclude = (*_lines(report, "exclude_lines", (_NO_COVER,)), *_lines(report, "exclude_also"))
    partial = (*_lines(report, "partial_branches", (_NO_BRANCH,)), *_lines(report, "partial_also"))
    for pattern in (*exclude, *partial):
        re.compile(pattern)
    return CoverageConfiguration(
        path=path,
        omit=(*_words(run, "omit"), *_words(report, "omit")),
        include=(*_words(run, "include"), *_words(report, "include")),
        source=(*_words(run, "source"), *_words(run, "source_pkgs"), *_words(run, "source_dirs")),
        exclude=exclude,
        partial=partial,
    )


def _split(section: Section, key: str, cut: Callable[[str], Iterable[str]]) -> tuple[str, ...] | None:
    value = section.get(key)
    if value is None:
        return None
    parts = list(cut(value)) if isinstance(value, str) else value
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise ValueError(f"{key} is not a list of texts")
    return tuple(part.strip() for part in parts if part.strip())


def _words(section: Section, key: str) -> tuple[str, ...]:
    """A list that is separated by commas or lines."""
    return _split(section, key, lambda text: re.split(r"[,\n]", text)) or ()


def _lines(section: Section, key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
    """A list of regular expressions, one a line."""
    found = _split(section, key, str.splitlines)
    return default if found is None else found


def _glob(pattern: str) -> re.Pattern[str]:
    """coverage.py's patterns: `*` stays within a folder, `**` does not; `*/x` and `x/*` reach deep."""
    pattern = pattern.removeprefix("./")
    if pattern.startswith("*/"):
        pattern = f"*{pattern}"
    if pattern.endswith(("/*", "/")):
        pattern = f"{pattern.removesuffix('*')}**"
    parts = re.split(r"(\*\*/|\*\*|\*|\?|\[[^\]]+\])", pattern)
    return re.compile("".join(_GLOBS.get(part) or _plain_part(part) for part in parts), re.DOTALL)


_GLOBS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def _plain_part(part: str) -> str:
    if part.startswith("[") and part.endswith("]"):
        return f"[{'^' if part[1] == '!' else ''}{re.escape(part[1:-1].removeprefix('!'))}]"
    return re.escape(part)


def _is_within(path: str, source: str) -> bool:
    """Whether a file lies in a folder, or in a package wherever it lies."""
    folder = source.strip("/").removeprefix("./")
    if folder in {"", "."}:
        return True
    if path == folder or path.startswith(f"{folder}/"):
        return True
    package = folder.replace(".", "/")
    return f"/{package}/" in f"/{path}" or f"/{path}".endswith(f"/{package}.py")
