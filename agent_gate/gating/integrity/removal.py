"""Tests that are gone, renamed so that nothing runs them, or skipped where they were not before."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from agent_gate.gating.integrity.change import Change
from agent_gate.gating.integrity.matching import Tests
from agent_gate.gating.integrity.sign import Sign
from agent_gate.gating.integrity.units import Group, Unit, groups
from agent_gate.gating.integrity.weakening import Difference

_SHOWN = 8
_ALONE = 3
"""So many tests that a file lost are told one by one; more, together."""


def signs(tests: Tests, differences: Sequence[Difference]) -> Iterator[tuple[str, Sign]]:
    """Tests of the base that run no more, unless others claim all that they claimed."""
    pool = Counter(made.text for unit in tests.new for made in unit.live)
    pool.update(made.text for each in differences for made in each.gained)
    patterns = _patterns(tests, differences)
    lost: dict[str, list[Unit]] = defaultdict(list)
    for unit in tests.gone:
        if unit.is_collected and not _is_covered(unit, pool, patterns):
            lost[unit.path].append(unit)
    for path, gone in lost.items():
        if len(gone) <= _ALONE:
            yield from ((path, _removed([unit])) for unit in gone)
        else:
            yield path, _removed(gone)
    for old, new in tests.matched:
        if old.is_collected and not new.is_collected:
            message = f"{old.qualified!r} is called {new.qualified!r} in {new.path!r} now, which no test run collects: look at why it need not run"
            yield new.path, Sign("removed-test", new.line, new.source.line(new.line), message)


def _patterns(tests: Tests, differences: Sequence[Difference]) -> Mapping[str, set[str]]:
    """For each claim of new tests, without its constants, all the constants that it is made with."""
    found: dict[str, set[str]] = defaultdict(set)
    for unit in tests.new:
        rows = frozenset().union(*(case.constants for case in unit.cases))
        for made in unit.live:
            found[made.pattern] |= made.constants | rows
    for each in differences:
        rows = frozenset().union(*(case.constants for case in each.new.cases))
        for made in (*each.gained, *(each.new.live if len(each.new.cases) > len(each.old.cases) else ())):
            found[made.pattern] |= made.constants | rows
    return found


def _is_covered(unit: Unit, pool: Counter[str], patterns: Mapping[str, set[str]]) -> bool:
    """Whether other tests claim the same: word for word, or in a table of cases."""
    if not unit.live:
        return False
    rows = frozenset().union(*(case.constants for case in unit.cases))
    for made in unit.live:
        if pool[made.text] > 0:
            pool[made.text] -= 1
        elif not (made.pattern in patterns and made.constants | rows <= patterns[made.pattern]):
            return False
    return True


def _removed(gone: Sequence[Unit]) -> Sign:
    names = ", ".join(repr(unit.qualified) for unit in gone[:_SHOWN]) + (
        " and more" if len(gone) > _SHOWN else ""
    )
    what = f"the test {names} is gone" if len(gone) == 1 else f"{len(gone)} tests are gone: {names}"
    claims = [unit.text(made) for unit in gone for made in unit.live[:2]][:_SHOWN]
    shown = [f"- {claim}" for claim in claims] or [f"- def {unit.name}" for unit in gone[:_SHOWN]]
    claimed = f"; it claimed `{claims[0]}`" if claims and len(gone) == 1 else ""
    message = f"{what}, and nothing in the change claims the same{claimed}; look at what is no longer held"
    return Sign("removed-test", 0, "\n".join(shown), message)


def skip_signs(change: Change, tests: Tests) -> Iterator[tuple[str, Sign]]:
    """New skips of tests that the base has; a new test may be skipped as it likes."""
    bases = {id(old.source): old.source for old, _ in tests.matched}
    above = {key: {group.qualified: group.skips for group in groups(source)} for key, source in bases.items()}
    for old, new in tests.matched:
        if not old.is_collected:
            continue
        around = above[id(old.source)]
        known = {*old.skips, *around.get("", ()), *around.get(old.qualified.split(".")[0], ())}
        for mark, line in new.skips.items():
            if mark not in known:
                message = f"{new.qualified!r} can be skipped, or may fail, where the base's version has to pass: look at when that is"
                yield new.path, Sign("new-skip", line, new.source.line(line), message)
    yield from _group_signs(change)


def _group_signs(change: Change) -> Iterator[tuple[str, Sign]]:
    for pair in change.test_pairs:
        if pair.before is None or pair.after is None:
            continue
        old = {group.qualified: group for group in groups(pair.before)}
        for group in groups(pair.after):
            known = old.get(group.qualified)
            if known is not None:
                yield from ((pair.path, sign) for sign in _new_in(group, known))


def _new_in(group: Group, known: Group) -> Iterator[Sign]:
    where = f"class {group.qualified!r}" if group.qualified else "file"
    for mark, line in group.skips.items():
        if mark not in known.skips:
            message = f"all tests of this {where} can be skipped, or may fail, where the base's version has to pass: look at when that is"
            yield Sign("new-skip", line, group.source.line(line), message)
