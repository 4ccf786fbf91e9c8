"""Holds a spec file against its JSON Schema, and says everything that is wrong at once.

The schema is the one that editors get; it is made of the model in `domain/spec.py`, and lies beside this
module so that nobody has to load the model in order to check a file. Of JSON Schema 2020-12 exactly those
keywords are known that it uses: another one is a bug of ours, and is said so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from agent_gate.domain.measure import Duration, Expectation, Rate
from agent_gate.domain.pattern import checked_pattern
from agent_gate.domain.spec_rules import whole_spec_problems
from agent_gate.domain.verifier import Verifier
from agent_gate.domain.visible import quoted, visible_line
from agent_gate.spec.document import Document
from agent_gate.spec.remark import Remark, Where

SCHEMA_FILE = Path(__file__).with_name("spec.schema.json")
Schema = Mapping[str, Any]

_TOLD_ELSEWHERE = frozenset({"description", "examples", "default", "title", "$schema", "$defs", "properties", "patternProperties", "nullable", "enumDescriptions"})  # fmt: skip
"""Keywords that constrain nothing, or that `additionalProperties` looks after."""
_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,),
    "array": (list,), "object": (dict,), "null": (type(None),),
}  # fmt: skip
_TYPE_NAMES = {
    "string": "a text", "integer": "a whole number", "number": "a number", "boolean": "true or false",
    "array": "a list", "object": "a table of fields",
}  # fmt: skip
SHORT_FORMS: Mapping[str, tuple[str, Callable[[str], object]]] = {
    "agent-gate-expectation": ("ME02", Expectation.parse),
    "agent-gate-rate": ("ME02", Rate.parse),
    "agent-gate-duration": ("ME02", Duration.parse),
    "agent-gate-verifier": ("VE02", Verifier.parse),
    "agent-gate-pattern": ("SP06", checked_pattern),
}
"""The texts with a form of their own: the code of one that cannot be read, and what reads it."""
_OF_ITS_OWN = {("verified_by", "SP02"): "VE01", ("verified_by", "SP04"): "VE01", ("expect", "SP02"): "ME01", ("expect", "SP04"): "ME01", ("threat", "SP02"): "SE01", ("threat", "SP04"): "SE01"}  # fmt: skip
"""What is missing here has a code of its own, because it is what specs are about."""
_SHORT = 200
_RESTS_ON_RISK = frozenset({"SP09", "SP10"})
"""The codes that only follow from a misspelt `risk`, or from a misspelt section."""
ABSENT = frozenset({"SP02", "SP09", "VE01", "ME01", "SE01"})
"""The codes that speak of something that does not stand there."""
_MESSAGES = {
    "VE01": "nothing is named that would show that it holds",
    "ME01": "no measure: nobody could tell whether it holds",
    "SE01": "no threat: who would do what to whom?",
}


@lru_cache(maxsize=1)
def load_schema() -> Schema:
    """The schema of the spec file."""
    schema: Schema = json.loads(SCHEMA_FILE.read_bytes())
    return schema


def format_problems(document: Document) -> list[Remark]:
    """Everything that makes the document no spec, in the order of the file."""
    schema = load_schema()
    found = [*_Evaluation(document, schema).of(document.value, schema, ())]
    misshapen = {remark.where for remark in found}
    meant = {_nearest(name, schema) for name in _strangers(document.value, schema)}
    for problem in whole_spec_problems(document.value):
        follows = problem.code in _RESTS_ON_RISK and bool(meant & {"risk", problem.where[0]})
        if problem.where not in misshapen and not follows:
            place = document.place(problem.where)
            found.append(Remark(problem.code, problem.where, problem.problem, problem.hint, place))
    return sorted(found, key=lambda remark: remark.place)


class _Evaluation:
    """One document against one schema."""

    def __init__(self, document: Document, schema: Schema) -> None:
        self._document = document
        self._definitions: Schema = schema.get("$defs", {})

    def of(self, value: Any, schema: Schema, where: Where) -> Iterator[Remark]:
        """What is wrong with a value; of a value of the wrong type nothing else is said."""
        if "$ref" in schema:
            schema = {**self._definitions[schema["$ref"].removeprefix("#/$defs/")], **schema}
        if value is None and schema.get("nullable"):
            return
        expected = schema.get("type")
        if expected and not _is_a(value, expected):
            yield self._mistyped(value, expected, where, schema)
            return
        for keyword in schema:
            if keyword not in _TOLD_ELSEWHERE and keyword not in {"$ref", "type"}:
                yield from getattr(self, _CHECKS[keyword])(value, schema, where)
        if isinstance(value, dict) and "properties" in schema:
            yield from self._properties(value, schema, where)

    def _mistyped(self, value: Any, expected: str, where: Where, schema: Schema) -> Remark:
        if expected == "array":
            hint = "write each item on a line of its own after '- ', or all of them in [ ]"
        else:
            hint = (_in_quotes(value) if expected == "string" and _takes_any_text(value, schema) else "") or _instance(schema)  # fmt: skip
        return self._remark("SP03", where, f"{_TYPE_NAMES[expected]} is expected here", hint)

    def _choice(self, value: Any, schema: Schema, where: Where) -> Iterator[Remark]:
        choices = schema.get("enum", [schema.get("const")])
        if value not in choices or isinstance(value, bool):
            said = " or ".join(map(str, choices))
            yield self._remark("SP03", where, f"{quoted(str(value))} is none of its words", f"write {said}")

    def _pattern(self, value: Any, schema: Schema, where: Where) -> Iterator[Remark]:
        if isinstance(value, str) and not re.search(schema["pattern"].replace("$", r"\Z"), value):
            message = f"{quoted(value)} is not written as this field wants it"
            yield self._remark("SP03", where, message, _instance(schema))

    def _format(self, value: Any, schema: Schema, where: Where) -> Iterator[Remark]:
        code, parse = SHORT_FORMS[schema["format"]]
        try:
            parse(value)
        except ValueError as error:
            yield self._remark(code, where, str(error), _instance(schema))

    def _length(self, value: Any, schema: Schema, where: Where) -> Iterator[Remark]:
        if len(value.strip() if isinstance(value, str) else value) < schema.get("minLength", schema.get("minItems", 0)):  # fmt: skip
            yield self._remark("SP04", where, "it must not be empty", _instance(schema))

    def _too_long(self, value: Any, schema: Schema, where: Where) -> Iterator[Remark]:
        if len(value) > schema["maxLength"]:
            message = f"longer than {schema['maxLength']} characters"
            yield self._remark("SP03", where, message, "shorten it")

    def _range(self, value: Any, schema: Schema, where: Where) -> Iterator[Remark]:
        low, high = schema.get("minimum"), schema.get("maximum")
        above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
        if (
            (low is not None and value < low)
            or (high is not None and value > high)
            or (above is not None and value <= above)
            or (below is not None and value >= below)
        ):
            yield self._remark("SP03", where, f"{value} is out of range", _instance(schema))

    def _items(self, value: Any, schema: Schema, where: Where) -> Iterator[Remark]:
        for index, item in enumerate(value):
            yield from self.of(item, schema["items"], (*where, index))

    def _required(self, value: Any, schema: Schema, where: Where) -> Iterator[Remark]:
        missing = [name for name in schema["required"] if name not in value]
        meant = {_nearest(stranger, schema) for stranger in _strangers(value, schema)} if missing else set()
        for name in missing:
            if name not in meant:
                hint = _instance(schema["properties"][name], name)
                yield self._remark("SP02", (*where, name), "this field is missing", hint)

    def _additional(self, value: Any, schema: Schema, where: Where) -> Iterator[Remark]:
        rest = schema["additionalProperties"]
        patterns: Schema = schema.get("patternProperties", {})
        for name, item in value.items():
            if name in schema.get("properties", {}):
                continue
            known = next((kind for pattern, kind in patterns.items() if re.search(pattern, name)), rest)
            if known is False and not patterns:
                near = _nearest(name, schema)
                hint = (
                    f"did you mean {near}?" if near else f"its fields are {', '.join(schema['properties'])}"
                )
                yield self._remark("SP01", (*where, name), "there is no such field", hint, key=True)
            elif isinstance(known, dict):
                yield from self.of(item, known, (*where, name))

    def _properties(self, value: dict[str, Any], schema: Schema, where: Where) -> Iterator[Remark]:
        for name, kind in schema["properties"].items():
            if name in value:
                yield from self.of(value[name], kind, (*where, name))

    def _nothing(self, _value: Any, _schema: Schema, _where: Where) -> Iterator[Remark]:
        return iter(())

    def _remark(self, code: str, where: Where, message: str, hint: str, *, key: bool = False) -> Remark:
        leaf = next((part for part in reversed(where) if isinstance(part, str)), "")
        code = _OF_ITS_OWN.get((leaf, code), code) if where and where[-1] == leaf else code
        message = _MESSAGES.get(code, message)
        place = self._document.place(where, key=key)
        return Remark(code, where, visible_line(message), visible_line(hint), place)


_CHECKS: Mapping[str, str] = {
    "enum": "_choice",
    "const": "_choice",
    "pattern": "_pattern",
    "format": "_format",
    "minLength": "_length",
    "minItems": "_length",
    "maxLength": "_too_long",
    "minimum": "_range",
    "exclusiveMinimum": "_range",
    "exclusiveMaximum": "_nothing",
    "items": "_items",
    "required": "_required",
    "additionalProperties": "_additional",
}


def _is_a(value: Any, expected: str) -> bool:
    if isinstance(value, bool):
        return expected == "boolean"
    return isinstance(value, _TYPES[expected])


def _strangers(value: Mapping[str, Any], schema: Schema) -> list[str]:
    if schema.get("additionalProperties") is not False:
        return []
    return [name for name in value if name not in schema["properties"]]


def _nearest(name: str, schema: Schema) -> str:
    """The field that a misspelt name most likely means, or an empty text."""
    from difflib import get_close_matches  # only a file with a mistake pays for it

    return next(iter(get_close_matches(name, schema["properties"], 1)), "")


def _takes_any_text(value: Any, schema: Schema) -> bool:
    """Whether quotes alone would make a text of it that the field takes; `manual: x` is always a text."""
    particular = (
        {"pattern", "enum", "const"} if isinstance(value, dict) else {"pattern", "enum", "const", "format"}
    )
    return not schema.keys() & particular


def _in_quotes(value: Any) -> str:
    """What to write where YAML saw something else than a text; empty where quotes would not help."""
    told = ""
    if isinstance(value, bool | int | float):
        told = json.dumps(value)
    elif isinstance(value, dict) and len(value) == 1:
        ((name, inner),) = value.items()
        told = f"{name}: {inner}" if isinstance(inner, str) and inner else ""
    return f'write it in quotes: "{told}"' if 0 < len(told) <= _SHORT else ""


def _fields(schema: Schema) -> str:
    """What a table holds, for somebody who wrote something else."""
    if schema.get("type") != "object":
        return "agent-gate spec schema describes every field"
    names: Iterable[str] = schema.get("properties", {"name": {}})
    return f"write its fields below it, indented: {', '.join(names)}"


def _instance(schema: Schema, name: str = "") -> str:
    """What to write instead: an example, or where to look."""
    examples: Sequence[Any] = schema.get("examples", ())
    if not examples:
        return _fields(schema)
    example = examples[0]
    told = example if isinstance(example, str) else json.dumps(example, ensure_ascii=False)
    return f"for instance {name}: {told}" if name else f"for instance {told}"
