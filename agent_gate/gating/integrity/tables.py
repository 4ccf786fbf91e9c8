"""Which settings of a shared configuration file differ: only those that judge, whatever the formatting."""

from __future__ import annotations

import configparser
import fnmatch
import json
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

MAX_BYTES = 1024 * 1024
_SHOWN = 300
_DEPTH = 12
_JUDGING = ("commands", "setenv", "set_env", "ignore_", "skip", "change", "allowlist", "whitelist")
"""Of an environment of tox, the settings that say what is run and whether it may fail."""
_ENVIRONMENTS = ("tool.tox.env.", "tool.tox.env_run_base.")


class Changed(NamedTuple):
    """One setting, as it was and as it is; empty where it is not there."""

    tool: str
    """Whose setting it is."""
    key: str
    line: int
    old: str
    new: str


def changed_values(
    form: str, before: bytes | None, after: bytes | None, tables: Mapping[str, Any], *, whole: bool
) -> Iterator[Changed]:
    """The settings that judge and differ, by key. `whole`: all of the file judges.

    A file that cannot be read is one setting, its text.
    """
    old, new = _read(form, before, tables, whole=whole), _read(form, after, tables, whole=whole)
    text = (after or b"").decode(errors="replace")
    if old is None or new is None:
        if before != after:
            yield Changed("a file that cannot be read", "all of it", 0, _short(before), _short(after))
        return
    harmless = tables["harmless"]
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) != new.get(key) and key not in harmless:
            shown = old.get(key, "")[:_SHOWN], new.get(key, "")[:_SHOWN]
            yield Changed(_tool(form, key), key, _line(text, key), *shown)


def _tool(form: str, key: str) -> str:
    """`tool.ruff` for `tool.ruff.lint.select`, `testenv` for `testenv:docs.commands`."""
    parts = key.split(".")
    return ".".join(parts[:2]) if form == "toml" else parts[0].partition(":")[0]


def _short(content: bytes | None) -> str:
    return (content or b"").decode(errors="replace")[:_SHOWN]


def _read(
    form: str, content: bytes | None, tables: Mapping[str, Any], *, whole: bool
) -> dict[str, str] | None:
    """Each setting that judges, by its dotted key; None where the file cannot be read."""
    if content is None:
        return {}
    if len(content) > MAX_BYTES:
        return None
    try:
        text = content.decode("utf-8-sig")
        if form == "toml":
            return dict(_of_toml(tomllib.loads(text), tables["toml"]))
        if form == "json":
            return dict(_of_json(json.loads(text or "{}"), tables))
        return dict(_of_ini(text, tables["ini"], whole=whole))
    except (ValueError, configparser.Error, RecursionError, AttributeError):
        return None  # the last: what configparser raises over a value that goes on below a key without one


def _of_toml(data: Mapping[str, Any], wanted: list[str]) -> Iterator[tuple[str, str]]:
    for table in wanted:
        found: Any = data
        for part in table.split("."):
            found = found.get(part) if isinstance(found, dict) else None
        for key, value in _flat(table, found) if found is not None else ():
            if not key.startswith(_ENVIRONMENTS) or _judges(key):
                yield key, value


def _judges(key: str) -> bool:
    """Whether a setting of an environment of tox says what is run: `tool.tox.env.docs.commands`."""
    return any(part.startswith(_JUDGING) for part in key.split("."))


def _of_json(data: Any, tables: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if not isinstance(data, dict):
        raise ValueError("not a table")  # noqa: TRY004  (what cannot be read is one error)
    for table in tables["json"]:
        if table in data:
            yield from _flat(table, data[table])
    scripts = data.get("scripts")
    for name, command in scripts.items() if isinstance(scripts, dict) else ():
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in tables["scripts"]):
            yield f"scripts.{name}", str(command)


def _of_ini(text: str, wanted: list[str], *, whole: bool) -> Iterator[tuple[str, str]]:
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True, default_section="\0")
    parser.read_string(text)
    for section in parser.sections():
        if whole or any(fnmatch.fnmatchcase(section, pattern) for pattern in wanted):
            for key, value in parser.items(section):
                if section.startswith("testenv") and not key.startswith(_JUDGING):
                    continue
                lines = (line.strip() for line in (value or "").splitlines())
                yield f"{section}.{key}", "\n".join(line for line in lines if line and line[0] not in "#;")
        elif section in {"options.entry_points", "entry_points"}:
            for key, value in parser.items(section):
                if key == "pytest11":
                    yield f"{section}.{key}", value or ""


def _flat(prefix: str, value: Any, depth: int = 0) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value and depth < _DEPTH:
        for key, item in value.items():
            yield from _flat(f"{prefix}.{key}", item, depth + 1)
    else:
        yield prefix, json.dumps(value, default=str, ensure_ascii=False)


def _line(text: str, key: str) -> int:
    """The line that sets a key; the last of those that look like it, 0 where none does."""
    name = key.rpartition(".")[2]
    found = 0
    for number, line in enumerate(text.split("\n"), start=1):
        stripped = line.strip().lstrip("\"'")
        if stripped.startswith(name) and stripped[len(name) :].lstrip("\"' ")[:1] in {"=", ":"}:
            found = number
    return found
