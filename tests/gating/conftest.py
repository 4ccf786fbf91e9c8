"""A whole check in one call: a real repository, a change on it, the real tools, the real sandbox."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from benches import Bench, MakeBench
from sandboxes import sandbox_or_skip

from agent_gate.domain.gate import GateDefinition
from agent_gate.domain.policy import Policy
from agent_gate.domain.spec import Spec
from agent_gate.gating.cache import Cache
from agent_gate.gating.canary import canary_result
from agent_gate.gating.catalog import load_catalog, project_definitions
from agent_gate.gating.environment import Environment, describe
from agent_gate.gating.request import CheckRequest
from agent_gate.gating.tools import tool_version
from agent_gate.gating.workplace import open_workplace
from agent_gate.sandbox.base import Sandbox
from agent_gate.vcs.repo import Repository

_environments: dict[Path, Environment] = {}


@pytest.fixture
async def sandbox() -> Sandbox:
    """The machine's sandbox, or the test is skipped."""
    return await sandbox_or_skip()


@pytest.fixture
async def environment() -> Environment:
    """The interpreter that runs these tests, asked once; without its pytest plugins, which take a second."""
    python = Path(sys.executable)
    if python not in _environments:
        _environments[python] = replace(await describe(python, Path("/nowhere")), plugins=())
    return _environments[python]


@pytest.fixture(scope="session")
def flagged_canaries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of nothing but canaries that built-in gates flagged: each is run once, not in every test."""
    known = tmp_path_factory.mktemp("canaries") / "cache"
    known.mkdir()
    known.with_name("aside").mkdir()
    Repository.make(known.with_name("aside"))
    return known


@pytest.fixture
def bench(
    make_repository: Callable[..., Repository],
    environment: Environment,
    sandbox: Sandbox,
    flagged_canaries: Path,
) -> MakeBench:
    """`await bench(files, "ruff")`: a repository, and requests for these gates on it."""

    async def make(
        files: Mapping[str, str | bytes],
        *gates: str,
        policy: Policy | None = None,
        spec: Spec | None = None,
        confined: bool = True,
    ) -> Bench:
        repository = make_repository(files)
        base = repository.resolve("HEAD")
        catalog = load_catalog(project_definitions(repository, base))
        tree = repository.tree_of(base)
        if confined:
            built_in = [definition for id_, definition in load_catalog().items() if id_ in gates]
            await _flag(built_in, environment, sandbox, flagged_canaries)
            shutil.copytree(flagged_canaries, os.environ["AGENT_GATE_CACHE_DIR"], dirs_exist_ok=True)
        request = CheckRequest(
            repository=repository,
            base_commit=base,
            base_tree=tree,
            tree=tree,
            changed=(),
            policy=policy or Policy(),
            definitions=tuple(catalog[gate] for gate in gates),
            environment=environment,
            spec=spec,
            sandbox=sandbox if confined else None,
            allow_unsandboxed=not confined,
        )
        return Bench(repository, request)

    return make


async def _flag(
    definitions: Sequence[GateDefinition], environment: Environment, sandbox: Sandbox, known: Path
) -> None:
    """Has each of these gates flag its canary, unless it has done so before."""
    aside = Repository.open(known.with_name("aside"))
    async with open_workplace(aside, environment, sandbox, Cache(known)) as workplace:
        for definition in definitions:
            await canary_result(workplace, definition, await tool_version(definition, environment))
