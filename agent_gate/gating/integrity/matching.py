"""Which test of the candidate is which test of the base: by name, by a name elsewhere, or by what it does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from agent_gate.gating.integrity.change import Change, sources
from agent_gate.gating.integrity.units import Unit, helpers, units


@dataclass(frozen=True)
class Tests:
    """The tests of both sides, matched."""

    __test__ = False  # pytest: this is a value, not a test class

    matched: tuple[tuple[Unit, Unit], ...]
    gone: tuple[Unit, ...]
    """Of the base, without a counterpart."""
    new: tuple[Unit, ...]
    """Of the candidate, without a counterpart."""


def match_tests(change: Change) -> Tests:
    """Reads the test side of a change. First within a file by full name, then anywhere by name, then by body."""
    matched: list[tuple[Unit, Unit]] = []
    gone: list[Unit] = []
    new: list[Unit] = []
    known_before = helpers(sources(change.test_pairs, before=True))
    known_after = helpers(sources(change.test_pairs, before=False))
    for pair in change.test_pairs:
        kinds = change.kinds
        before, after = pair.before, pair.after
        old = [] if before is None else list(
            units(before, known_before, is_module=kinds.holds("test_modules", before.path))
        )  # fmt: skip
        now = [] if after is None else list(
            units(after, known_after, is_module=kinds.holds("test_modules", after.path))
        )  # fmt: skip
        found, left, added = _join(old, now, lambda unit: unit.qualified)
        matched += found
        gone += left
        new += added
    for key in (_name, _body):
        found, left, added = _join(gone, new, key)
        matched += found
        gone, new = left, added
    return Tests(tuple(matched), tuple(gone), tuple(new))


def _name(unit: Unit) -> str:
    return unit.name


def _body(unit: Unit) -> str:
    return unit.body


def _join(
    old: Iterable[Unit], now: Sequence[Unit], key: Callable[[Unit], str]
) -> tuple[list[tuple[Unit, Unit]], list[Unit], list[Unit]]:
    """Pairs of one key, in their order; then what is left on either side."""
    waiting: dict[str, list[Unit]] = defaultdict(list)
    for unit in reversed(now):
        waiting[key(unit)].append(unit)
    pairs: list[tuple[Unit, Unit]] = []
    left: list[Unit] = []
    for unit in old:
        if waiting[key(unit)]:
            pairs.append((unit, waiting[key(unit)].pop()))
        else:
            left.append(unit)
    taken = {id(unit) for _, unit in pairs}
    return pairs, left, [unit for unit in now if id(unit) not in taken]
