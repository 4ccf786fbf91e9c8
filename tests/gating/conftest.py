"""A whole check in one call: a real repository, a change on it, the real tools, the real sandbox."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from benches import Bench, MakeBench
from sandboxes import sandbox_or_skip

from agent_gate.domain.policy import Policy
from agent_gate.domain.spec import Spec
from agent_gate.gating.catalog import load_catalog, project_definitions
from agent_gate.gating.environment import Environment, describe
from agent_gate.gating.request import CheckRequest
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


@pytest.fixture
def bench(
    make_repository: Callable[..., Repository], environment: Environment, sandbox: Sandbox
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
