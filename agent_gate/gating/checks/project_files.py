"""The files in which a project configures pytest beside much else: pyproject.toml, setup.cfg, tox.ini.

What is not pytest's belongs to the source, and tests read it: a version, a name, that the file is there. So
the change's file is kept, with the base's tables of pytest in it.
"""

from __future__ import annotations

import configparser
import re
import tomllib
from collections.abc import Mapping
from typing import Any

_BYTES = 1024 * 1024
NAMES = ("pyproject.toml", "setup.cfg", "tox.ini")
_ANY_TABLE = re.compile(r"\s*\[")
_TABLES: Mapping[str, re.Pattern[str]] = {
    "pyproject.toml": re.compile(r"\s*\[{1,2}\s*tool\s*\.\s*pytest"),
    "setup.cfg": re.compile(r"\s*\[\s*(?:tool:)?pytest"),
    "tox.ini": re.compile(r"\s*\[\s*(?:tool:)?pytest"),
}
"""Plugins have tables of their own, whose names begin in the same way: these are the base's too."""


def judged_by_the_base(name: str, base: bytes | None, candidate: bytes | None) -> bytes | None:
    """The candidate's file with the base's tables of pytest; the base's file where that cannot be had for sure.

    What is put together is read again, and has to say of pytest what the base says and of all else what the
    candidate says. A table that is written in another way (as an inline one, in the midst of a text of several
    lines) does not pass that.
    """
    if candidate is None or base == candidate or name not in _TABLES or max(_sizes(base, candidate)) > _BYTES:
        return base
    try:
        old, new = (base or b"").decode(), candidate.decode()
        made = "".join([*_parts(name, new, pytest=False), "\n", *_parts(name, old, pytest=True)])
        wanted = _split(_data(name, new))[1], _split(_data(name, old))[0]
        pytest, others = _split(_data(name, made))
    except (ValueError, RecursionError, AttributeError, configparser.Error):
        return base
    return made.encode() if (others, pytest) == wanted else base


def _sizes(*contents: bytes | None) -> list[int]:
    return [len(content or b"") for content in contents]


def _parts(name: str, text: str, *, pytest: bool) -> list[str]:
    """The lines inside of pytest's tables, or those outside."""
    kept, inside = [], False
    for line in text.splitlines(keepends=True):
        if _ANY_TABLE.match(line):
            inside = _TABLES[name].match(line) is not None
        if inside == pytest:
            kept.append(line)
    return kept


def _data(name: str, text: str) -> Mapping[str, Any]:
    if name.endswith(".toml"):
        data = tomllib.loads(text)
        tools = data.pop("tool", {})
        if not isinstance(tools, dict):
            raise ValueError("tool is no table")
        return {**data, **{f"tool.{key}": value for key, value in tools.items()}}
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    parser.read_string(text)
    return {section: dict(parser.items(section)) for section in (*parser.sections(), parser.default_section)}


def _split(data: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """What is pytest's, and what is not."""
    mine = {
        key: value for key, value in data.items() if key.startswith(("pytest", "tool.pytest", "tool:pytest"))
    }
    return mine, {key: value for key, value in data.items() if key not in mine}
