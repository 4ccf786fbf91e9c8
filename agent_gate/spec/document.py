"""Reads YAML as plain data that knows its lines.

YAML 1.2 (so `no` is a word, not a boolean), no tags, no anchors, no duplicate keys, at most 1 MiB. Plain
scalars are read by the core schema (YAML 1.2.2, §10.3.2), without `.inf` and `.nan`. libyaml finds the
structure; what a scalar means is decided here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from yaml.events import (
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

from agent_gate.domain.visible import visible_line
from agent_gate.errors import SpecError
from agent_gate.spec.remark import Place, Where, dotted

MAX_BYTES = 1024 * 1024
MAX_LINE = 10_000
MAX_NAME = 200
MAX_DEPTH = 20
MAX_VALUES = 5_000
"""All far beyond any spec that a person can read; they bound the time that a hostile file can take."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Only its events are used. Where PyYAML was built without libyaml its own parser gives the same ones."""
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))([eE][-+]?[0-9]{1,3})?")
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
_DECEPTIVE = re.compile(f"{_CONTROL.pattern}|\r(?!\n)|[\x85\u2028\u2029]|[\u202a-\u202e\u2066-\u2069]|\ufeff")
"""What may not even stand in a comment: libyaml ends a line where an editor and YAML 1.2 see none, or the
text is shown in another order than it is read (Boucher, Anderson, "Trojan Source", 2021)."""

_OPENED = re.compile("flow (sequence|mapping)|simple key|end of stream")
_HINTS: Mapping[str, str] = {
    "scanning an alias": "quote a text that begins with '*'",
    "scanning an anchor": "quote a text that begins with '&'",
    "scanning a tag": "quote a text that begins with '!'",
    "end of stream": "close the quote",
    "expected ',' or": "close the bracket, or write a comma between the items",
    "expected ':'": "write 'name: value', with a space after the colon",
    "escape": "write the backslash twice, or use single quotes",
    "mapping values are not allowed": "quote a text that contains ': '",
    "cannot start any token": "indent with spaces; quote a text that begins with '@', '`' or '%'",
    "": "indent with spaces; quote texts that contain ': ' or ' #'",
}
"""What to write, by words in libyaml's message; the first that fits."""

NOT_YAML, NOT_ALLOWED, TWICE = "YA01", "YA02", "YA03"


class Document:
    """One spec file as plain data, with the place of each key and value."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.value: Mapping[str, Any] = {}
        self._values: dict[Where, Place] = {}
        self._keys: dict[Where, Place] = {}
        self._count = 0

    @classmethod
    def read(cls, data: bytes, path: str) -> Document:
        """The document in these bytes; `path` is for messages. Raises SpecError with code and place."""
        document = cls(path)
        text = document._decoded(data)
        try:
            document.value = document._root(yaml.parse(text, Loader=_LOADER))
        except yaml.MarkedYAMLError as error:
            place, problem = _begun_at(error), f"not valid YAML: {error.problem or error.context}"
            raise document._error(NOT_YAML, problem, place=place, hint=_hint(error)) from None
        except (yaml.YAMLError, ValueError) as error:
            # A character that no text may hold, or an escape that names none (`"\\U00110000"`).
            problem = str(error).splitlines()[0]
            place = max(document._values.values(), default=Place(1, 1))
            raise document._error(NOT_YAML, f"not valid YAML: {problem}", place=place, hint="remove it") from None  # fmt: skip
        return document

    def place(self, where: Where, *, key: bool = False) -> Place:
        """Where a value stands, or its key; of a value that is not there, where it would belong."""
        if key and where in self._keys:
            return self._keys[where]
        known = where
        while known not in self._values:
            known = known[:-1]
        return self._values[known]

    def _decoded(self, data: bytes) -> str:
        if len(data) > MAX_BYTES:
            hint = "a spec names files, it does not hold them"
            raise self._error(NOT_ALLOWED, "larger than 1 MiB", place=Place(0, 0), hint=hint)
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data[: error.start].count(b"\n") + 1
            raise self._error(
                NOT_YAML, "not UTF-8", place=Place(line, 1), hint="save the file as UTF-8"
            ) from None
        self._check_characters(text)
        for number, content in enumerate(text.split("\n"), start=1):
            if len(content) > MAX_LINE:
                problem = f"a line of more than {MAX_LINE} characters"
                raise self._error(NOT_ALLOWED, problem, place=Place(number, 1), hint="break it up")
        return text

    def _check_characters(self, text: str) -> None:
        if not (found := _DECEPTIVE.search(text)):
            return
        at, character = found.start(), found.group()
        place = Place(text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))
        hints = {"\0": "save the file as UTF-8", "\r": "end lines with a line feed"}
        problem = f"the character U+{ord(character):04X} is not allowed"
        raise self._error(NOT_ALLOWED, problem, place=place, hint=hints.get(character, "remove it"))

    def _root(self, events: Iterator[Event]) -> dict[str, Any]:
        """The one document of the stream, which is a mapping."""
        found: Any = None
        documents = 0
        for event in events:
            if isinstance(event, DocumentStartEvent):
                self._check_document(event, documents)
                documents += 1
                found = self._value(next(events), events, ())
            elif isinstance(event, StreamEndEvent) and not isinstance(found, dict):
                raise self._error(
                    NOT_YAML,
                    "a spec is a mapping of fields",
                    place=Place(1, 1) if found is None else self._values[()],
                    hint="begin with: schema: agent-gate/spec/v1",
                )
        fields: dict[str, Any] = found
        return fields

    def _check_document(self, event: DocumentStartEvent, documents: int) -> None:
        place = _place(event)
        if documents:
            raise self._error(
                NOT_ALLOWED, "a second document begins", place=place, hint="one file holds one spec"
            )
        if event.tags or (event.version and tuple(event.version) != (1, 2)):
            raise self._error(
                NOT_ALLOWED, "directives are not allowed", place=place,
                hint="drop the lines that begin with '%'",
            )  # fmt: skip

    def _value(self, event: Event, events: Iterator[Event], where: Where) -> Any:
        self._values.setdefault(where, _place(event))
        self._check_node(event, where)
        if isinstance(event, MappingStartEvent):
            return self._mapping(events, where)
        if isinstance(event, SequenceStartEvent):
            return [self._value(item, events, (*where, n)) for n, item in enumerate(_items(events))]
        return self._scalar(event, where)

    def _check_node(self, event: Event, where: Where) -> None:
        """Refuses what could make a small file large, deep, or other than it looks."""
        place = _place(event)
        self._count += 1
        if self._count > MAX_VALUES:
            hint = "a spec is read by people: split the change"
            raise self._error(NOT_ALLOWED, "more values than any spec has", place=place, where=where[:1], hint=hint)  # fmt: skip
        if len(where) > MAX_DEPTH:
            hint = "no field of a spec goes that deep"
            raise self._error(NOT_ALLOWED, "nested too deeply", place=place, where=where[:1], hint=hint)
        if isinstance(event, AliasEvent) or (isinstance(event, NodeEvent) and event.anchor):
            hint = "write the value out where it is meant"
            raise self._error(NOT_ALLOWED, "anchors and aliases are not allowed", place=place, where=where, hint=hint)  # fmt: skip
        if getattr(event, "tag", None):
            hint = "drop the word with the '!'"
            raise self._error(NOT_ALLOWED, "tags are not allowed", place=place, where=where, hint=hint)

    def _mapping(self, events: Iterator[Event], where: Where) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_event in _items(events):
            place = _place(key_event)
            if not isinstance(key_event, ScalarEvent):
                self._check_node(key_event, where)
                hint = "write 'name: value'"
                raise self._error(NOT_YAML, "a field's name is a plain word", place=place, where=where, hint=hint)  # fmt: skip
            self._check_node(key_event, where)
            key = str(key_event.value)
            self._check_text(key, place, where)
            if len(key) > MAX_NAME:
                problem = f"a name of more than {MAX_NAME} characters"
                raise self._error(NOT_ALLOWED, problem, place=place, where=where, hint="shorten it")
            here = (*where, key)
            if key in result:
                raise self._error(TWICE, "the field stands twice", place=place, where=here, hint="keep one of them")  # fmt: skip
            self._keys[here] = place
            value = next(events)
            result[key] = self._value(value, events, here)
            if _is_empty(value):  # an empty value has no place of its own: the key's is the one to look at
                self._values[here] = place
        return result

    def _scalar(self, event: Event, where: Where) -> Any:
        assert isinstance(event, ScalarEvent)  # noqa: S101 - aliases are refused, collections are read
        text = str(event.value)
        self._check_text(text, _place(event), where)
        if event.style:
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _INTEGER.fullmatch(text):
            return int(text)
        if _FLOAT.fullmatch(text) and math.isfinite(float(text)):
            return float(text)
        return text

    def _check_text(self, text: str, place: Place, where: Where) -> None:
        if found := _CONTROL.search(text):
            problem = f"the character U+{ord(found.group()):04X} is not allowed"
            raise self._error(NOT_ALLOWED, problem, place=place, where=where, hint="write it out in words")

    def _error(
        self, code: str, message: str, *, place: Place, where: Where = (), hint: str = ""
    ) -> SpecError:
        return SpecError(
            message,
            path=self.path,
            line=place.line,
            column=place.column,
            field=visible_line(dotted(where)),
            code=code,
            hint=hint,
        )


def _begun_at(error: yaml.MarkedYAMLError) -> Place:
    """Where the mistake was made; of what was opened and never closed, where it was opened."""
    opened = _OPENED.search(f"{error.context} {error.problem}")
    mark = (error.context_mark if opened else None) or error.problem_mark or error.context_mark
    return Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)


def _hint(error: yaml.MarkedYAMLError) -> str:
    said = f"{error.context} {error.problem}"
    return next(hint for words, hint in _HINTS.items() if words in said)


def _is_empty(event: Event) -> bool:
    return isinstance(event, ScalarEvent) and not event.value and not event.style


def _place(event: Event) -> Place:
    mark = event.start_mark
    return Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)


def _items(events: Iterator[Event]) -> Iterator[Event]:
    """What stands in a collection, up to its end; who takes an item also takes what is inside it."""
    for event in events:
        if isinstance(event, MappingEndEvent | SequenceEndEvent):
            return
        yield event
