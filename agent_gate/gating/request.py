"""What is asked of the gates: one request for a whole check, from which each gate's job is made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent_gate import __version__
from agent_gate.domain.gate import NOT_APPLICABLE, GateDefinition, GateResult
from agent_gate.domain.policy import GateOptions, Policy
from agent_gate.domain.proposal import ChangedFile
from agent_gate.domain.value import PlainData
from agent_gate.gating.environment import Environment
from agent_gate.gating.installed import installed_digest
from agent_gate.gating.job import GateJob, variables_digest
from agent_gate.sandbox.base import Limits, Sandbox
from agent_gate.vcs.repo import Repository

if TYPE_CHECKING:
    from agent_gate.domain.spec import Spec


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
        """How code is confined: the sandbox's name, or `none`."""
        return self.sandbox.name if self.sandbox else "none"

    def options(self, definition: GateDefinition) -> GateOptions:
        """What the policy says about one gate."""
        return self.policy.gates.options.get(definition.id, GateOptions())

    def runs(self, gate: str) -> bool:
        """Whether a gate is among those that are asked."""
        return any(definition.id == gate for definition in self.definitions)

    def asked_rules(self, definition: GateDefinition) -> tuple[str, ...]:
        """The single rules of this gate on which clauses of the spec rest, sorted."""
        if self.spec is None or definition.rules is None:
            return ()
        verifiers = (verifier for clause in self.spec.clauses for verifier in clause.verified_by)
        return tuple(sorted({v.target for v in verifiers if v.kind in definition.verifies and v.target}))

    def may_run(self, definition: GateDefinition) -> bool:
        """The candidate's code runs confined, or where a person agreed that it runs as it is."""
        return not definition.executes or self.sandbox is not None or self.allow_unsandboxed

    def holds_up(self, result: GateResult) -> bool:
        """Whether a result keeps the later stages from starting: it blocks, or the gate could not look."""
        if result.status == "passed" or (result.status == "skipped" and result.reason == NOT_APPLICABLE):
            return False
        required = self.policy.required_gates([file.path for file in self.changed])
        advisory = result.gate in self.policy.gates.advisory
        return not advisory or result.gate in required or self._is_needed(result)

    def _is_needed(self, result: GateResult) -> bool:
        clauses = self.spec.clauses if self.spec else ()
        verifiers = [verifier for clause in clauses for verifier in clause.verified_by]
        return any(
            v.kind in result.verifies or (v.kind == "gate" and v.target == result.gate) for v in verifiers
        )

    def job(
        self, definition: GateDefinition, tool_version: str = "", inputs: PlainData | None = None
    ) -> GateJob:
        """The job that a gate is on this request's candidate."""
        return GateJob(
            tree=self.tree,
            base_tree=self.base_tree,
            definition=definition,
            tool_version=tool_version,
            environment_digest=self.environment.digest if definition.executes else "",
            variables_digest=variables_digest(definition),
            installed_digest=installed_digest(definition, self.environment),
            options=self.options(definition),
            asked_rules=self.asked_rules(definition),
            inputs=inputs or {},
            sandbox=self.sandbox_name,
            limits=self.limits,
            engine=__version__,
        )
