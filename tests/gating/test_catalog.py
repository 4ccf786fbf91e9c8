from __future__ import annotations

import pytest

from agent_gate.domain.policy import GatesPolicy, Policy
from agent_gate.domain.spec import Spec
from agent_gate.errors import PolicyError
from agent_gate.gating.catalog import load_catalog, select_gates

OWN = b"""
schema = "agent-gate/gate/v1"
id = "types"
title = "Types"
scope = ["*.py"]
tool = "ruff"
argv = ["{tool}", "check"]
parser = "ruff-json"
canary = { files = { "canary.py" = "undefined" } }
"""
PLACE = ".agent-gate/gates/types.toml"


def test_the_built_in_gates_are_data() -> None:
    catalog = load_catalog()
    assert {"scope", "ruff", "bandit", "tests"} <= set(catalog)
    assert catalog["tests"].executes
    assert not catalog["ruff"].executes


def test_a_project_adds_its_own() -> None:
    assert load_catalog({PLACE: OWN})["types"].title == "Types"


def test_options_that_it_does_not_state_are_those_of_the_built_in_gate() -> None:
    own = b'schema = "agent-gate/gate/v1"\nid = "small"\ntitle = "Small"\ncheck = "scope"\n'
    canary = b'canary = { files = { "a.pyc" = "" } }\n[options]\nlines = 5\n'
    options = load_catalog({".agent-gate/gates/small.toml": own + canary})["small"].options
    assert options == {**load_catalog()["scope"].options, "lines": 5}
    assert len(options) > 1


@pytest.mark.parametrize(
    ("path", "old", "new", "told"),
    [
        (PLACE, b'title = "Types"', b'titel = "Types"', "titel"),
        (PLACE, b'id = "types"', b'id = "Types!"', "id"),
        (PLACE, b'id = "types"', b'id = "other"', "not the file's name"),
        (PLACE, b'parser = "ruff-json"', b'parser = "guess"', "there is no parser 'guess'"),
        (PLACE, b'tool = "ruff"', b'check = "nothing"', "there is no check 'nothing'"),
        (PLACE, b'tool = "ruff"', b"", "either a tool"),
        (PLACE, b"canary =", b"canary_in_run = true #", "a tool needs a canary"),
        (PLACE, b"canary =", b"#", "a gate needs a canary"),
        (PLACE, b'title = "Types"', b'title = "Types', ".agent-gate/gates/types.toml: "),
        (".agent-gate/gates/ruff.toml", b'id = "types"', b'id = "ruff"', "is a built-in gate"),
    ],
)
def test_a_wrong_definition_is_named_with_file_and_key(path: str, old: bytes, new: bytes, told: str) -> None:
    with pytest.raises(PolicyError) as caught:
        load_catalog({path: OWN.replace(old, new)})
    assert path in caught.value.message
    assert told in caught.value.message
    assert caught.value.hint


def spec(verifier: str) -> Spec:
    return Spec.model_validate({
        "schema": "agent-gate/spec/v1", "id": "a", "title": "a", "goal": "a", "risk": "trivial",
        "paths": {"allow": ["*"]}, "acceptance": [{"id": "ACC-1", "statement": "s", "verified_by": [verifier]}],
    })  # fmt: skip


@pytest.mark.parametrize(
    ("verifier", "more"),
    [
        ("manual: look", []),
        ("bandit:B608", ["bandit"]),
        ("gate:types", ["types"]),
        ("pytest:t.py::a", ["tests", "mutation"]),
    ],
)
def test_required_advisory_and_needed_gates_run_in_order(verifier: str, more: list[str]) -> None:
    policy = Policy(gates=GatesPolicy(required=("ruff",), advisory=("scope", "coverage")))
    chosen = [gate.id for gate in select_gates(policy, spec(verifier), load_catalog({PLACE: OWN}))]
    later = [gate for gate in ("coverage", "tests", "mutation") if gate in {"coverage", *more}]
    assert chosen == [*sorted({"ruff", "scope", *more} - {*later}), *later]


@pytest.mark.parametrize(("changed", "more"), [("t.py", ["mutation"]), ("source.py", [])])
def test_mutation_runs_for_a_clause_whose_test_the_change_writes(changed: str, more: list[str]) -> None:
    policy = Policy(gates=GatesPolicy(required=("scope",), advisory=()))
    chosen = select_gates(policy, spec("pytest:t.py::a"), load_catalog(), [changed])
    assert [gate.id for gate in chosen] == ["scope", "tests", *more]
