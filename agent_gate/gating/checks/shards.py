"""The same tests in several processes side by side: each runs a shard of them, in a copy and a sandbox of its own.

Shards only spare time. Where every test ends as it did on the base, or fails alone too where the base's
passes alone, the shards together say what one run says. Where they do not, one process runs all tests
after all, and that run is what counts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from agent_gate.gating.checks.again import BAD, Deadline, function_of, run_again
from agent_gate.gating.checks.trees import TestTrees, is_test_side
from agent_gate.gating.context import GateContext, together
from agent_gate.gating.pytest_harness import Measured
from agent_gate.gating.pytest_result import PytestRun, RunError
from agent_gate.gating.pytest_run import Shard, run_pytest
from agent_gate.gating.pytest_stream import FileCoverage

T = TypeVar("T")
_THROUGH_A_FILE = 0.05
"""A cut between two files is preferred to one through a file that is better by this share of the whole."""


@dataclass(frozen=True)
class AllTests:
    """What is to be run: every test of a tree that is judged, within the time that is left."""

    context: GateContext
    trees: TestTrees
    tree: str
    base: PytestRun
    until: Deadline
    measured: Measured | None = None
    markers: tuple[str, ...] = ()

    async def run(self, shard: Shard | None = None) -> PytestRun:
        """In one process: all of them, or a shard. Raises RunError."""
        return await run_pytest(
            self.context, self.tree, (), self.until.left_s, self.measured, self.markers, shard
        )


async def run_in_shards(tests: AllTests) -> PytestRun:
    """The tests in as many processes as pay, else in one. Raises RunError."""
    touched = await _touched(tests.context)
    shards = cut(tests.base, _count(tests), lambda test: _file(test) not in touched)
    if len(shards) > 1:
        try:
            run = joined(await together(*(tests.run(shard) for shard in shards)))
            if await _stands(tests, run, touched):
                return run
        except RunError:
            pass  # one run of all tests says what is wrong
    return await tests.run()


async def _touched(context: GateContext) -> frozenset[str]:
    """The files of tests that the change touches."""
    paths = {path for file in await context.diff() for path in (file.path, file.old_path) if path}
    return frozenset(path for path in paths if is_test_side(path, context.definition))


def _count(tests: AllTests) -> int:
    options, trees = tests.context.definition.options, tests.trees
    beside = 1 if trees.hybrid == trees.candidate else 3  # the candidate's, the hybrid and the red run
    total_s = sum(case.duration_ms for case in tests.base.cases.values()) / 1000
    worth = int(total_s / float(options["shard_s"]))
    free = tests.context.workplace.processors // beside
    return max(min(free, worth, tests.context.job.options.shards or int(options["shards"])), 1)


@dataclass(frozen=True)
class _Place:
    """Where one shard may end and the next begin."""

    function: str
    before_ms: int
    """What the tests before it took."""
    between_files: bool


def cut(base: PytestRun, count: int, may_begin: Callable[[str], bool]) -> tuple[Shard, ...]:
    """At most so many shards, one after another, that took about as long as each other on the base.

    They begin only with tests for which `may_begin` holds, and never within one function's parameters.
    """
    places = _places(base, may_begin)
    total = sum(case.duration_ms for case in base.cases.values())

    def unevenness(place: _Place, wanted: float) -> float:
        return abs(place.before_ms - wanted) + (0 if place.between_files else total * _THROUGH_A_FILE)

    chosen = {
        min(places, key=lambda place: unevenness(place, total * number / count))
        for number in range(1, count)
        if places
    }
    parts = _parts(base, {place.function for place in chosen})
    return tuple(_shard(part, parts, is_last=part is parts[-1]) for part in parts)


def _parts(base: PytestRun, begins: Collection[str]) -> list[list[str]]:
    """The functions of each shard; a function's parameters stay together, wherever they stand."""
    parts: list[list[str]] = [[]]
    for function in dict.fromkeys(map(function_of, base.cases)):
        if function in begins:
            parts.append([])
        parts[-1].append(function)
    return parts


def _shard(part: Sequence[str], parts: Sequence[Sequence[str]], *, is_last: bool) -> Shard:
    files = {_file(function) for function in part}
    rest = [function for other in parts if other is not part for function in other]
    return Shard(
        files=tuple(sorted(files)),
        others=tuple(sorted({_file(function) for function in rest} - files)),
        elsewhere=tuple(sorted(function for function in rest if _file(function) in files)),
        is_last=is_last,
    )


def _file(test: str) -> str:
    return test.partition("::")[0]


def _places(base: PytestRun, may_begin: Callable[[str], bool]) -> list[_Place]:
    places = []
    seen: set[str] = set()
    spent, file = 0, ""
    for test, case in base.cases.items():
        function = function_of(test)
        if seen and function not in seen and may_begin(test):
            places.append(_Place(function, spent, _file(function) != file))
        seen.add(function)
        file = _file(function)
        spent += case.duration_ms
    return places


def joined(parts: Sequence[PytestRun]) -> PytestRun:
    """What the shards of one tree say together.

    Raises RunError where two of them ran the same test, or say different things of the same.
    """
    cases = {test: case for part in parts for test, case in part.cases.items()}
    if len(cases) != sum(len(part.cases) for part in parts):
        raise RunError("two shards ran the same test")
    return PytestRun(
        cases=cases,
        files=_agreed([part.files for part in parts]),
        failures={node: failure for part in parts for node, failure in part.failures.items()},
        modules={name: file for part in parts for name, file in part.modules.items()},
        altered=_agreed([part.altered for part in parts]),
        overruled=tuple(sorted(test for part in parts for test in part.overruled)),
        coverage=_coverage([part.coverage for part in parts]),
        shards=len(parts),
        duration_ms=max(part.duration_ms for part in parts),
        output_sha256=hashlib.sha256(" ".join(part.output_sha256 for part in parts).encode()).hexdigest(),
    )


def _agreed(parts: Sequence[Mapping[str, T]]) -> dict[str, T]:
    """All of them in one; what one says must not hide what another one says."""
    united: dict[str, T] = {}
    for name, value in (item for part in parts for item in part.items()):
        if united.setdefault(name, value) != value:
            raise RunError(f"two shards say different things of {name}")
    return united


def _coverage(parts: Sequence[Mapping[str, FileCoverage] | None]) -> Mapping[str, FileCoverage] | None:
    """A probe is reached where one shard reached it. Raises RunError where they did not look at the same."""
    measured = [part for part in parts if part is not None]
    if len(measured) < len(parts):
        return None
    plans = [
        {path: file.model_copy(update={"reached": ()}) for path, file in part.items()} for part in measured
    ]
    if any(plan != plans[0] for plan in plans):
        raise RunError("two shards measured different lines")
    return {
        path: file.model_copy(
            update={"reached": tuple(sorted({r for part in measured for r in part[path].reached}))}
        )
        for path, file in plans[0].items()
    }


async def _stands(tests: AllTests, run: PytestRun, touched: frozenset[str]) -> bool:
    """Whether what the shards say has nothing to do with the shards."""
    base = tests.base
    kept = [test for test in {**base.cases, **run.cases} if _file(test) not in touched]
    bad = {test for test in kept if run.outcome(test) in BAD and base.outcome(test) == "passed"}
    if any(run.outcome(test) in BAD for test in run.cases.keys() - kept):
        return False
    if any(run.outcome(test) != base.outcome(test) for test in kept if test not in bad):
        return False
    if not bad:
        return True
    again, on_base = await together(
        run_again(tests.context, tests.tree, bad, tests.until, tests.markers),
        run_again(tests.context, tests.trees.base, bad, tests.until),
    )
    if not again or not on_base:
        return False
    return all(again.outcome(test) in BAD and on_base.outcome(test) == "passed" for test in bad)
