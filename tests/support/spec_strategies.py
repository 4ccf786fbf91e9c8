"""Specs for property tests: what the JSON Schema allows, and the same with one thing changed."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from agent_gate.domain.spec_rules import ANSWERABLE_SECTIONS, SECTIONS
from agent_gate.spec.grammar import Schema, load_schema

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp")), max_size=12)
PRINTABLE = st.characters(min_codepoint=32, max_codepoint=126)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(-1e9, 1e9) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
"""What may stand where anything may."""
ODD: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 65536, 5432, 5.0, 0.5, "", " ", "5", "50/s", " 50 / s ", "20s", "20", "no", "trivial", "A-1",
    "\u00a0", "a\u3000", " x ", "two\nlines", "CWE-\u0668", "[shop]", "../x", "/x", "manual", "manual: x", "load", "p95 <= 5 ms",
    "status == 503", "FM04", "FM04:FAIL-2", "FM\u0660\u0664", "FM04\n", [], [None], ["load"], [["load"]], {}, {"a": 1}, {"manual": "x"},
)  # fmt: skip
"""Values that a careless reader takes for others."""
TEXTS: Mapping[str, tuple[str, ...]] = {
    "agent-gate-expectation": ("p95 <= 50 ms", "error_rate == 0", "lost == 0", "memory <= base - 5 %", "p95 <= 50", "fast"),
    "agent-gate-rate": ("50/s", "0.5 /s", "50"),
    "agent-gate-duration": ("20s", "500 ms", "20"),
    "agent-gate-verifier": ("load", "load:LOAD-1", "manual: look", "pytest:tests/t.py::test", "ruff:S608", "pytest", "hope"),
    "agent-gate-pattern": ("shop/**", "*.py", "tests/", "/etc", "!x"),
}  # fmt: skip
"""Of each short form, some that can be read and some that cannot."""


def specs() -> st.SearchStrategy[dict[str, Any]]:
    """Plain data in the shape of a spec; most of it is one, if nothing else is wrong with it."""
    schema = load_schema()
    return instances(schema, schema).map(_made_whole)


def _made_whole(data: dict[str, Any]) -> dict[str, Any]:
    """With ids of its own for each clause, and every section answered."""
    clauses = [clause for name in SECTIONS for clause in data.get(name, ())]
    for number, clause in enumerate(clauses, start=1):
        clause["id"] = f"{clause['id'][:30]}-{number}"
        if clause.get("rate"):
            clause.pop("simultaneous", None)
    waved = {key: reason for key, reason in data.get("not_applicable", {}).items() if not data.get(key)}
    if data.get("risk") == "critical":
        data["risk"] = (
            "trivial"
            if set(ANSWERABLE_SECTIONS) - {name for name in SECTIONS if data.get(name)}
            else "critical"
        )
    if data.get("risk", "standard") == "standard":
        waved |= {name: "none" for name in ANSWERABLE_SECTIONS if not data.get(name)}
    return {**data, "not_applicable": waved}


def changed_specs() -> st.SearchStrategy[dict[str, Any]]:
    """The same, after one to three changes somewhere in it."""
    return specs().flatmap(
        lambda data: st.lists(st.randoms(use_true_random=False), min_size=1, max_size=3).map(
            lambda dice: _all_changed(data, dice)
        )
    )


def instances(schema: Schema, root: Schema) -> st.SearchStrategy[Any]:
    """Values that the schema describes, a wrong short form now and then."""
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    made = _instances(schema, root)
    return st.none() | made if schema.get("nullable") else made


def _instances(schema: Schema, root: Schema) -> st.SearchStrategy[Any]:
    if "const" in schema or "enum" in schema:
        return st.sampled_from(schema.get("enum", [schema.get("const")]))
    match schema.get("type"):
        case "string":
            return _texts(schema)
        case "integer":
            return st.integers(schema.get("minimum", 1), schema.get("exclusiveMaximum", 10**9) - 1)
        case "array":
            return st.lists(instances(schema["items"], root), min_size=schema.get("minItems", 0), max_size=2)
        case "object":
            return _tables(schema, root)
    return PLAIN


def _texts(schema: Schema) -> st.SearchStrategy[str]:
    if "format" in schema:
        good = st.sampled_from(TEXTS[schema["format"]][:3])
        return st.one_of(good, good, good, good, good, good, st.sampled_from(TEXTS[schema["format"]]))
    if "pattern" in schema:
        return st.from_regex(schema["pattern"].replace("$", r"\Z"), alphabet=PRINTABLE)
    return WORDS.map(lambda text: f"x{text}") if schema.get("minLength") else WORDS


def _tables(schema: Schema, root: Schema) -> st.SearchStrategy[dict[str, Any]]:
    named = {name: instances(kind, root) for name, kind in schema.get("properties", {}).items()}
    if not named:
        rest = schema["additionalProperties"]
        return st.dictionaries(WORDS, instances(rest, root) if isinstance(rest, dict) else PLAIN, max_size=2)
    required = schema.get("required", ())
    table = st.fixed_dictionaries(
        {name: named[name] for name in required},
        optional={name: kind for name, kind in named.items() if name not in required},
    )
    if "patternProperties" not in schema:
        return table
    keys = st.from_regex(next(iter(schema["patternProperties"])).replace("$", r"\Z"))
    return st.builds(
        dict.__or__, table, st.dictionaries(keys, WORDS.map(lambda text: f"x{text}"), max_size=1)
    )


def _all_changed(data: dict[str, Any], dice: list[Any]) -> dict[str, Any]:
    result = copy.deepcopy(data)
    for die in dice:
        _change(result, die)
    return result


def _change(data: dict[str, Any], die: Any) -> None:
    """Drops, adds, retypes, misspells or doubles one thing."""
    holder = die.choice([place for place in _holders(data) if place] or [data])
    if isinstance(holder, list):
        index = die.randrange(len(holder))
        match die.randrange(3):
            case 0:
                del holder[index]
            case 1:
                holder[index] = copy.deepcopy(die.choice(ODD))
            case _:
                holder.append(copy.deepcopy(holder[index]))
        return
    name = die.choice(sorted(holder))
    match die.randrange(4):
        case 0:
            del holder[name]
        case 1:
            holder[name] = copy.deepcopy(die.choice(ODD))
        case 2:
            holder[f"{name}s"] = holder.pop(name)
        case _:
            holder[str(die.choice(ODD))] = copy.deepcopy(die.choice(ODD))


def _holders(node: Any) -> list[Any]:
    inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    found = [node] if isinstance(node, dict | list) else []
    return [*found, *(holder for item in inner for holder in _holders(item))]


def as_yaml(data: Mapping[str, Any]) -> bytes:
    """The data as a YAML file, each value on a line of its own."""
    return json.dumps(data, indent=1, ensure_ascii=False).encode()
