"""The JSON Schema of the spec file, as an editor with a YAML language server reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent_gate.domain.spec import Spec
from agent_gate.domain.spec_rules import ANSWERABLE_SECTIONS, QUESTION_KEY

SCHEMA_URI = "https://json-schema.org/draft/2020-12/schema"
_IDS: Mapping[str, str] = {
    "LoadClause": "LOAD-1", "LatencyClause": "LAT-1", "FailureModeClause": "FAIL-1", "SecurityClause": "SEC-1",
    "StatementClause": "ACC-1",
}  # fmt: skip
_INLINE = frozenset({"Paths", "Request", "SeededData", "Fault"})
"""They stand in one place each, and are written there: language servers lose a `$ref` inside a `$ref`."""
_LAST = ("expect", "verified_by")
"""The fields that end a clause where people write one."""


def spec_schema() -> dict[str, Any]:
    """JSON Schema 2020-12. The short forms are texts in the file, whatever they become afterwards.

    A field that may be null, which says as much as leaving it out, is marked `nullable`: an editor that
    knows of no null offers none, and asks for the value that is still missing.
    """
    made = Spec.model_json_schema(by_alias=True)
    schema = _readable(made, made["$defs"])
    schema["$defs"] = {name: kind for name, kind in schema["$defs"].items() if name not in _INLINE}
    waved = schema["properties"]["not_applicable"]
    reason = waved.pop("additionalProperties") | {
        "description": "The reason why nobody has to think of it here.",
        "examples": ["a nightly job; nobody waits for it"],
    }
    waved["properties"] = dict.fromkeys(ANSWERABLE_SECTIONS, reason)
    waved["patternProperties"] = {f"^{QUESTION_KEY.pattern}$": reason}
    waved["additionalProperties"] = False
    for name, example in _IDS.items():
        clause = schema["$defs"][name]
        clause["properties"]["id"]["examples"] = [example]
        clause["properties"] = _in_order(clause["properties"])
        clause["required"] = [field for field in clause["properties"] if field in clause["required"]]
    return {"$schema": SCHEMA_URI, **schema, "title": "agent-gate spec"}


def _in_order(properties: Mapping[str, Any]) -> dict[str, Any]:
    first = {name: kind for name, kind in properties.items() if name not in _LAST}
    return {**first, **{name: properties[name] for name in _LAST}}


def _readable(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Without what an editor would show to nobody's good.

    That is the titles that pydantic makes of the names, the defaults that say nothing (an editor writes
    them out: `load: []`), and the choice between a value and null.
    """
    result = {
        keyword: _part(keyword, value, definitions)
        for keyword, value in schema.items()
        if keyword != "title" and (keyword != "default" or value)
    }
    if kinds := result.pop("anyOf", None):
        (kind,) = (kind for kind in kinds if kind.get("type") != "null")
        result = {**kind, **result, "nullable": True}
    name = result.get("$ref", "").removeprefix("#/$defs/")
    if name in _INLINE:
        del result["$ref"]
        return {"title": name, **_readable(definitions[name], definitions), **result}
    return result


def _part(keyword: str, value: Any, definitions: Mapping[str, Any]) -> Any:
    """What stands under one keyword: schemas by name, a list of them, one, or a plain value."""
    if keyword in {"properties", "patternProperties", "$defs"}:
        return {name: _readable(kind, definitions) for name, kind in value.items()}
    if keyword == "anyOf":
        return [_readable(kind, definitions) for kind in value]
    if keyword in {"items", "additionalProperties"} and isinstance(value, dict):
        return _readable(value, definitions)
    return value
