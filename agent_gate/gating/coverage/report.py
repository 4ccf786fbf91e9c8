"""What the tests ran of a change, in numbers and in places: a pure function over what was measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from agent_gate.gating.pytest_stream import FileCoverage

_NAMED = 12


@dataclass(frozen=True)
class FileReport:
    """One changed file: its changed lines and branches, and those that no test ran."""

    path: str
    lines: int
    missed_lines: tuple[int, ...]
    branches: int
    missed_branches: tuple[tuple[int, str], ...]
    excluded: int
    """Changed lines that the base's configuration excludes."""
    error: str = ""

    @property
    def told(self) -> str:
        """The places, in words."""
        said = [f"no test runs {_ranges(self.missed_lines)}"] if self.missed_lines else []
        missed = [(line, word) for line, word in self.missed_branches if line not in self.missed_lines]
        said += [f"line {line} {word}" for line, word in missed[:_NAMED]]
        more = len(missed) - _NAMED
        return "; ".join([*said, f"and {more} more branches"] if more > 0 else said)


@dataclass(frozen=True)
class ChangeReport:
    """All files of a change."""

    files: tuple[FileReport, ...]

    @property
    def wanted(self) -> int:
        """How many lines and branches there are to run."""
        return sum(file.lines + file.branches for file in self.files)

    @property
    def reached(self) -> int:
        """How many of them were run."""
        return self.wanted - sum(len(file.missed_lines) + len(file.missed_branches) for file in self.files)

    @property
    def excluded(self) -> int:
        """How many changed lines the base's configuration excludes."""
        return sum(file.excluded for file in self.files)

    def is_enough(self, per_cent: int) -> bool:
        """Whether at least so many per cent were run; exact, without rounding."""
        return self.reached * 100 >= self.wanted * per_cent

    @property
    def per_cent(self) -> str:
        """Rounded down to a tenth, so that it never looks like more than it is."""
        tenths = self.reached * 1000 // self.wanted if self.wanted else 0
        return f"{tenths // 10}.{tenths % 10}"

    @property
    def measures(self) -> Mapping[str, int]:
        """The numbers, for the gate's result."""
        return {
            "changed_lines": sum(file.lines for file in self.files),
            "missed_lines": sum(len(file.missed_lines) for file in self.files),
            "changed_branches": sum(file.branches for file in self.files),
            "missed_branches": sum(len(file.missed_branches) for file in self.files),
            "excluded_lines": self.excluded,
        }


def report_of(coverage: Mapping[str, FileCoverage], paths: Iterable[str]) -> ChangeReport:
    """The report on these files. A file that was not measured counts as one that cannot be read."""
    return ChangeReport(tuple(_file(path, coverage.get(path)) for path in sorted(paths)))


def _file(path: str, told: FileCoverage | None) -> FileReport:
    if told is None or told.error:
        return FileReport(path, 0, (), 0, (), 0, error=told.error if told else "the run told nothing of it")
    reached = set(told.reached)
    probes: dict[int, bool] = {}
    for line, probe in told.lines:
        if probe is not None:  # of several statements in one line, each has to be run
            probes[line] = probes.get(line, True) and probe in reached
    return FileReport(
        path=path,
        lines=len(probes),
        missed_lines=tuple(sorted(line for line, hit in probes.items() if not hit)),
        branches=len(told.branches),
        missed_branches=tuple(
            (line, word) for line, word, probe in sorted(told.branches) if probe not in reached
        ),
        excluded=len({line for line, probe in told.lines if probe is None}),
    )


def _ranges(numbers: Iterable[int]) -> str:
    """`line 3` or `lines 3-5, 9`."""
    found = []
    for _, group in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0]):
        run = [number for _, number in group]
        found.append(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}")
    text = ", ".join(found[:_NAMED]) + (", …" if len(found) > _NAMED else "")
    return f"line {text}" if len(found) == 1 and "-" not in text else f"lines {text}"
