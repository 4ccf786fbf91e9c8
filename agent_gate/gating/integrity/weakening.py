"""Assertions of tests that are still there: which of them no longer stand, and what stands instead."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from agent_gate.gating.diff import FileDiff
from agent_gate.gating.integrity.assertions import ALWAYS, Assertion, implies
from agent_gate.gating.integrity.change import Change
from agent_gate.gating.integrity.marks import Case
from agent_gate.gating.integrity.matching import Tests
from agent_gate.gating.integrity.sign import Sign
from agent_gate.gating.integrity.units import Unit

_SHOWN = 6
_COMPARED = 300
"""Rows of a table that changed form are looked for among so many."""


@dataclass(frozen=True)
class Difference:
    """One test: what it no longer claims, and what it claims now instead."""

    old: Unit
    new: Unit
    lost: tuple[Assertion, ...]
    gained: tuple[Assertion, ...]
    narrowed: tuple[Assertion, ...]
    """Claims that stand, but only under a condition that was not there."""


def difference(old: Unit, new: Unit) -> Difference:
    """Compares two versions of a test, as multisets of claims."""
    standing: dict[str, list[Assertion]] = defaultdict(list)
    for made in new.live:
        standing[made.text].append(made)
    rows = Counter((made.text, made.guards) for made in new.spelled_out if new.cases and not old.cases)
    lost: list[Assertion] = []
    narrowed: list[Assertion] = []
    for made in old.live:
        found = standing[made.text]
        same = next((each for each in found if each.guards <= made.guards), found[0] if found else None)
        if same is None:
            if rows[made.text, made.guards] > 0:
                rows[made.text, made.guards] -= 1  # a row of a table claims it now
            else:
                lost.append(made)
            continue
        found.remove(same)
        if not same.guards <= made.guards and made.is_own:
            narrowed.append(same)
    gained = tuple(made for left in standing.values() for made in left)
    return Difference(old, new, tuple(_not_kept(lost, gained, new)), gained, tuple(narrowed))


def _not_kept(lost: Iterable[Assertion], gained: Sequence[Assertion], new: Unit) -> Iterator[Assertion]:
    """Leaves out what was made stricter, and what only looks at more than before."""
    by_subject: dict[str, list[Assertion]] = defaultdict(list)
    by_raw: dict[str, list[Assertion]] = defaultdict(list)
    for made in gained:
        by_subject[made.subject.text].append(made)
        by_raw[made.raw].append(made)
    raises = [made for made in gained if made.form == "raises"][:_COMPARED]
    inner = {made.raw for made in new.live if not made.is_own}
    for made in lost:
        near = (
            *by_subject[made.subject.text][:_COMPARED],
            *by_subject[made.operand.text][:_COMPARED],
            *(raises if made.form == "raises" else ()),
        )
        if any(implies(each, made) for each in near):
            continue
        if any(
            each.calls >= made.calls and each.constants >= made.constants
            for each in by_raw[made.raw][:_COMPARED]
        ):
            continue
        if not made.is_own and made.raw in inner:
            continue  # the function that claims it is still called, with something else
        yield made


def signs(change: Change, tests: Tests, differences: Sequence[Difference]) -> Iterator[tuple[str, Sign]]:
    """One sign a test, with the path where it stands."""
    diffs = {diff.path: diff for diff in change.diffs}
    moved = Counter(made.text for unit in tests.new for made in unit.live)
    moved.update(made.text for each in differences for made in each.gained)
    for each in differences:
        lost: list[Assertion] = []
        for made in each.lost:
            if moved[made.text] > 0:
                moved[made.text] -= 1
            elif made.is_own:
                lost.append(made)
        if lost:
            yield each.new.path, _sign(each, lost, diffs[each.new.path])
        elif each.narrowed:
            yield each.new.path, _narrowed(each)


def _sign(each: Difference, lost: list[Assertion], diff: FileDiff) -> Sign:
    old, new = each.old, each.new
    void = {made.raw: made.why_void for made in new.assertions if made.why_void}
    why = next((void[made.raw] for made in lost if made.raw in void), "")
    known = {made.raw for made in old.assertions}
    idle = [
        made for made in new.assertions if made.why_void in ALWAYS and made.is_own and made.raw not in known
    ]
    why = why or (idle[0].why_void if idle else "")
    raws = {made.raw for made in (*lost, *idle)}
    instead = [made for made in each.gained if made.is_own]
    instead += [made for made in new.assertions if made.why_void and made.raw in raws]
    first = instead[0].line if instead else new.line
    was = old.text(lost[0])
    shown = [f"- {old.text(made)}" for made in lost[:_SHOWN]] + [
        f"+ {new.text(made)}" for made in instead[:_SHOWN]
    ]
    if why or any(implies(made, now) for made in lost[:_SHOWN] for now in instead[:_COMPARED]):
        rule, what = "weakened-assertion", f"claims less than the base's version{f': {why}' if why else ''}"
    elif {old.text(made) for made in lost} <= {new.text(made) for made in instead}:
        rule, what = "changed-assertion", "claims the same about something else than in the base"
        shown = _lines_of(each, diff) or shown
    elif len(instead) >= len(lost):
        rule, what = "changed-assertion", "claims something else than the base's version"
    else:
        rule, what = "removed-assertion", "no longer claims all that the base's version does"
    message = f"{new.qualified!r} {what}: was `{was}`{_now(new, instead, was)}; look at whether the spec asks for this"
    return Sign(rule, first, "\n".join(dict.fromkeys(shown)), message)


def _lines_of(each: Difference, diff: FileDiff) -> list[str]:
    """The lines that the change edits in the test."""
    old, new = each.old.function, each.new.function
    removed = [
        f"- {x.text.strip()[:200]}" for x in diff.removed if old.lineno <= x.number <= (old.end_lineno or 0)
    ]
    added = [
        f"+ {x.text.strip()[:200]}" for x in diff.added if new.lineno <= x.number <= (new.end_lineno or 0)
    ]
    return removed[:_SHOWN] + added[:_SHOWN]


def _now(new: Unit, instead: list[Assertion], was: str) -> str:
    now = new.text(instead[0]) if instead else was
    return f", now `{now}`" if now != was else ""


def _narrowed(each: Difference) -> Sign:
    made = each.narrowed[0]
    message = f"{each.new.qualified!r} claims `{each.new.text(made)}` only under a condition now: look at when that is never true"
    return Sign("weakened-assertion", made.line, f"+ {each.new.text(made)}", message)


def void_signs(tests: Tests) -> Iterator[tuple[str, Sign]]:
    """Claims that are always true, in tests that are new or that did not make them before."""
    before = {id(new): {made.raw for made in old.assertions} for old, new in tests.matched}
    for unit in (*(new for _, new in tests.matched), *tests.new):
        for made in unit.assertions:
            if made.is_own and made.why_void in ALWAYS and made.raw not in before.get(id(unit), ()):
                message = f"{unit.qualified!r}: `{unit.text(made)}` shows nothing, {made.why_void}: look at what it should claim"
                yield unit.path, Sign("vacuous-assertion", made.line, unit.text(made), message)


def case_signs(tests: Tests) -> Iterator[tuple[str, Sign]]:
    """Rows that a table of cases lost, or that may be skipped now."""
    moved = Counter(case.values for unit in tests.new for case in unit.cases)
    for old, new in tests.matched:
        gained = Counter(case.values for case in new.cases)
        lost: list[Case] = []
        for case in old.cases:
            if gained[case.values] > 0:
                gained[case.values] -= 1
            elif moved[case.values] > 0:
                moved[case.values] -= 1
            else:
                lost.append(case)
        added = [case for case in new.cases if gained[case.values] > 0]
        lost = [case for case in lost if not _widened(case, added, new)] if len(lost) <= _COMPARED else lost
        if lost:
            yield new.path, _case_sign(new, lost, added)
        skipping = {case.values for case in old.cases if case.skips}
        for case in new.cases:
            if case.skips and case.values not in skipping and any(c.values == case.values for c in old.cases):
                message = (
                    f"a case of {new.qualified!r} is skipped or may fail now: look at why it need not pass"
                )
                yield new.path, Sign("new-skip", case.line, case.text, message)


def _widened(case: Case, added: Sequence[Case], new: Unit) -> bool:
    """A row that only got further values, or whose values stand in the test's own claims now."""
    wanted = set(case.values)
    if any(wanted <= set(row.values) for row in added[:_COMPARED] if len(row.values) > len(case.values)):
        return True
    return bool(case.constants) and any(case.constants <= made.constants for made in new.live[:_COMPARED])


def _case_sign(new: Unit, lost: list[Case], added: list[Case]) -> Sign:
    shown = [f"- {case.text}" for case in lost[:_SHOWN]] + [f"+ {case.text}" for case in added[:_SHOWN]]
    what = "has other cases" if added else "has fewer cases"
    message = f"{new.qualified!r} {what} than the base's version: `{lost[0].text}` is gone; look at whether the spec asks for this"
    return Sign("changed-case" if added else "removed-case", new.line, "\n".join(shown), message)
