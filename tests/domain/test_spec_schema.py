"""The schema that editors get. That the shipped file is this one is told in tests/spec/test_grammar.py."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from agent_gate.domain.hazard import STRIDE
from agent_gate.domain.measure import METRICS, Expectation
from agent_gate.domain.spec_schema import SCHEMA_URI, spec_schema
from agent_gate.domain.verifier import VERIFIERS_WITH_OPTIONAL_TARGET, VERIFIERS_WITH_TARGET, Verifier
from agent_gate.spec.grammar import SHORT_FORMS

SCHEMA = spec_schema()
SECTIONS = ("load", "latency", "failure_modes", "security", "acceptance", "operations", "approach")


def fields(node: Mapping[str, Any], way: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every property of every table, by the way to it."""
    for name, kind in node.get("properties", {}).items():
        yield f"{way}.{name}".lstrip("."), kind
        yield from fields(kind, f"{way}.{name}")
    for keyword in ("items", "additionalProperties"):
        if isinstance(kind := node.get(keyword), dict):
            yield from fields(kind, f"{way}[]")
    for name, kind in node.get("$defs", {}).items():
        yield from fields(kind, name)


def schemas(node: Any) -> Iterator[Mapping[str, Any]]:
    """Every schema in it that has a type."""
    if isinstance(node, dict):
        if isinstance(node.get("type"), str):
            yield node
        for keyword, inner in node.items():
            if keyword != "examples":
                yield from schemas(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from schemas(inner)


FIELDS = dict(fields(SCHEMA))


def test_it_is_a_json_schema_of_2020() -> None:
    assert SCHEMA["$schema"] == SCHEMA_URI
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_every_field_at_every_level_is_described() -> None:
    assert len(FIELDS) > 60
    assert [way for way, kind in FIELDS.items() if not kind.get("description", "").endswith(".")] == []


def test_every_text_and_number_has_an_example_or_its_words() -> None:
    free = {"Service.env[]", "LoadClause.request.body"}
    bare = [
        way
        for way, kind in FIELDS.items()
        if kind.get("type") in {"string", "integer"} and not kind.keys() & {"examples", "enum", "const"}
    ]
    assert set(bare) <= free


def test_every_example_is_what_the_field_takes() -> None:
    for kind in schemas(SCHEMA):
        check = jsonschema.Draft202012Validator({**kind, "$defs": SCHEMA["$defs"]})
        for example in kind.get("examples", ()):
            check.validate(example)


def test_every_short_form_has_examples_and_they_can_be_read() -> None:
    found = {kind["format"]: kind for kind in schemas(SCHEMA) if "format" in kind}
    assert found.keys() == SHORT_FORMS.keys()
    for name, kind in found.items():
        assert kind["examples"]
        for example in kind["examples"]:
            SHORT_FORMS[name][1](example)


def test_the_examples_show_every_kind_of_verifier_and_measure() -> None:
    found = {kind["format"]: kind for kind in schemas(SCHEMA) if "format" in kind}
    verifiers = {Verifier.parse(example).kind for example in found["agent-gate-verifier"]["examples"]}
    assert verifiers == {*VERIFIERS_WITH_TARGET, *VERIFIERS_WITH_OPTIONAL_TARGET}
    expectation = found["agent-gate-expectation"]
    assert all(metric in expectation["description"] for metric in METRICS)
    units = {e.limit.unit for e in map(Expectation.parse, expectation["examples"]) if e.limit}
    assert units == {"ms", "s", "%", "/s", "MB", ""}


@pytest.mark.parametrize("section", SECTIONS)
def test_a_clause_is_offered_in_the_order_in_which_people_write_it(section: str) -> None:
    name = SCHEMA["properties"][section]["items"]["$ref"].removeprefix("#/$defs/")
    names = list(SCHEMA["$defs"][name]["properties"])
    assert (names[0], names[-2:]) == ("id", ["expect", "verified_by"])
    assert SCHEMA["$defs"][name]["required"] == [n for n in names if n in SCHEMA["$defs"][name]["required"]]


def test_words_of_a_list_are_explained_one_by_one() -> None:
    stride = FIELDS["SecurityClause.stride"]["items"]
    assert dict(zip(stride["enum"], stride["enumDescriptions"], strict=True)) == STRIDE
    risk = SCHEMA["properties"]["risk"]
    assert len(risk["enum"]) == len(risk["enumDescriptions"]) == 3


def test_no_editor_is_led_to_write_null_or_an_empty_list() -> None:
    for kind in schemas(SCHEMA):
        assert "anyOf" not in kind
        assert kind.get("default", "something")


def test_a_section_is_waived_with_a_reason_and_a_question_by_its_code() -> None:
    waved = SCHEMA["properties"]["not_applicable"]
    assert set(waved["properties"]) == {"load", "latency", "failure_modes", "security"}
    for data, good in (
        ({"load": "x"}, True), ({"FM04": "x"}, True), ({"FM04:FAIL-2": "x"}, True), ({"load": ""}, False),
        ({"goal": "x"}, False), ({"fm04": "x"}, False), ({"FM04:": "x"}, False),
    ):  # fmt: skip
        assert jsonschema.Draft202012Validator(waved).is_valid(data) == good
