"""Which mutant is tried with which tests, and what nobody on the inside can tell from a mutant.

Whatever comes out of the sandbox was perhaps written by the code under judgement. So among the mutants are
trials that change nothing in what the code does, at places that nobody can know: a side that says "noticed"
without looking says so of these too. Each set of tests has one; without it no mutant counts as noticed by
that set. A further trial must be noticed: a fault in a file of our own.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from agent_gate.gating.mutation.mutant import Mutant
from agent_gate.gating.mutation.operators import Edit
from agent_gate.gating.mutation.report import TestTrace, Trace

Tests = tuple[str, ...]
_random = secrets.SystemRandom()


@dataclass(frozen=True)
class Trial:
    """One edit of one file, and the tests that are run over it."""

    id: str
    kind: Literal["mutant", "neutral", "must be noticed"]
    path: str
    encoding: str
    edit: Edit
    tests: Tests
    mutant: Mutant | None = None
    chain: str = ""
    """The verifier for which it is tried; the others of its chain are left out once one is noticed."""

    @property
    def stop(self) -> bool:
        """One test that notices is enough."""
        return self.kind == "mutant" and not self.chain


@dataclass(frozen=True)
class Subject:
    """A module and a test of our own, under names that nobody can know before."""

    name: str

    @classmethod
    def make(cls) -> Subject:
        """A new one."""
        return cls(f"subject_{secrets.token_hex(12)}")

    @property
    def path(self) -> str:
        """The module's file."""
        return f"{self.name}.py"

    @property
    def test(self) -> str:
        """The test's node id."""
        return f"test_{self.name}.py::test_answer"

    @property
    def files(self) -> Mapping[str, str]:
        """What both files hold, by path."""
        return {
            self.path: "def answer():\n    return 1\n",
            f"test_{self.name}.py": f"def test_answer():\n    from {self.name} import answer\n\n"
            "    assert answer() == 1\n",
        }

    def trial(self) -> Trial:
        """A fault in the module, which the test must notice."""
        at = self.files[self.path].index("1")
        wrong = Edit("constant", at, at + 1, b"2")
        return Trial(secrets.token_hex(8), "must be noticed", self.path, "utf-8", wrong, (self.test,))


@dataclass(frozen=True)
class Coverage:
    """Which tests may notice a fault in which lines."""

    trace: Trace
    places: Sequence[tuple[str, int]]

    def tests_of(self, mutant: Mutant) -> Tests:
        """The passing tests that run one of the mutant's lines.

        What runs when a module is imported may matter to every test: those that run something else of the
        same file come first.
        """
        if self.at_import(mutant):
            return self._of_file[mutant.path]
        found = {number for place in self._places_of(mutant) for number in self._run_by.get(place, ())}
        return tuple(self._passing[number].id for number in sorted(found))

    @cached_property
    def _passing(self) -> tuple[TestTrace, ...]:
        return tuple(test for test in self.trace.tests if test.passed)

    @cached_property
    def _run_by(self) -> Mapping[int, list[int]]:
        """By place, the passing tests that run it."""
        found: dict[int, list[int]] = {}
        for number, test in enumerate(self._passing):
            for place in test.places:
                found.setdefault(place, []).append(number)
        return found

    @cached_property
    def _of_file(self) -> Mapping[str, Tests]:
        """By path, all passing tests, those that run something of that file first."""
        places: dict[str, set[int]] = {}
        for number, (path, _) in enumerate(self.places):
            places.setdefault(path, set()).add(number)
        return {
            path: tuple(t.id for t in sorted(self._passing, key=lambda t: own.isdisjoint(t.places)))
            for path, own in places.items()
        }

    def at_import(self, mutant: Mutant) -> bool:
        """Whether the mutant's lines run when their module is imported."""
        return not self._places_of(mutant).isdisjoint(self.trace.imported)

    def limit_s(self, tests: Tests, minimum_s: float, times: float) -> float:
        """How long these tests may take over a mutant: many times what they take without one."""
        wanted = set(tests)
        spent = self.trace.start_ms + sum(test.ms for test in self.trace.tests if test.id in wanted)
        return max(minimum_s, times * spent / 1000)

    def run_by(self, tests: Tests) -> frozenset[int]:
        """The places that any of these tests runs."""
        wanted = set(tests)
        return frozenset().union(*(test.places for test in self.trace.tests if test.id in wanted))

    def nearness(self, mutant: Mutant, run: frozenset[int]) -> int:
        """0 where one of these places is the mutant's, 1 where it is imported, 2 where nothing is seen of it."""
        if not self._places_of(mutant).isdisjoint(run):
            return 0
        return 1 if self.at_import(mutant) else 2

    @cached_property
    def _numbers(self) -> Mapping[tuple[str, int], int]:
        return {place: number for number, place in enumerate(self.places)}

    def _places_of(self, mutant: Mutant) -> set[int]:
        return {self._numbers[mutant.path, line] for line in mutant.lines}


def for_all(tests_of: Mapping[Mutant, Tests]) -> list[Trial]:
    """Each mutant with the tests that may notice it; one of none is left out."""
    trials = _with_neutral([_mutant(mutant, tests) for mutant, tests in tests_of.items() if tests])
    return [*trials, *_last(trials, _random.choice(trials).tests if trials else ())]


def for_verifiers(chains: Mapping[str, tuple[Tests, Sequence[Mutant]]]) -> list[Trial]:
    """The tests of each verifier alone with one mutant after the other, until one is noticed."""
    trials: list[Trial] = []
    for verifier, (tests, mutants) in chains.items():
        trials += _with_neutral([_mutant(mutant, tests, verifier) for mutant in mutants if tests])
    return [*trials, *_last(trials, tuple(dict.fromkeys(test for trial in trials for test in trial.tests)))]


def _mutant(mutant: Mutant, tests: Tests, chain: str = "") -> Trial:
    return Trial(
        secrets.token_hex(8), "mutant", mutant.path, mutant.encoding, mutant.edit, tests, mutant, chain
    )


def _with_neutral(trials: list[Trial]) -> list[Trial]:
    """Puts one that does nothing before or behind the first trial of each set of tests."""
    found: list[Trial] = []
    seen: set[Tests] = set()
    for trial in trials:
        pair = [trial]
        if trial.tests not in seen:
            seen.add(trial.tests)
            pair.insert(_random.randrange(2), _neutral(trial))
        found.extend(pair)
    return found


def _last(trials: list[Trial], tests: Tests) -> list[Trial]:
    """One more behind all others: whoever counts how often he was run fails there too."""
    return [replace(_neutral(_random.choice(trials)), tests=tests)] if trials else []


def _neutral(trial: Trial) -> Trial:
    mutant = trial.mutant
    if mutant is None:
        raise ValueError("only beside a mutant")
    return Trial(
        secrets.token_hex(8), "neutral", mutant.path, mutant.encoding, mutant.neutral, trial.tests, mutant
    )
