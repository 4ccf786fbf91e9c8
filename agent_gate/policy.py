"""Reads the policy from the base commit: `agent-gate.toml`, or `[tool.agent-gate]` in pyproject.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from agent_gate.domain.policy import GatesPolicy, Policy
from agent_gate.errors import PolicyError

POLICY_FILE = "agent-gate.toml"
ReadBase = Callable[[str], tuple[str, bytes] | None]
"""From a path to (blob id, content) in the base commit, or None."""

GATE_GROUPS = {"types": ("mypy", "pyright")}
"""One name for several gates, of which each looks only where the base configures its tool."""

_TABLE = ("tool", "agent-gate")


@dataclass(frozen=True)
class PolicySource:
    """The policy as the base states it, and the blob that states it."""

    policy: Policy
    blob: str = ""


def load_policy(read: ReadBase, known_gates: Collection[str], defaults: Policy | None = None) -> PolicySource:
    """The policy that the base sets.

    Keys that the base does not set come from `defaults`. A default list of gates leaves out what is
    not built (`known_gates`); a gate that the base names itself must exist. Raises PolicyError.
    """
    defaults = defaults or _built_defaults(known_gates)
    for path, table in ((POLICY_FILE, ()), ("pyproject.toml", _TABLE)):
        found = read(path)
        if found is None:
            continue
        blob, content = found
        stated = _table(path, content, table)
        if stated is None:
            continue
        stated = _with_members(stated)
        policy = _merge(path, stated, defaults)
        for field, gate in _named_gates(stated):
            if gate not in known_gates:
                raise PolicyError(
                    f"{path}: {field}: there is no gate {gate!r}",
                    hint="agent-gate gates lists them; project gates stand in .agent-gate/gates/",
                )
        return PolicySource(policy, blob)
    return PolicySource(defaults)


def _built_defaults(known_gates: Collection[str]) -> Policy:
    gates = GatesPolicy()
    return Policy(
        gates=gates.model_copy(
            update={
                "required": tuple(g for g in gates.required if g in known_gates),
                "advisory": tuple(g for g in gates.advisory if g in known_gates),
            }
        )
    )


def _table(path: str, content: bytes, keys: tuple[str, ...]) -> dict[str, Any] | None:
    if keys and keys[-1].encode() not in content:
        return None  # pyproject.toml belongs to others too; they complain about their part themselves
    try:
        data: Any = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PolicyError(f"{path}: {error}", hint="mend the file on the base branch") from None
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    if data is not None and not isinstance(data, dict):
        raise PolicyError(f"{path}: {'.'.join(keys)}: must be a table", hint=f"write [{'.'.join(keys)}]")
    return data


def _with_members(stated: dict[str, Any]) -> dict[str, Any]:
    """The same, with the members of a group of gates in the group's place."""

    def listed(gates: Any) -> Any:
        if not isinstance(gates, list):
            return gates  # an error that is told where the values are read
        return [member for gate in gates for member in GATE_GROUPS.get(gate, (gate,))]

    gates, zones = stated.get("gates"), stated.get("zone")
    changed = dict(stated)
    if isinstance(gates, dict):
        single = {name: listed(value) for name, value in gates.items() if name not in GATE_GROUPS}
        of_groups = {m: value for name, value in gates.items() for m in GATE_GROUPS.get(name, ())}
        changed["gates"] = {**of_groups, **single}
    if isinstance(zones, list):
        changed["zone"] = [
            {**zone, "gates": listed(zone["gates"])} if isinstance(zone, dict) and "gates" in zone else zone
            for zone in zones
        ]
    return changed


def _named_gates(stated: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The gates that the file itself names, each with the field that names it."""
    for key, value in stated.get("gates", {}).items():
        if isinstance(value, dict):
            yield f"gates.{key}", key
        else:
            yield from ((f"gates.{key}", gate) for gate in value)
    for index, zone in enumerate(stated.get("zone", [])):
        yield from ((f"zone.{index}.gates", gate) for gate in zone.get("gates", []))


def _merge(path: str, stated: dict[str, Any], defaults: Policy) -> Policy:
    renamed = {"zones" if key == "zone" else key: value for key, value in stated.items()}
    if "zones" in stated:
        raise PolicyError(f"{path}: zones: there is no such key", hint="write each zone as [[zone]]")
    gates = renamed.get("gates")
    if isinstance(gates, dict):
        options = {name: value for name, value in gates.items() if isinstance(value, dict)}
        lists = {name: value for name, value in gates.items() if name not in options}
        renamed["gates"] = {**lists, **({"options": options} if options else {})}
    try:
        return Policy.model_validate(_overlay(defaults.model_dump(), renamed))
    except ValidationError as error:
        first = error.errors()[0]
        unknown = first["type"] == "extra_forbidden"
        message = "there is no such key" if unknown else first["msg"].removeprefix("Value error, ")
        raise PolicyError(
            f"{path}: {_field(first['loc'])}: {message}",
            hint="look for a typing error: every key is listed under Policy in the README"
            if unknown
            else "mend it on the base branch; every key and what it takes is listed under Policy in the README",
        ) from None


def _field(where: tuple[str | int, ...]) -> str:
    """The field under the name that the file uses."""
    names = [str(part) for part in where]
    if names[:2] == ["gates", "options"]:
        del names[1]
    if names[:1] == ["zones"]:
        names[0] = "zone"
    return ".".join(names)


def _overlay(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        merged[key] = _overlay(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return merged
