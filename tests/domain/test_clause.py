from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from spec_strategies import changed_specs, specs
from values import spec_data

from agent_gate.domain.clause import Clause, Scenario, StatementClause
from agent_gate.domain.hazard import STRIDE, FailureModeClause, SecurityClause
from agent_gate.domain.performance import LatencyClause, LoadClause
from agent_gate.domain.spec import Spec

LOAD: dict[str, Any] = {
    "id": "LOAD-1",
    "stimulus": "50 orders a second",
    "request": {"service": "shop", "method": "POST", "path": "/orders", "json": {"sku": "a1"}},
    "rate": "50/s",
    "for": "20s",
    "data": {"seed": "python seed.py", "rows": 100},
    "expect": ["error_rate <= 0.1 %"],
    "verified_by": ["load"],
}
FAIL: dict[str, Any] = {
    "id": "FAIL-1",
    "cause": "the database stops",
    "response": "503 within 1 s",
    "effect": "no orders",
    "detection": "a counter",
    "recovery": "2 s",
    "fault": {"kind": "blackhole", "target": "db", "after": "5s", "for": "5s", "expect": ["status == 503"]},
    "expect": ["lost == 0"],
    "verified_by": ["fault"],
}
SEC: dict[str, Any] = {
    "id": "SEC-1",
    "threat": "SQL injection",
    "response": "bound parameters",
    "stride": ["T", "I"],
    "cwe": ["CWE-89"],
    "asvs": ["v5.0.0-1.2.4"],
    "verified_by": ["bandit:B608"],
}
SCENARIOS: list[tuple[Clause, Scenario]] = [
    (
        LoadClause.model_validate(LOAD),
        Scenario(
            stimulus="50 orders a second",
            environment="50/s for 20s with 100 records",
            artifact="POST /orders of shop",
            response="it is served",
            measure="error_rate <= 0.1 %",
        ),
    ),
    (
        LatencyClause(id="LAT-1", stimulus="an order", expect=["p95<=50ms"], verified_by=["load:LOAD-1"]),
        Scenario(
            stimulus="an order",
            environment="under LOAD-1",
            response="it is answered",
            measure="p95 <= 50 ms",
        ),
    ),
    (
        FailureModeClause.model_validate(FAIL),
        Scenario(
            stimulus="the database stops",
            environment="blackhole db after 5s for 5s",
            artifact="db",
            response="503 within 1 s",
            measure="lost == 0, status == 503",
        ),
    ),
    (
        SecurityClause.model_validate(SEC),
        Scenario(
            source="an attacker",
            stimulus="SQL injection",
            environment="tampering, information disclosure",
            response="bound parameters",
        ),
    ),
    (
        StatementClause(id="ACC-1", statement="stored once", verified_by=["load"], expect=["distinct(id) == 1"]),
        Scenario(response="stored once", measure="distinct(id) == 1"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("clause", "scenario"), SCENARIOS, ids=[type(c).__name__ for c, _ in SCENARIOS])
def test_each_kind_of_clause_is_a_scenario_in_six_parts(clause: Clause, scenario: Scenario) -> None:
    assert clause.scenario == scenario
    assert clause.scenario.response
    assert len(clause.sentence.splitlines()) == 1


def test_every_kind_of_clause_is_tried_here() -> None:
    assert {type(clause) for clause, _ in SCENARIOS} == set(Clause.__subclasses__())


def test_a_part_that_the_spec_does_not_say_is_empty() -> None:
    bare = {name: LOAD[name] for name in ("id", "stimulus", "expect", "verified_by")}
    told = LoadClause.model_validate(bare).scenario
    assert (told.source, told.environment, told.artifact) == ("", "", "")
    at_once = LoadClause.model_validate({**bare, "simultaneous": 50}).scenario
    assert at_once.environment == "50 at once"


def test_the_letters_of_stride_are_six() -> None:
    assert "".join(STRIDE) == "STRIDE"
    assert SecurityClause.model_validate({**SEC, "stride": list(STRIDE)}).stride == tuple(STRIDE)


@pytest.mark.parametrize("number", [5.0, "5", True, 0, -1, 0.5])
def test_a_number_of_requests_is_a_whole_number(number: object) -> None:
    bare = {name: value for name, value in LOAD.items() if name != "rate"}
    with pytest.raises(ValidationError):
        LoadClause.model_validate({**bare, "simultaneous": number})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("cwe", ["89"]),
        ("cwe", ["cwe-89"]),
        ("cwe", ["CWE-٨٩"]),
        ("cwe", ["CWE-89\n"]),
        ("asvs", ["1.2.4"]),
        ("asvs", ["v5-"]),
        ("stride", ["X"]),
        ("stride", "T"),
    ],
)
def test_ids_of_others_are_written_as_they_write_them(field: str, value: object) -> None:
    with pytest.raises(ValidationError):
        SecurityClause.model_validate({**SEC, field: value})


WHOLE = spec_data(
    risk="standard",
    load=[LOAD],
    failure_modes=[FAIL],
    security=[SEC],
    not_applicable={"latency": "a nightly job"},
)


def digests(data: dict[str, Any]) -> dict[str, str]:
    """The digest of each clause, by id."""
    return {clause.id: clause.digest for clause in Spec.model_validate(data).clauses}


def leaves(node: Any, where: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The ways to all texts and numbers."""
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else None
    return [where] if inner is None else [way for key, item in inner for way in leaves(item, (*where, key))]


CHANGES: dict[str, Any] = {
    "rate": "51/s", "for": "21s", "after": "6s", "method": "PUT", "path": "/other", "rows": 101,
    "expect": "lost <= 7", "verified_by": "gate:tests", "stride": "E", "cwe": "CWE-1", "asvs": "v5.0.0-1.2.5",
}  # fmt: skip


@pytest.mark.parametrize("section", ["load", "failure_modes", "security", "acceptance"])
def test_a_change_of_any_field_changes_the_digest_of_its_clause_and_of_no_other(section: str) -> None:
    before = digests(WHOLE)
    name = WHOLE[section][0]["id"]
    for way in leaves(WHOLE[section][0]):
        if way == ("id",):
            continue
        data = copy.deepcopy(WHOLE)
        holder = data[section][0]
        for key in way[:-1]:
            holder = holder[key]
        field = next(key for key in reversed(way) if isinstance(key, str))
        holder[way[-1]] = CHANGES.get(field, "other words")
        after = digests(data)
        assert {key for key in after if after[key] != before[key]} == {name}, way


def reversed_keys(node: Any) -> Any:
    """The same data, its keys in the other order."""
    if isinstance(node, dict):
        return {key: reversed_keys(node[key]) for key in reversed(node)}
    return [reversed_keys(item) for item in node] if isinstance(node, list) else node


def test_the_order_of_keys_and_a_default_written_out_change_no_digest() -> None:
    before = Spec.model_validate(WHOLE)
    assert Spec.model_validate(reversed_keys(WHOLE)).digest == before.digest
    data = copy.deepcopy(WHOLE)
    data["acceptance"][0]["expect"] = []
    data["load"][0]["simultaneous"] = None
    data["load"][0]["request"]["headers"] = {}
    data["paths"]["deny"] = []
    data["context"] = []
    assert digests(data) == digests(WHOLE)
    assert Spec.model_validate(data).digest == before.digest


def test_short_forms_that_say_the_same_have_one_digest() -> None:
    data = copy.deepcopy(WHOLE)
    data["load"][0] |= {"rate": " 50.0 / s", "for": "20 s", "expect": ["error_rate<=0.10%"]}
    data["security"][0]["verified_by"] = [" bandit : B608 "]
    assert digests(data) == digests(WHOLE)
    data["load"][0]["for"] = "20000ms"
    assert digests(data)["LOAD-1"] != digests(WHOLE)["LOAD-1"]


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(specs() | changed_specs(), st.booleans())
def test_every_spec_keeps_its_value_and_digests_through_json(data: dict[str, Any], turned: bool) -> None:
    try:
        spec = Spec.model_validate(data)
    except ValidationError:
        assume(False)
        raise
    dumped = spec.model_dump(mode="json", by_alias=True)
    again = Spec.model_validate(reversed_keys(dumped) if turned else dumped)
    assert (again, again.digest) == (spec, spec.digest)
    assert [c.digest for c in again.clauses] == [c.digest for c in spec.clauses]
    assert Spec.model_validate_json(spec.canonical()) == spec
