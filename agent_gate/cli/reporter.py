"""The headless face of a run: one subscriber that prints each step as it happens."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

from agent_gate.cli.lines import clause_lines, finding_line, gate_line
from agent_gate.cli.output import dim, heading, marked, say, tell
from agent_gate.domain.gate import NOT_APPLICABLE
from agent_gate.domain.matrix import matrix
from agent_gate.domain.policy import Policy
from agent_gate.domain.spec import Spec
from agent_gate.domain.visible import visible, visible_line
from agent_gate.report.check_report import ShownFinding, gate_report
from agent_gate.run import events as ev
from agent_gate.run.state import RunState

_MOST_FINDINGS = 10


class Reporter:
    """Prints events to stderr as lines for people. One method an event; the rest is not worth a line."""

    def __init__(self, *, stream_model: bool = False, state: RunState | None = None) -> None:
        """`state` is that of a run which is carried on: its beginning is not told again."""
        self._stream_model = stream_model
        self._spec: Spec | None = state.started.spec if state else None
        self._policy = state.policy if state else Policy()
        self._paths = state.candidate.paths if state and state.candidate else None
        self._held_up = False
        """Whether a gate did not run because another one blocks."""
        self._streaming = False
        self._tellers: Mapping[type[ev.Event], Callable[[Any], None]] = {
            ev.RunStarted: self._run_started,
            ev.Progress: self._progress,
            ev.ProposalStarted: self._proposal_started,
            ev.ModelText: self._model_text,
            ev.ProposalFinished: self._proposal_finished,
            ev.ProposalFailed: self._proposal_failed,
            ev.ReplyRefused: self._reply_refused,
            ev.CandidatePrepared: self._candidate_prepared,
            ev.ChecksStarted: self._checks_started,
            ev.GateFinished: self._gate_finished,
            ev.ChecksFinished: self._checks_finished,
            ev.RunBlocked: self._run_blocked,
            ev.BaseMoved: self._base_moved,
            ev.Rebased: self._rebased,
            ev.DecisionMade: self._decision_made,
        }

    def __call__(self, event: ev.LiveEvent) -> None:
        """Prints one event."""
        if self._streaming and not isinstance(event, ev.ModelText):
            tell()
            self._streaming = False
        teller = self._tellers.get(type(event))
        if teller is not None:
            teller(event)

    def _run_started(self, event: ev.RunStarted) -> None:
        self._spec, self._policy = event.spec, event.policy
        tell(heading(f"run {event.run}"))
        tell(f"  spec    {event.spec.id} · {event.spec.risk} · {len(event.spec.clauses)} clauses")
        tell(f"  base    {event.base[:10]} on {event.ref.removeprefix('refs/heads/')}")
        tell(f"  model   {visible_line(event.model)}")

    def _progress(self, event: ev.Progress) -> None:
        tell(dim(f"  {event.step}: {visible_line(event.message)}"))

    def _proposal_started(self, event: ev.ProposalStarted) -> None:
        tell(heading(f"attempt {event.attempt}"))

    def _model_text(self, event: ev.ModelText) -> None:
        if self._stream_model:
            tell(dim(visible(event.text)), newline=False)
            self._streaming = True

    def _proposal_finished(self, event: ev.ProposalFinished) -> None:
        usage = event.proposal.usage
        cost = "price unknown" if usage.cost_microusd is None else f"${usage.cost_microusd / 1_000_000:.4f}"
        tokens = f"{usage.prompt_tokens} + {usage.completion_tokens} tokens"
        tell(f"  reply from {visible_line(event.proposal.model_returned)}: {tokens}, {cost}")

    def _proposal_failed(self, event: ev.ProposalFailed) -> None:
        tell(marked("failed", f"model: {visible(event.message)}"))
        if event.hint:
            tell(f"    hint: {visible(event.hint)}")

    def _reply_refused(self, event: ev.ReplyRefused) -> None:
        tell(marked("failed", "the reply cannot be applied; nothing of it was"))
        _tell_findings([ShownFinding(problem, "block") for problem in event.problems])

    def _candidate_prepared(self, event: ev.CandidatePrepared) -> None:
        self._paths = event.candidate.paths
        files = event.candidate.files
        added, deleted = sum(f.added_lines for f in files), sum(f.deleted_lines for f in files)
        tell(f"  candidate {event.candidate.tree[:10]}: {len(files)} files, +{added} −{deleted}")

    def _checks_started(self, _event: ev.ChecksStarted) -> None:
        self._held_up = False

    def _gate_finished(self, event: ev.GateFinished) -> None:
        gate = gate_report(self._spec, self._policy, self._paths, event.result)
        self._held_up |= event.result.status == "skipped" and event.result.reason != NOT_APPLICABLE
        tell("  " + gate_line(gate))
        _tell_findings([item for item in gate.findings if item.effect in {"block", "ask"}])

    def _checks_finished(self, event: ev.ChecksFinished) -> None:
        verdict = event.verdict
        passed = verdict.outcome == "passed"
        for clause in matrix(verdict.clauses):
            # Where gates were held up, a clause has often no more to say than its state.
            whole = passed or clause.state == "violated" or not self._held_up
            for line in clause_lines(clause) if whole else clause_lines(clause)[:1]:
                tell("    " + line)
        count = len(verdict.blocking)
        outcome = "nothing blocks" if passed else f"{count} reasons block" if count > 1 else "1 reason blocks"
        tell("  " + marked("passed" if passed else "blocked", f"verdict: {outcome}"))
        for question in verdict.questions:
            tell(f"    {click.style('?', fg='yellow')} {question.source}: {visible_line(question.message)}")

    def _run_blocked(self, event: ev.RunBlocked) -> None:
        tell(marked("blocked", visible(event.message)))

    def _base_moved(self, event: ev.BaseMoved) -> None:
        tell(marked("failed", f"the base moved: {event.gated[:10]} → {event.found[:10]}; nothing landed"))

    def _rebased(self, event: ev.Rebased) -> None:
        self._policy = event.policy
        tell(heading(f"on the new base {event.base[:10]}"))

    def _decision_made(self, event: ev.DecisionMade) -> None:
        approval = event.approval
        sign = "passed" if approval.decision == "approve" else "failed"
        how = " (--yes)" if approval.means == "yes" else ""
        tell(marked(sign, f"{_DECISIONS[approval.decision]} by {visible_line(str(approval.approver))}{how}"))


_DECISIONS = {"approve": "approved", "reject": "rejected"}


def _tell_findings(findings: Sequence[ShownFinding]) -> None:
    for finding, effect in findings[:_MOST_FINDINGS]:
        tell("      " + finding_line(finding, effect))
        for line in finding.excerpt.splitlines()[:3]:
            tell(dim(f"        {visible_line(line)}"))
    if len(findings) > _MOST_FINDINGS:
        tell(f"      … and {len(findings) - _MOST_FINDINGS} more")


class JsonReporter:
    """Prints events to stdout, one JSON object a line."""

    def __call__(self, event: ev.LiveEvent) -> None:
        """Prints one event, unless it is only a piece of text on its way."""
        if not isinstance(event, ev.ModelText | ev.Progress):
            say(event.line())
