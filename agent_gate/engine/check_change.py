"""The gates alone, on a change that is already there: no model, no run, nothing sealed."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent_gate.domain.gate import GateResult
from agent_gate.engine.context import Change, Context
from agent_gate.errors import ExitCode
from agent_gate.gating.request import CheckRequest
from agent_gate.gating.runner import run_gates
from agent_gate.gating.tools import gate_tool

if TYPE_CHECKING:
    from agent_gate.domain.spec import Spec
    from agent_gate.domain.verdict import Verdict
    from agent_gate.report.check_report import GateReport


@dataclass(frozen=True)
class CheckOutcome:
    """What the gates say about a change; without a change there is no verdict, and that passes."""

    base: str
    tree: str
    results: tuple[GateResult, ...] = ()
    verdict: Verdict | None = None
    rests_on: tuple[str, ...] | None = ()
    """Files and folders beside the repository that had a say. None: more than files had."""

    @property
    def exit_code(self) -> ExitCode:
        """0 passed, 1 blocked, 3 where only a person's word is missing."""
        if self.verdict is None:
            return ExitCode.DONE
        if self.verdict.outcome == "blocked":
            return ExitCode.BLOCKED
        return ExitCode.AWAITING if self.verdict.questions or self.verdict.awaiting else ExitCode.DONE


async def check_change(
    context: Context,
    base: str,
    tree: str,
    *,
    policy_from: str = "",
    spec: Spec | None = None,
    allow_unsandboxed: bool = False,
    run_all: bool = False,
    on_started: Callable[[str], None] = lambda _: None,
    on_finished: Callable[[GateReport], None] = lambda _: None,
) -> CheckOutcome:
    """Runs the gates on the change from a base commit to a tree.

    The policy is that of `policy_from`, else the base's; raises UsageError where that names nothing.
    """
    repository = context.repository
    files = repository.changed_files(repository.tree_of(base), tree)
    if not files:
        return CheckOutcome(base, tree)
    policy_base = repository.resolve(policy_from) if policy_from else base
    change = Change(
        base_commit=base,
        tree=tree,
        files=files,
        policy=context.policy(policy_base).policy,
        spec=spec,
        allow_unsandboxed=allow_unsandboxed,
        run_all=run_all,
    )
    request = await context.check_request(change)
    paths = tuple(file.path for file in files)

    def finished(result: GateResult) -> None:
        from agent_gate.report.check_report import gate_report  # other gates run meanwhile

        on_finished(gate_report(spec, change.policy, paths, result))

    results = await run_gates(request, on_started, finished)
    from agent_gate.domain.verdict import judge

    verdict = judge(spec, change.policy, tree, results, paths)
    return CheckOutcome(base, tree, results, verdict, _rests_on(request, results))


def _rests_on(request: CheckRequest, results: Collection[GateResult]) -> tuple[str, ...] | None:
    """What has to stay as it is for the same results to come out: interpreters, packages, tools, sandbox.

    An error may be gone the next time; variables and installed folders are more than single files.
    """
    if request.sandbox is None or any(result.status == "errored" for result in results):
        return None
    looked = {result.gate for result in results if result.status != "skipped"}
    definitions = [definition for definition in request.definitions if definition.id in looked]
    if any(definition.environment or definition.installed for definition in definitions):
        return None
    tools = [gate_tool(definition, request.environment) for definition in definitions if definition.tool]
    return (
        *request.environment.places,
        str(request.repository.root / ".venv" / "bin" / "python"),
        *(word for tool in tools if tool for word in tool.argv if word.startswith("/")),
        *(found for name in _CONFINING if (found := shutil.which(name))),
        *sys.path,
    )


_CONFINING = ("bwrap", "prlimit", "setpriv")
