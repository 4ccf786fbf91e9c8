"""The composition root: everything a step needs, made once per process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from agent_gate.domain.policy import Policy
from agent_gate.domain.proposal import ChangedFile
from agent_gate.errors import SetupError
from agent_gate.gating.catalog import Catalog, load_catalog, project_definitions, select_gates
from agent_gate.gating.checks.hooks import configured_gates
from agent_gate.gating.context import measured_once
from agent_gate.gating.environment import Base, Environment, find_environment
from agent_gate.gating.request import CheckRequest
from agent_gate.policy import PolicySource, load_policy
from agent_gate.sandbox.base import Sandbox
from agent_gate.sandbox.find import find_sandbox
from agent_gate.vcs.repo import Repository

if TYPE_CHECKING:
    from agent_gate.domain.spec import Spec
    from agent_gate.run.journal import RunStore


def _silent(_: str) -> None:
    return


@dataclass(frozen=True)
class Change:
    """A tree on a base, under the base's policy: what the gates are asked about."""

    base_commit: str
    tree: str
    files: tuple[ChangedFile, ...]
    policy: Policy
    spec: Spec | None = None
    allow_unsandboxed: bool = False
    run_all: bool = False
    ref: str = ""
    """The branch that it shall land on; empty for the one that is checked out."""


@dataclass(frozen=True)
class Context:
    """One repository, and what this process may use on it."""

    repository: Repository
    use_cache: bool = True
    tell: Callable[[str], None] = _silent
    """Hears, in a sentence, what takes long before any gate can begin."""
    _environments: dict[str, Environment] = field(default_factory=dict)

    @classmethod
    def open(
        cls, directory: Path, *, use_cache: bool = True, tell: Callable[[str], None] = _silent
    ) -> Context:
        """Raises RepositoryError outside a repository."""
        return cls(Repository.open(directory), use_cache=use_cache, tell=tell)

    @property
    def runs(self) -> RunStore:
        """The repository's runs."""
        from agent_gate.run.journal import RunStore  # a check of a change has no run

        return RunStore(self.repository.common_directory)

    def catalog(self, base: str) -> Catalog:
        """The built-in gates and those that the base commit defines."""
        return load_catalog(project_definitions(self.repository, base))

    def policy(self, base: str) -> PolicySource:
        """The policy that the base commit states."""
        return load_policy(lambda path: self.repository.read(base, path), self.catalog(base))

    async def sandbox(self, *, required: bool) -> Sandbox | None:
        """The sandbox of this machine; raises SetupError where it is required and there is none."""
        probe = await find_sandbox()
        if probe.sandbox is None and required:
            raise SetupError(
                f"the sandbox is not available: {probe.reason}",
                hint=f"{probe.hint}; or accept the risk with --allow-unsandboxed: the result then says so",
            )
        return probe.sandbox

    async def check_request(self, change: Change) -> CheckRequest:
        """What the gates are asked about a change; raises SetupError where code could not be confined."""
        sandbox = await self.sandbox(required=change.policy.sandbox.require and not change.allow_unsandboxed)
        paths = [file.path for file in change.files] or None
        configured = configured_gates(self.repository, change.base_commit)
        definitions = select_gates(
            change.policy, change.spec, self.catalog(change.base_commit), paths, configured
        )
        return CheckRequest(
            repository=self.repository,
            base_commit=change.base_commit,
            base_tree=self.repository.tree_of(change.base_commit),
            tree=change.tree,
            changed=change.files,
            policy=change.policy,
            definitions=definitions,
            environment=await self.environment(change.policy, change.base_commit),
            spec=change.spec,
            sandbox=sandbox,
            allow_unsandboxed=change.allow_unsandboxed or not change.policy.sandbox.require,
            ref=change.ref,
            use_cache=self.use_cache,
            run_all=change.run_all,
        )

    async def environment(self, policy: Policy, base_commit: str) -> Environment:
        """The environment of the code under test; the interpreter is asked once per process.

        Raises SetupError where the interpreter does not work, or the environment cannot be installed.
        """
        tree = self.repository.tree_of(base_commit) if policy.environment.install else ""
        key = f"{policy.environment.digest} {tree}"
        async with measured_once(f"environment {self.repository.root} {key}"):
            if key not in self._environments:
                self._environments[key] = await find_environment(
                    policy,
                    self.repository.root,
                    Base(self.repository, tree) if tree else None,
                    use_cache=self.use_cache,
                    tell=self.tell,
                )
        return self._environments[key]

    def without_cache(self) -> Context:
        """The same, with every result made anew."""
        return replace(self, use_cache=False)
