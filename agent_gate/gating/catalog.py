"""The gates that exist: the built-in ones, and the project's own as the base commit states them."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import TYPE_CHECKING

from pydantic import ValidationError

from agent_gate.domain.gate import STAGES, GateDefinition
from agent_gate.domain.policy import Policy
from agent_gate.errors import PolicyError
from agent_gate.gating.checks import CHECKS
from agent_gate.gating.parsers import PARSERS, check_options, find_parser
from agent_gate.resources import data_directory
from agent_gate.vcs.repo import Repository

if TYPE_CHECKING:
    from agent_gate.domain.spec import Spec

PROJECT_GATES = ".agent-gate/gates"
MUTATION = "mutation"
Catalog = Mapping[str, GateDefinition]


def load_catalog(project: Mapping[str, bytes] | None = None) -> Catalog:
    """All gates by id.

    `project` holds the content of the base commit's `.agent-gate/gates/*.toml` by path. Options of a built-in
    check that a project's gate does not state are those of the built-in gate. Raises
    PolicyError with file and key for a definition that is not valid, or that takes a built-in's id.
    """
    catalog = dict(_built_in())
    own, options = set(catalog), {gate.check: gate.options for gate in catalog.values() if gate.check}
    for name, content in sorted((project or {}).items()):
        definition = _read(name, content)
        if definition.id in own:
            raise PolicyError(
                f"{name}: id: {definition.id!r} is a built-in gate", hint="give the project's gate another id"
            )
        if definition.id in catalog:
            raise PolicyError(f"{name}: id: {definition.id!r} is used twice", hint="gate ids are unique")
        stated = {**options.get(definition.check, {}), **definition.options}
        catalog[definition.id] = definition.model_copy(update={"options": stated})
    return catalog


@cache
def _built_in() -> Catalog:
    definitions = (
        _read(f"gates/{path.name}", path.read_bytes())
        for path in sorted(data_directory("gates").glob("*.toml"))
    )
    return MappingProxyType({definition.id: definition for definition in definitions})


def project_definitions(repository: Repository, base: str) -> dict[str, bytes]:
    """The project's gate files as they stand in the base commit, by path."""
    return {
        path: repository.blob(entry.oid)
        for path, entry in repository.entries(base).items()
        if path.startswith(f"{PROJECT_GATES}/") and path.endswith(".toml") and entry.mode.startswith("100")
    }


def select_gates(
    policy: Policy,
    spec: Spec | None,
    catalog: Catalog,
    paths: Collection[str] | None = None,
    configured: Collection[str] = (),
) -> tuple[GateDefinition, ...]:
    """The gates that run: required and advisory ones, and those that a clause or a zone needs.

    In the order of their stages. `paths` are the changed ones; without them every zone counts as
    entered. `configured` are gates that run whatever the lists say. A test that verifies a clause and that
    the change itself writes has to fall to a mutation, so that gate runs then. A gate that is named and does not
    exist selects nothing here: judging misses its result, and blocks.
    """
    wanted = {*policy.required_gates(paths), *policy.gates.advisory, *configured}
    for clause in spec.clauses if spec else ():
        for verifier in clause.verified_by:
            if verifier.kind == "gate":
                wanted.add(verifier.target)
            wanted.update(gate.id for gate in catalog.values() if verifier.kind in gate.verifies)
            if verifier.kind == "pytest" and (paths is None or verifier.target.partition("::")[0] in paths):
                wanted.add(MUTATION)
    return _ordered(gate for gate in catalog.values() if gate.id in wanted)


def _ordered(gates: Iterable[GateDefinition]) -> tuple[GateDefinition, ...]:
    return tuple(sorted(gates, key=lambda gate: (STAGES.index(gate.stage), gate.id)))


def _read(name: str, content: bytes) -> GateDefinition:
    hint = "compare it with one of the built-in definitions in gates/"
    try:
        data = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PolicyError(f"{name}: {error}", hint=hint) from None
    try:
        definition = GateDefinition.model_validate(data)
    except ValidationError as error:
        first = min(error.errors(), key=lambda each: each["type"] != "extra_forbidden")  # a typo comes first
        key = ".".join(str(part) for part in first["loc"])
        raise PolicyError(f"{name}: {key or 'gate'}: {first['msg']}", hint=hint) from None
    if definition.check and definition.check not in CHECKS:
        raise PolicyError(
            f"{name}: check: there is no check {definition.check!r}", hint=f"known: {', '.join(CHECKS)}"
        )
    if definition.parser:
        _check_parser(name, definition)
    for folder in definition.installed:
        if folder.startswith("/") or ".." in folder.split("/"):
            raise PolicyError(
                f"{name}: installed: {folder!r} is no folder of the checkout",
                hint="write it relative to the root",
            )
    if "/" in definition.tool and not definition.tool.startswith(
        tuple(f"{f}/" for f in definition.installed)
    ):
        raise PolicyError(
            f"{name}: tool: {definition.tool!r} lies in no folder that `installed` names",
            hint="a tool of the tree itself would be the candidate's: name the folder that an installation makes",
        )
    if definition.id != PurePosixPath(name).stem:
        raise PolicyError(
            f"{name}: id: {definition.id!r} is not the file's name", hint="name the file after its gate"
        )
    return definition


def _check_parser(name: str, definition: GateDefinition) -> None:
    if definition.parser not in PARSERS and find_parser(definition.parser) is None:
        raise PolicyError(
            f"{name}: parser: there is no parser {definition.parser!r}",
            hint=f"known: {', '.join(PARSERS)}, and those of installed packages",
        )
    try:
        check_options(definition.parser, definition.parser_options)
    except ValueError as error:
        raise PolicyError(
            f"{name}: parser_options.{error}", hint="docs/gates.md tells each parser's options"
        ) from None
