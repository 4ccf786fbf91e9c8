"""The gates alone, on a change that is already there: no model, no run, nothing sealed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agent_gate.domain.gate import GateResult
from agent_gate.domain.spec import Spec
from agent_gate.domain.verdict import Verdict, judge
from agent_gate.engine.context import Change, Context
from agent_gate.errors import ExitCode
from agent_gate.gating.runner import run_gates
from agent_gate.vcs.change_source import ChangeSource, locate_change


@dataclass(frozen=True)
class CheckOutcome:
    """What the gates say about a change; without a change there is no verdict, and that passes."""

    base: str
    tree: str
    results: tuple[GateResult, ...] = ()
    verdict: Verdict | None = None

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
    source: ChangeSource,
    *,
    spec: Spec | None = None,
    allow_unsandboxed: bool = False,
    run_all: bool = False,
    on_started: Callable[[str], None] = lambda _: None,
    on_finished: Callable[[GateResult], None] = lambda _: None,
) -> CheckOutcome:
    """Runs the gates on the change; raises UsageError for a range that names nothing."""
    repository = context.repository
    base, tree = locate_change(repository, source)
    files = repository.changed_files(repository.tree_of(base), tree)
    if not files:
        return CheckOutcome(base, tree)
    policy_base = repository.resolve(source.policy_from) if source.policy_from else base
    change = Change(
        base_commit=base,
        tree=tree,
        files=files,
        policy=context.policy(policy_base).policy,
        spec=spec,
        allow_unsandboxed=allow_unsandboxed,
        run_all=run_all,
    )
    results = await run_gates(await context.check_request(change), on_started, on_finished)
    paths = tuple(file.path for file in files)
    return CheckOutcome(base, tree, results, judge(spec, change.policy, tree, results, paths))
