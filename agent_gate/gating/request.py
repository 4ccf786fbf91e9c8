"""What is asked of the gates: one request for a whole check, and one job for each gate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from agent_gate.domain.gate import GateDefinition
from agent_gate.domain.policy import GateOptions, Policy
from agent_gate.domain.proposal import ChangedFile
from agent_gate.domain.spec import Spec
from agent_gate.domain.value import Value
from agent_gate.gating.environment import Environment
from agent_gate.sandbox.base import Limits, Sandbox
from agent_gate.vcs.repo import Repository


@dataclass(frozen=True)
class CheckRequest:
    """One candidate to judge, and everything that the gates may know about it.

    Policy, definitions and the tools' configuration come from the base commit. While the model is still
    typing there is no candidate: `measure_base` looks at the base alone, so `tree` may be the base's.
    """

    repository: Repository
    base_commit: str
    base_tree: str
    tree: str
    changed: tuple[ChangedFile, ...]
    policy: Policy
    definitions: tuple[GateDefinition, ...]
    environment: Environment
    spec: Spec | None = None
    sandbox: Sandbox | None = None
    limits: Limits = field(default_factory=Limits)
    allow_unsandboxed: bool = False
    """A person agreed that the candidate's code runs unconfined."""
    ref: str = ""
    """The branch that the change shall land on, in full; empty for the one that is checked out."""
    use_cache: bool = True
    run_all: bool = False
    """Run the later stages also where an earlier one blocks."""

    @property
    def sandbox_name(self) -> str:
        """How code is confined: `bubblewrap`, or `none`."""
        return self.sandbox.name if self.sandbox else "none"

    @property
    def private_paths(self) -> tuple[Path, ...]:
        """What no sandbox may show, wherever an interpreter happens to live."""
        repository = self.repository
        return repository.root, repository.git_directory, repository.common_directory

    def options(self, definition: GateDefinition) -> GateOptions:
        """What the policy says about one gate."""
        return self.policy.gates.options.get(definition.id, GateOptions())

    def asked_rules(self, definition: GateDefinition) -> tuple[str, ...]:
        """The single rules of this gate on which clauses of the spec rest, sorted."""
        if self.spec is None or definition.rules is None:
            return ()
        verifiers = (verifier for clause in self.spec.clauses for verifier in clause.verified_by)
        return tuple(sorted({v.target for v in verifiers if v.kind in definition.verifies and v.target}))


class GateJob(Value):
    """One gate on one tree, with all that its result depends on. Its digest is the cache key.

    Jobs are plain data, so that another machine that has the trees can do the same job.
    """

    tree: str
    base_tree: str
    definition: GateDefinition
    tool_version: str
    environment_digest: str
    options: GateOptions
    asked_rules: tuple[str, ...]
    inputs: Mapping[str, str]
    """What else a built-in check depends on, by name (the digest of the spec's paths, say)."""
    sandbox: str
    limits: Limits
    engine: str
    """The version of the code that turns a tool's output into a result."""
