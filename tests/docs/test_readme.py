"""The README's tables, and what it says is not there, against the code."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from agent_gate.domain.policy import GateOptions, Policy, Zone
from agent_gate.domain.verifier import VERIFIERS_WITH_OPTIONAL_TARGET, VERIFIERS_WITH_TARGET
from agent_gate.errors import ExitCode
from agent_gate.gating.catalog import load_catalog

PACKAGE = Path(__file__).resolve().parents[2] / "agent_gate"


def rows(section: str) -> list[list[str]]:
    """The cells of a table's rows, without its head."""
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def keys_of(model: type[BaseModel], prefix: str) -> dict[str, Any]:
    """The keys that a file may set below a table, with their defaults."""
    return {f"{prefix}{name}": field.default for name, field in model.model_fields.items()}


def policy_keys() -> dict[str, Any]:
    """Every key under the name that the file uses; a required one has no default here."""
    found: dict[str, Any] = {}
    for name, value in Policy():
        if isinstance(value, BaseModel):
            found |= keys_of(type(value), f"{name}.")
        elif name != "zones":
            found[name] = value
    del found["gates.options"]
    return found | keys_of(GateOptions, "gates.<id>.") | keys_of(Zone, "zone.")


def plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    return list(value) if isinstance(value, tuple) else value


def read_as(key: str) -> str:
    """How the code reads a key: `policy.services`, `.default` for `model.default`."""
    table, _, name = key.partition(".")
    return f"policy.{table}" if table in {"services", "proposer"} else f".{name.rpartition('.')[2]}"


def test_exit_codes(readme: Mapping[str, str]) -> None:
    listed = [int(row[0]) for row in rows(readme["Exit codes"])]
    assert listed == [int(code) for code in ExitCode]


def test_every_policy_key_stands_with_its_default(readme: Mapping[str, str]) -> None:
    listed = {row[0].strip("`"): row[1] for row in rows(readme["Policy"])}
    defaults = policy_keys()
    assert set(listed) == set(defaults)
    stated = {key: text.strip("`") for key, text in listed.items() if re.fullmatch(r"`[^`]+`", text)}
    assert {key: tomllib.loads(f"value = {text}")["value"] for key, text in stated.items()} == {
        key: plain(defaults[key]) for key in stated
    }
    assert len(stated) > len(listed) / 2


def test_a_default_of_one_gate_is_what_its_definition_says(readme: Mapping[str, str]) -> None:
    catalog = load_catalog()
    stated = {}
    for key, default, _ in rows(readme["Policy"]):
        if found := re.fullmatch(r"(\w+): `([^`]+)`", default):
            stated[found[1], key.strip("`").rpartition(".")[2]] = tomllib.loads(f"value = {found[2]}")[
                "value"
            ]
    assert len(stated) > 2
    for (gate, key), value in stated.items():
        assert value == catalog[gate].options.get(key, getattr(catalog[gate], key, None)), (gate, key)
    share = re.search(r"less than (\d+) % of the changed lines", readme["Gates"])
    assert share
    assert int(share[1]) == catalog["coverage"].options["changed_lines"]


def test_the_cache_folder_holds_what_is_told(readme: Mapping[str, str]) -> None:
    told = set(re.findall(r"`(\w+)/` (?:in the cache folder|there)", readme["Where things are kept"]))
    source = "\n".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py"))
    assert told == set(
        re.findall(r"""(?:cache_directory\(\)|cache\.folder|self\.folder) / "(\w+)\"""", source)
    )


def test_keys_without_effect_are_told_and_the_others_are_read(readme: Mapping[str, str]) -> None:
    unused = {row[0].strip("`") for row in rows(readme["Policy"]) if row[2] == "not used yet"}
    source = "\n".join(
        path.read_text(encoding="utf-8")
        for path in PACKAGE.rglob("*.py")
        if path != PACKAGE / "domain" / "policy.py"
    )
    nowhere = {key for key in policy_keys() if not re.search(rf"{re.escape(read_as(key))}\b", source)}
    assert unused == nowhere


def test_what_is_not_built_is_told(readme: Mapping[str, str]) -> None:
    sentence = next(
        line for line in readme["Limits of this version"].splitlines() if "Not built yet" in line
    ).partition(". ")[0]
    gates, verifiers = (set(re.findall(r"`([^`]+)`", part)) for part in sentence.split("verifiers"))
    catalog = load_catalog()
    policy = Policy().gates
    assert gates == {*policy.required, *policy.advisory} - set(catalog)
    answered = {kind for gate in catalog.values() for kind in gate.verifies} | {"gate", "manual"}
    assert verifiers == {*VERIFIERS_WITH_TARGET, *VERIFIERS_WITH_OPTIONAL_TARGET} - answered


def test_every_built_in_gate_has_a_line(readme: Mapping[str, str]) -> None:
    assert {row[0].strip("`") for row in rows(readme["Gates"])} == set(load_catalog())
