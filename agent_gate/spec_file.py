"""Reads a spec from YAML and says exactly where it is wrong.

YAML 1.2 (so `no` is a word, not a boolean), no tags, no anchors, no duplicate keys, at most 1 MiB.
Plain scalars are read by the core schema (YAML 1.2.2, §10.3.2), without `.inf` and `.nan`.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)
from ruamel.yaml.reader import ReaderError

from agent_gate.domain.spec import Spec
from agent_gate.domain.visible import visible_line
from agent_gate.errors import SpecError

MAX_BYTES = 1024 * 1024
MAX_LINE = 10_000
MAX_DEPTH = 20
MAX_VALUES = 5_000
"""All far beyond any spec that a person can read; they bound the time that a hostile file can take."""

_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))([eE][-+]?[0-9]{1,3})?")
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")

Where = tuple[str | int, ...]


def read_spec(path: Path) -> Spec:
    """The spec in the file; raises SpecError with file, line and field."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        problem = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise SpecError(problem, path=str(path), hint="name an existing spec file") from None
    return parse_spec(data, str(path))


def parse_spec(data: bytes, path: str) -> Spec:
    """The spec in these bytes; `path` is for messages. Raises SpecError with line and field."""
    document = _Document(path)
    value = document.read(data)
    try:
        return Spec.model_validate(value)
    except ValidationError as error:
        raise document.explain(error) from None


class _Document:
    """A YAML document as plain data, with the line of each value."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.lines: dict[Where, int] = {}
        self._values = 0

    def read(self, data: bytes) -> dict[str, Any]:
        """The document's fields."""
        text = self._decoded(data)
        try:
            return self._root(YAML(typ="safe", pure=True).parse(io.StringIO(text)))
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise self._error(
                f"not valid YAML: {error.problem or error.context}",
                line=mark.line + 1 if mark else 1,
                hint="indent with spaces; quote texts that contain ': ' or ' #'",
            ) from None
        except (ReaderError, ValueError) as error:
            # A character that no text may hold, or an escape that names none (`"\\U00110000"`).
            problem = str(error).splitlines()[0]
            line = max(self.lines.values(), default=1)
            raise self._error(f"not valid YAML: {problem}", line=line, hint="remove it") from None

    def explain(self, error: ValidationError) -> SpecError:
        """The first problem, at its line, with what to write instead."""
        # A misspelt field is also a missing one: the line that holds it is the one to look at.
        problem = min(error.errors(), key=lambda item: item["type"] != "extra_forbidden")
        kind = problem["type"]
        where: Where = problem.get("ctx", {}).get("where", problem["loc"])
        known = where
        while known not in self.lines:
            known = known[:-1]
        message = _MESSAGES.get(kind, problem["msg"].removeprefix("Value error, "))
        hint = _HINTS.get(kind, "")
        if example := _EXAMPLES.get(str(where[-1]) if where else ""):
            hint = hint or f"for instance {example}"
        return self._error(visible_line(message), line=self.lines[known], where=where, hint=hint)

    def _decoded(self, data: bytes) -> str:
        if len(data) > MAX_BYTES:
            raise self._error("larger than 1 MiB", line=0, hint="a spec names files, it does not hold them")
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data[: error.start].count(b"\n") + 1
            raise self._error("not UTF-8", line=line, hint="save the file as UTF-8") from None
        for number, line_text in enumerate(text.split("\n"), start=1):
            self._check_text(line_text, number, ())
            if len(line_text) > MAX_LINE:
                raise self._error(
                    f"a line of more than {MAX_LINE} characters", line=number, hint="break it up"
                )
        return text

    def _root(self, events: Iterator[Event]) -> dict[str, Any]:
        """The one document of the stream, which is a mapping."""
        found: Any = None
        documents = 0
        for event in events:
            line = event.start_mark.line + 1
            if isinstance(event, DocumentStartEvent):
                self._check_document(event, line, documents)
                documents += 1
                found = self._value(next(events), events, ())
            elif isinstance(event, StreamEndEvent) and not isinstance(found, dict):
                hint = "begin with: schema: agent-gate/spec/v1"
                raise self._error("a spec is a mapping of fields", line=self.lines.get((), 1), hint=hint)
        fields: dict[str, Any] = found
        return fields

    def _check_document(self, event: DocumentStartEvent, line: int, documents: int) -> None:
        if documents:
            raise self._error("a second document begins", line=line, hint="one file holds one spec")
        if event.tags or (event.version and tuple(event.version) != (1, 2)):
            raise self._error(
                "directives are not allowed", line=line, hint="drop the lines that begin with '%'"
            )

    def _value(self, event: Event, events: Iterator[Event], where: Where) -> Any:
        line = event.start_mark.line + 1
        self.lines.setdefault(where, line)
        self._check_node(event, line, where)
        if isinstance(event, MappingStartEvent):
            return self._mapping(events, where)
        if isinstance(event, SequenceStartEvent):
            return [self._value(item, events, (*where, n)) for n, item in enumerate(_items(events))]
        return self._scalar(event, where)

    def _check_node(self, event: Event, line: int, where: Where) -> None:
        """Refuses what could make a small file large, deep, or other than it looks."""
        self._values += 1
        if self._values > MAX_VALUES:
            raise self._error("more values than any spec has", line=line, where=where[:1])
        if len(where) > MAX_DEPTH:
            raise self._error("nested too deeply", line=line, where=where[:1])
        if isinstance(event, AliasEvent) or (isinstance(event, NodeEvent) and event.anchor):
            hint = "write the value out where it is meant"
            raise self._error("anchors and aliases are not allowed", line=line, where=where, hint=hint)
        if getattr(event, "tag", None):
            raise self._error(
                "tags are not allowed", line=line, where=where, hint="drop the word with the '!'"
            )

    def _mapping(self, events: Iterator[Event], where: Where) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_event in _items(events):
            line = key_event.start_mark.line + 1
            if not isinstance(key_event, ScalarEvent):
                raise self._error("a field's name is a plain word", line=line, where=where)
            self._check_node(key_event, line, where)
            key = str(key_event.value)
            self._check_text(key, line, where)
            if key in result:
                raise self._error(
                    "the field stands twice", line=line, where=(*where, key), hint="keep one of them"
                )
            self.lines[*where, key] = line
            result[key] = self._value(next(events), events, (*where, key))
        return result

    def _scalar(self, event: Event, where: Where) -> Any:
        assert isinstance(event, ScalarEvent)  # noqa: S101 - aliases are refused, collections are read
        text = str(event.value)
        self._check_text(text, event.start_mark.line + 1, where)
        plain = event.style is None or event.style == ""
        if not plain:
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _INTEGER.fullmatch(text):
            return int(text)
        if _FLOAT.fullmatch(text) and math.isfinite(float(text)):
            return float(text)
        return text

    def _check_text(self, text: str, line: int, where: Where) -> None:
        if found := _CONTROL.search(text):
            problem = f"the character U+{ord(found.group()):04X} is not allowed"
            raise self._error(problem, line=line, where=where, hint="write it out in words")

    def _error(self, message: str, *, line: int, where: Where = (), hint: str = "") -> SpecError:
        return SpecError(message, path=self.path, line=line, field=visible_line(_dotted(where)), hint=hint)


def _items(events: Iterator[Event]) -> Iterator[Event]:
    """What stands in a collection, up to its end; who takes an item also takes what is inside it."""
    for event in events:
        if isinstance(event, MappingEndEvent | SequenceEndEvent):
            return
        yield event


def _dotted(where: Where) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in where).lstrip(".")


_MESSAGES = {
    "missing": "this field is missing",
    "extra_forbidden": "there is no such field",
    "string_type": "a text is expected here",
    "string_pattern_mismatch": "not written as this field wants it",
    "too_short": "it must not be empty",
    "string_too_short": "it must not be empty",
    "tuple_type": "a list is expected here",
    "dict_type": "a table of fields is expected here",
    "mapping_type": "a table of fields is expected here",
    "model_type": "a table of fields is expected here",
}
_HINTS = {
    "missing": "add it; agent-gate spec schema describes every field",
    "extra_forbidden": "look for a typing error; agent-gate spec schema describes every field",
    "too_short": "give at least one",
    "tuple_type": "write each item on a line of its own after '- ', or all of them in [ ]",
}
_EXAMPLES = {
    "schema": "agent-gate/spec/v1",
    "rate": "50/s",
    "for": "20s",
    "simultaneous": "50",
    "id": "orders-once for a spec, LOAD-1 for a clause",
    "risk": "standard",
    "cwe": "CWE-89",
    "stride": "[S, T]",
    "verified_by": '["pytest:tests/test_orders.py::test_same_key"]',
    "expect": '["p95 <= 50 ms"]',
}
