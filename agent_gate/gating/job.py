"""A gate job: one gate on one tree, as a value that any machine can work on."""

from __future__ import annotations

import os
from collections.abc import Mapping

from pydantic import Field

from agent_gate.domain.digest import canonical_json, sha256
from agent_gate.domain.gate import GateDefinition
from agent_gate.domain.policy import GateOptions
from agent_gate.domain.value import PlainData, Value
from agent_gate.sandbox.base import Limits


class GateJob(Value):
    """One gate on one tree, with all that its result depends on. Its digest is the cache key.

    Nothing in it says where it is worked on or for which run. Whoever has the objects of both trees, the
    same tool, the same environment and the same kind of sandbox comes to the same result.
    """

    tree: str
    base_tree: str
    definition: GateDefinition
    tool_version: str = ""
    environment_digest: str = ""
    """Of the interpreter and what is installed for it, where the gate executes the candidate's code."""
    variables_digest: str = ""
    """Of the variables that the definition lets through, where it names some."""
    installed_digest: str = ""
    """Of the folders that the definition calls installed, where it names some."""
    options: GateOptions = GateOptions()
    asked_rules: tuple[str, ...] = ()
    """Single rules of the tool on which clauses rest, whatever the base configures."""
    inputs: PlainData = Field(default={})
    """What else of spec, policy and surroundings a built-in check judges by."""
    sandbox: str
    """How code has to be confined: a sandbox's name, or `none` where a person agreed to that."""
    limits: Limits = Limits()
    engine: str
    """The version of the code that turns a tool's output into a result."""

    @property
    def timeout_s(self) -> int:
        """The gate's time limit in seconds: the policy's, else the definition's own."""
        return self.options.timeout_s or self.definition.timeout_s

    def of_base(self) -> GateJob:
        """What the job has to know about the base alone; the same for every candidate on that base."""
        return self.model_copy(update={"tree": self.base_tree, "inputs": {"measured": "base"}})


def passed_variables(definition: GateDefinition) -> Mapping[str, str]:
    """Of the caller's variables those that a gate's tool gets to see."""
    return {name: os.environ[name] for name in definition.environment if name in os.environ}


def variables_digest(definition: GateDefinition) -> str:
    """A digest of their values: a job never holds the values themselves, which may be secrets."""
    return sha256(canonical_json(dict(passed_variables(definition)))) if definition.environment else ""
