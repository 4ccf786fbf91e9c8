"""What the model is told next: the first prompt, or the repair of the attempt before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from agent_gate.domain.gate import Finding
from agent_gate.domain.policy import Policy
from agent_gate.domain.spec import Spec
from agent_gate.engine.context import Context
from agent_gate.engine.replies import reply_text
from agent_gate.gating.catalog import MUTATION, select_gates
from agent_gate.prompting.messages import PreviousAttempt, Prompt, propose_messages, repair_messages
from agent_gate.report.check_report import CheckReport
from agent_gate.run.journal import Journal
from agent_gate.run.state import Attempt, RunState
from agent_gate.vcs.repo import Repository


class BaseFiles(Mapping[str, bytes]):
    """The regular files of a commit, each read from git when it is looked at."""

    def __init__(self, repository: Repository, commit: str) -> None:
        self._repository = repository
        entries = repository.entries(commit)
        self._oids = {path: entry.oid for path, entry in entries.items() if entry.mode.startswith("100")}

    def __getitem__(self, path: str) -> bytes:
        return self._repository.blob(self._oids[path])

    def __iter__(self) -> Iterator[str]:
        return iter(self._oids)

    def __len__(self) -> int:
        return len(self._oids)


def first_prompt(context: Context, spec: Spec, policy: Policy, base: str) -> Prompt:
    """The prompt of a run's first attempt."""
    gates = select_gates(policy, spec, context.catalog(base))
    return propose_messages(spec, BaseFiles(context.repository, base), gates)


def next_prompt(context: Context, state: RunState, journal: Journal) -> Prompt:
    """The prompt of the attempt that comes next: a repair where one came before."""
    spec = state.started.spec
    before = next((attempt for attempt in reversed(state.attempts) if attempt.proposal is not None), None)
    if before is None:
        return first_prompt(context, spec, state.policy, state.base)
    return repair_messages(
        spec,
        BaseFiles(context.repository, state.base),
        select_gates(state.policy, spec, context.catalog(state.base)),
        _previous(context.repository, state, before, journal),
        _findings(before),
        before.verdict.blocking if before.verdict else (),
    )


def _previous(repository: Repository, state: RunState, attempt: Attempt, journal: Journal) -> PreviousAttempt:
    if attempt.candidate is not None:
        diff = repository.diff(repository.tree_of(state.base), attempt.candidate.tree)
        return PreviousAttempt(number=attempt.number, diff=diff)
    assert attempt.proposal is not None  # noqa: S101 - only such attempts are repaired
    return PreviousAttempt(number=attempt.number, reply=reply_text(journal, attempt.proposal))


def _findings(attempt: Attempt) -> tuple[Finding, ...]:
    """What blocks, and what an advisory gate would have blocked, as the question that it is.

    Of the gate `mutation` also its remarks: which faults a test does not notice that a clause rests on.
    """
    told = [
        finding.model_copy(update={"level": effect})
        for gate in CheckReport("", "", attempt.results, attempt.verdict).gates
        for finding, effect in gate.findings
        if effect != "none" and (finding.level == "block" or gate.result.gate == MUTATION)
    ]
    return (*attempt.refused, *told)
