"""Finds out which faults in the changed lines the tests notice."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agent_gate.gating.mutation.harness import Harness, MutationError
from agent_gate.gating.mutation.mutant import Mutant
from agent_gate.gating.mutation.outcome import Seen, works
from agent_gate.gating.mutation.plan import Coverage, Subject, Tests, Trial, for_all, for_verifiers
from agent_gate.gating.mutation.report import Trace

_ROUNDS = 3
"""How often tests that turn out to be unsteady are left out, and the rest tried once more."""


@dataclass(frozen=True)
class Limits:
    """Seconds, and how often."""

    budget_s: float
    """For everything together."""
    trial_minimum_s: float
    trial_times: float
    """A mutant may take so many times what its tests take without one."""
    verifier_tries: int
    """So many mutants are tried for one verifier."""


@dataclass
class Examination:
    """What was found out about a change."""

    tests_of: Mapping[Mutant, Tests]
    """The tests that may notice each mutant that was to be tried with all tests."""
    verifiers: Mapping[str, Tests]
    """The tests of each verifier that the change adds or edits."""
    seen: Seen = field(default_factory=Seen)


@dataclass(frozen=True)
class Question:
    """What is to be found out."""

    mutants: Sequence[Mutant]
    whole: bool
    """Whether all tests shall notice all mutants; otherwise only the verifiers are looked at."""
    verifiers: Sequence[str]
    """Node ids of tests, classes or files, in files that the change adds or edits."""


async def examine(harness: Harness, question: Question, limits: Limits) -> Examination:
    """Runs the tests once without mutants, then the mutants. Raises MutationError where that shows nothing."""
    deadline = time.monotonic() + limits.budget_s
    places = sorted({(mutant.path, line) for mutant in question.mutants for line in mutant.lines})
    trace = await harness.trace(places, () if question.whole else question.verifiers, limits.budget_s)
    coverage = Coverage(trace, places)
    examination, trials = await asyncio.to_thread(_plan, coverage, question, limits)
    for _ in range(_ROUNDS):
        if not trials or time.monotonic() >= deadline:
            break
        await _round(harness, coverage, examination.seen, trials, limits, deadline)
        trials = _once_more(examination)
    return examination


def _plan(coverage: Coverage, question: Question, limits: Limits) -> tuple[Examination, list[Trial]]:
    """Mutants of what runs at import come last: every test may notice them, so each takes long."""
    wanted = [mutant for mutant in question.mutants if question.whole and not mutant.quiet]
    wanted.sort(key=coverage.at_import)
    examination = Examination(
        tests_of={mutant: coverage.tests_of(mutant) for mutant in wanted},
        verifiers={verifier: _tests_of(verifier, coverage.trace) for verifier in question.verifiers},
    )
    chains = {
        verifier: (tests, _nearest(coverage, tests, question, limits))
        for verifier, tests in examination.verifiers.items()
    }
    return examination, [*for_all(examination.tests_of), *for_verifiers(chains)]


async def _round(
    harness: Harness, coverage: Coverage, seen: Seen, trials: list[Trial], limits: Limits, deadline: float
) -> None:
    subject = Subject.make()
    trials = [subject.trial(), *trials]
    seconds = await asyncio.to_thread(_seconds, coverage, trials, limits)
    endings = await harness.trials(subject, trials, seconds, max(deadline - time.monotonic(), 0.0))
    if not works(trials, endings):
        raise MutationError(
            "a test of our own that must notice a fault of our own did not, or could not run",
            "the code under test, its conftest or its configuration changes how pytest works",
        )
    seen.add(trials, endings)


def _seconds(coverage: Coverage, trials: list[Trial], limits: Limits) -> dict[Tests, float]:
    """How long each set of tests may take over one mutant."""
    return {
        tests: coverage.limit_s(tests, limits.trial_minimum_s, limits.trial_times)
        for tests in {trial.tests for trial in trials}
    }


def _once_more(examination: Examination) -> list[Trial]:
    """What was noticed by unsteady tests alone, with the steady ones."""
    seen = examination.seen
    again = {
        mutant: tuple(test for test in examination.tests_of[mutant] if test not in seen.unsteady)
        for mutant, outcome in seen.outcomes.items()
        if outcome == "doubtful"
    }
    return for_all(again)


def _tests_of(verifier: str, trace: Trace) -> Tests:
    """A node id selects itself, its parameters, and what it contains (a class or a file)."""
    within = (f"{verifier}[", f"{verifier}::")
    return tuple(
        test.id for test in trace.tests if test.passed and (test.id == verifier or test.id.startswith(within))
    )


def _nearest(coverage: Coverage, tests: Tests, question: Question, limits: Limits) -> list[Mutant]:
    """The mutants of the lines that the tests run, then of those that they import, then the others.

    The others are there because a test that starts a program runs lines that nobody sees from here.
    """
    run = coverage.run_by(tests)
    ordered = sorted(question.mutants, key=lambda mutant: (coverage.nearness(mutant, run), mutant.quiet))
    return ordered[: limits.verifier_tries]
