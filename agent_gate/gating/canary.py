"""Whether a gate flags its canary: a known-bad change that its definition brings along.

A linter that looks at no file, a parser that misreads a new version's report, a wrapper that swallows the
exit code: all of them are silent, and silence looks like a pass. So a gate's silence counts only once the
same gate, in the same version on the same machine, has said something about what it must see.
"""

from __future__ import annotations

import asyncio
import platform
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from agent_gate import __version__
from agent_gate.domain.digest import canonical_json, sha256
from agent_gate.domain.gate import Canary, GateDefinition, GateResult
from agent_gate.domain.policy import Policy
from agent_gate.errors import AgentGateError
from agent_gate.gating.cache import Cache
from agent_gate.gating.checks import CHECKS
from agent_gate.gating.context import GateContext, measured_once, to_end
from agent_gate.gating.job import GateJob
from agent_gate.gating.request import CheckRequest
from agent_gate.gating.tool_gate import run_tool
from agent_gate.gating.workplace import Workplace, open_workplace
from agent_gate.vcs.repo import Entry, Repository


@dataclass(frozen=True)
class CanaryResult:
    """How a gate's canary fared."""

    status: Literal["passed", "in run", "failed", "errored"]
    """`in run`: the check proves itself anew each time, and brings no canary."""
    reason: str = ""

    @property
    def believed(self) -> bool:
        """Whether the gate's silence counts."""
        return self.status in {"passed", "in run"}

    @property
    def word(self) -> Literal["", "passed", "in run"]:
        """What stands in the gate's result."""
        return self.status if self.status in {"passed", "in run"} else ""


async def flagged(workplace: Workplace, job: GateJob) -> CanaryResult:
    """Runs the canary of the job's gate; one that was flagged is remembered on this machine."""
    definition = job.definition
    if definition.canary is None:
        return CanaryResult("in run")
    key = _key(workplace, job)
    async with measured_once(key):
        if workplace.cache.get(key) == "passed":
            return CanaryResult("passed")
        result = await _run(workplace, job, definition.canary)
        if result.status == "passed":
            workplace.cache.put(key, result.status)
        return result


def _key(workplace: Workplace, job: GateJob) -> str:
    """Definition, tool version and machine; the environment where the gate executes code."""
    parts = [
        "canary", job.definition.digest, job.tool_version, job.environment_digest, job.installed_digest,
        workplace.sandbox_name,
        platform.node(), platform.machine(), platform.release(), __version__,
    ]  # fmt: skip
    return sha256(canonical_json(parts))


async def _run(workplace: Workplace, job: GateJob, canary: Canary) -> CanaryResult:
    # A gate that is cancelled may leave a thread that still writes an object; the folder then stays.
    with tempfile.TemporaryDirectory(prefix="agent-gate-canary-", ignore_cleanup_errors=True) as folder:
        repository = await to_end(Repository.make, Path(folder))
        base, tree = await to_end(_trees, repository, canary)
        uncached = Cache(Path(folder), enabled=False)
        async with open_workplace(repository, workplace.environment, workplace.sandbox, uncached) as aside:
            try:
                result = await _look(GateContext(_job(aside, job, base, tree), aside))
            except AgentGateError as error:
                return CanaryResult("errored", error.message)
    return _judge(result, canary)


async def _look(context: GateContext) -> GateResult:
    check = context.definition.check
    return await (CHECKS[check].run(context) if check else run_tool(context))


def _job(aside: Workplace, job: GateJob, base: str, tree: str) -> GateJob:
    """The same gate on the canary's trees, under a policy that says nothing."""
    definition = job.definition
    request = CheckRequest(
        repository=aside.repository,
        base_commit="",
        base_tree=base,
        tree=tree,
        changed=aside.repository.changed_files(base, tree),
        policy=Policy(),
        definitions=(definition,),
        environment=aside.environment,
        sandbox=aside.sandbox,
        allow_unsandboxed=aside.sandbox is None,
        limits=job.limits,
    )
    inputs = CHECKS[definition.check].inputs(request) if definition.check else {}
    return request.job(definition, job.tool_version, inputs)


def _trees(repository: Repository, canary: Canary) -> tuple[str, str]:
    base = repository.write_tree("", _entries(repository, canary.base))
    return base, repository.write_tree(base, _entries(repository, canary.files))


def _entries(repository: Repository, files: Mapping[str, str]) -> dict[str, Entry | None]:
    return {path: Entry("100644", repository.write_blob(text.encode())) for path, text in files.items()}


def _judge(result: GateResult, canary: Canary) -> CanaryResult:
    if result.status == "errored":
        return CanaryResult("errored", result.reason)
    found = [*result.at("block"), *result.at("ask")]
    if any(not canary.rule or finding.rule == canary.rule for finding in found):
        return CanaryResult("passed")
    wanted = canary.rule or "anything"
    said = ", ".join(sorted({finding.rule for finding in found})) or "nothing"
    return CanaryResult("failed", f"it must find {wanted} in a known-bad change, and found {said}")


async def canary_result(workplace: Workplace, definition: GateDefinition, tool_version: str) -> CanaryResult:
    """The same outside of a check, for the list of gates."""
    tree = await asyncio.to_thread(workplace.repository.write_tree, "", {})
    request = CheckRequest(
        repository=workplace.repository,
        base_commit="",
        base_tree=tree,
        tree=tree,
        changed=(),
        policy=Policy(),
        definitions=(definition,),
        environment=workplace.environment,
        sandbox=workplace.sandbox,
    )
    return await flagged(workplace, request.job(definition, tool_version))
