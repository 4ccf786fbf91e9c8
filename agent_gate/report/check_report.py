"""What gates, clauses and verdict say of one change, put in order once for every format."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple

from agent_gate.domain.gate import Finding, GateResult, one_each
from agent_gate.domain.policy import Policy
from agent_gate.domain.traceability import ClauseResult
from agent_gate.domain.verdict import Reason, Verdict, judge

if TYPE_CHECKING:
    from agent_gate.domain.spec import Spec
    from agent_gate.run.state import RunState

Effect = Literal["block", "ask", "note", "none"]
"""What something does to this change: it blocks, it asks a person, it is only told, or it does nothing.

What stood in the base before does nothing, and so does a clause that holds.
"""
_ORDER: tuple[Effect, ...] = ("block", "ask", "note", "none")


class ShownFinding(NamedTuple):
    """A finding, and what it does. A blocking finding of an advisory gate asks, and does not block."""

    finding: Finding
    effect: Effect


class Statement(NamedTuple):
    """What blocks or asks and is neither a finding nor a clause: a gate that could not look, a zone."""

    source: str
    message: str
    effect: Effect


@dataclass(frozen=True)
class GateReport:
    """One gate's result."""

    result: GateResult
    findings: tuple[ShownFinding, ...]
    """Those that block first; within one effect by path and line."""
    effect: Effect
    """The strongest of what the gate and its findings do."""

    def at(self, *effects: Effect) -> tuple[Finding, ...]:
        """The findings that do one of these."""
        return tuple(finding for finding, effect in self.findings if effect in effects)


@dataclass(frozen=True)
class CheckReport:
    """One change as it was judged: by `check`, or in a run."""

    base: str
    tree: str
    """Empty, as is `base`, where there is no candidate yet."""
    results: tuple[GateResult, ...] = ()
    verdict: Verdict | None = None
    """None where nothing changed, or where a run is not judged yet."""
    clauses: tuple[ClauseResult, ...] = ()
    spec: Spec | None = None
    run: str = ""
    phase: str = ""
    """Of the run, in words."""

    @classmethod
    def of_run(cls, state: RunState, clauses: Iterable[ClauseResult] = ()) -> CheckReport:
        """The newest candidate of a run. `clauses` are shown instead of the run's own."""
        return cls(
            base=state.base,
            tree=state.candidate.tree if state.candidate else "",
            results=state.results,
            verdict=state.verdict,
            clauses=tuple(clauses) or state.clauses,
            spec=state.started.spec,
            run=state.run_id,
            phase=state.phase.replace("_", " "),
        )

    @cached_property
    def gates(self) -> tuple[GateReport, ...]:
        """One report a gate, in the order of the results."""
        return tuple(self._gate(result) for result in one_each(self.results).values())

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """All reasons of the verdict that no finding and no clause tells; those that block first."""
        told = {
            (gate.result.gate, finding.fingerprint)
            for gate in self.gates
            for finding in gate.at("block", "ask", "note")
        } | {(clause.clause, "") for clause in self.clauses}
        return tuple(
            Statement(reason.source, reason.message, effect)
            for effect, reason in self._reasons()
            if (reason.source, reason.fingerprint) not in told
        )

    @property
    def questions(self) -> int:
        """How many answers are missing from a person."""
        asked = len(self.verdict.questions) if self.verdict else 0
        return asked + sum(clause.awaits_person for clause in self.clauses)

    @property
    def effect(self) -> Effect:
        """What all of it comes to."""
        if self.verdict and self.verdict.outcome == "blocked":
            return "block"
        return "ask" if self.questions else "none"

    @property
    def outcome(self) -> str:
        """The same in words: `passed, with 2 questions for a person; unsandboxed`."""
        if self.verdict is None:
            return "not judged yet" if self.run else "nothing changed: nothing to judge"
        some = f"{self.questions} question{'s' if self.questions > 1 else ''}"
        words = {"block": "blocked", "ask": f"passed, with {some} for a person"}
        return words.get(self.effect, "passed") + ("; unsandboxed" if self.verdict.unsandboxed else "")

    def _reasons(self) -> Iterator[tuple[Effect, Reason]]:
        if self.verdict:
            yield from (("block", reason) for reason in self.verdict.blocking)
            yield from (("ask", reason) for reason in self.verdict.questions)

    @cached_property
    def _effects(self) -> dict[tuple[str, str], Effect]:
        """By source and fingerprint; what blocks anywhere blocks."""
        effects: dict[tuple[str, str], Effect] = {}
        for effect, reason in self._reasons():
            effects.setdefault((reason.source, reason.fingerprint), effect)
        return effects

    def _gate(self, result: GateResult) -> GateReport:
        shown = tuple(
            sorted(
                (ShownFinding(finding, self._effect(result.gate, finding)) for finding in result.findings),
                key=lambda item: (_ORDER.index(item.effect), item.finding.path, item.finding.line),
            )
        )
        effects: list[Effect] = [
            self._effects.get((result.gate, ""), "none"),
            *(item.effect for item in shown),
        ]
        return GateReport(result, shown, strongest(effects))

    def _effect(self, gate: str, finding: Finding) -> Effect:
        if not finding.introduced:
            return "none"
        if finding.level == "block":
            return self._effects.get((gate, finding.fingerprint), "block")
        return finding.level


def gate_report(
    spec: Spec | None, policy: Policy, paths: Collection[str] | None, result: GateResult
) -> GateReport:
    """One gate's result before the others have spoken, by the rule that judges all of them in the end."""
    verdict = judge(spec, policy, "", (result,), paths)
    (report,) = CheckReport("", "", (result,), verdict).gates
    return report


def strongest(effects: Iterable[Effect]) -> Effect:
    """What several things do together."""
    return min(effects, key=_ORDER.index, default="none")


def clause_effect(clause: ClauseResult) -> Effect:
    """A clause that neither holds nor was waived blocks, unless only a person's word is missing."""
    if clause.state in {"verified", "waived"}:
        return "none"
    return "ask" if clause.awaits_person else "block"


def clause_message(clause: ClauseResult) -> str:
    """The state of a clause, its sentence, and what the state rests on."""
    state = "awaits a person" if clause.awaits_person else clause.state
    missing = [item for item in clause.evidence if item.state != "verified"]
    telling = [item for item in missing if item.state == clause.state] or missing
    basis = "; ".join(f"{item.verifier}: {item.basis}" for item in telling)
    return f"{state}: {clause.sentence}" + (f" ({basis})" if basis else "")
