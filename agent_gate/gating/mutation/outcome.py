"""What the endings of trials show: a pure function. What could be made up on the inside shows nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from agent_gate.gating.mutation.mutant import Mutant
from agent_gate.gating.mutation.plan import Tests, Trial
from agent_gate.gating.mutation.report import Ending

Outcome = Literal["killed", "survived", "not run", "doubtful"]
"""`doubtful`: noticed, but only by tests that fail also where nothing is changed."""
Endings = Mapping[str, Ending]


@dataclass
class Seen:
    """What is known so far of all mutants and verifiers."""

    outcomes: dict[Mutant, Outcome] = field(default_factory=dict)
    late: set[Mutant] = field(default_factory=set)
    """Killed, but by their time limit alone."""
    tried: dict[str, int] = field(default_factory=dict)
    """By verifier, how many mutants its tests were run over."""
    survivors: dict[str, list[Mutant]] = field(default_factory=dict)
    """By verifier, the mutants that none of its tests notices."""
    kills: dict[tuple[str, str], int] = field(default_factory=dict)
    """By verifier and test, how many mutants made that test fail in a line of its own."""
    unsteady: set[str] = field(default_factory=set)
    _blamed: dict[Mutant, set[str]] = field(default_factory=dict)

    def add(self, trials: Sequence[Trial], endings: Endings) -> None:
        """Counts in what another round of trials shows."""
        self.unsteady |= unsteady_tests(trials, endings)
        controlled = {t.tests for t in trials if t.kind == "neutral" and t.id in endings}
        for trial in trials:
            ending = endings.get(trial.id)
            if trial.mutant is None or trial.kind != "mutant":
                continue
            if ending is None or trial.tests not in controlled:
                if not trial.chain:
                    self.outcomes[trial.mutant] = "not run"
            elif trial.chain:
                self._of_verifier(trial, trial.mutant, ending)
            else:
                self._of_mutant(trial, trial.mutant, ending)
        self._forget_unsteady()

    def _of_mutant(self, trial: Trial, mutant: Mutant, ending: Ending) -> None:
        if not ending.noticed:
            self.outcomes[mutant] = "survived"
        else:
            self.outcomes[mutant] = "killed"
            self._blamed[mutant] = _blamed(trial, ending)
            if ending.end == "late":
                self.late.add(mutant)

    def _of_verifier(self, trial: Trial, mutant: Mutant, ending: Ending) -> None:
        """Only what a test says by itself counts: whatever runs a broken line may crash."""
        self.tried[trial.chain] = self.tried.get(trial.chain, 0) + 1
        failed = ending.answer.failed if ending.answer else {}
        telling = {test for test, where in failed.items() if where == "test"}
        for test in telling & set(trial.tests):
            self.kills[trial.chain, test] = self.kills.get((trial.chain, test), 0) + 1
        if not ending.noticed:
            self.survivors.setdefault(trial.chain, []).append(mutant)

    def _forget_unsteady(self) -> None:
        """What unsteady tests said does not count, also where they are found out only later."""
        for mutant, blamed in self._blamed.items():
            if self.outcomes[mutant] == "killed" and blamed <= self.unsteady:
                self.outcomes[mutant] = "doubtful"
                self.late.discard(mutant)
        self.kills = {key: number for key, number in self.kills.items() if key[1] not in self.unsteady}

    def count(self, outcome: Outcome) -> int:
        """How many mutants ended in one way."""
        return sum(1 for each in self.outcomes.values() if each == outcome)


def unsteady_tests(trials: Iterable[Trial], endings: Endings) -> set[str]:
    """The tests that do not pass where nothing is changed: by chance, by their order, or on purpose."""
    found: set[str] = set()
    for trial in trials:
        if trial.kind == "neutral" and trial.id in endings:
            found |= _not_passed(trial.tests, endings[trial.id])
    return found


def works(trials: Iterable[Trial], endings: Endings) -> bool:
    """Whether the fault in a file of our own was noticed, by our own test and in the way that it must be.

    It is tried first: where nothing at all was tried, the time was too short for anything.
    """
    return not endings or all(
        _answer(endings.get(trial.id)) == {trial.tests[0]: "test"}
        for trial in trials
        if trial.kind == "must be noticed"
    )


def _answer(ending: Ending | None) -> Mapping[str, str] | None:
    return ending.answer.failed if ending and ending.answer else None


def _not_passed(tests: Tests, ending: Ending) -> set[str]:
    answer = ending.answer
    if answer is None or answer.broken:
        return set(tests)
    named = {*answer.failed, *answer.missed} & set(tests)
    return named if answer.passed + len(named) == len(tests) else set(tests)


def _blamed(trial: Trial, ending: Ending) -> set[str]:
    """The tests by which something was noticed; all of them where the process ended or hung."""
    named = set(ending.answer.failed) & set(trial.tests) if ending.answer else set()
    return named or set(trial.tests)
