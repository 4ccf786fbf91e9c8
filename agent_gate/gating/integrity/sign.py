"""What a rule sees at one place of one version of a file, and which of it a change introduces."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent_gate.domain.gate import Level
from agent_gate.gating.diff import FileDiff

_MOVED = 12
"""A line this long that left one file and stands in another was moved; shorter ones are alike by chance."""


@dataclass(frozen=True)
class Sign:
    """Something that a rule looks for, in the base or in the candidate."""

    rule: str
    line: int
    text: str
    """The line that it stands on."""
    message: str
    """What it is, and what an approver should look at; one sentence."""
    level: Level = "ask"
    detail: str = ""
    """What stays the same when the rest of the line is edited."""

    @property
    def key(self) -> tuple[str, str]:
        """Rule and line, without spacing: moved lines stay what they were."""
        return self.rule, " ".join(self.text.split())


@dataclass(frozen=True)
class Balance:
    """What one file gained and lost."""

    path: str
    gained: tuple[Sign, ...]
    lost: tuple[Sign, ...]


def balance(diff: FileDiff, before: Sequence[Sign], after: Sequence[Sign]) -> Balance:
    """Compares two versions of a file, as multisets of lines; then, within a hunk, of details.

    So a second identical suppression is a new one, and a line that is edited keeps what it had.
    """
    gained, lost = _without_common(before, after)
    old = [(hunk.old_start, hunk.old_start + hunk.old_count) for hunk in diff.hunks]
    new = [(hunk.new_start, hunk.new_start + hunk.new_count) for hunk in diff.hunks]
    waiting: dict[tuple[int, str, str], list[Sign]] = defaultdict(list)
    for sign in lost:
        if (hunk := _place(old, sign.line)) is not None:
            waiting[hunk, sign.rule, sign.detail].append(sign)
    kept: list[Sign] = []
    for sign in gained:
        hunk = _place(new, sign.line)
        same = waiting.get((hunk, sign.rule, sign.detail)) if hunk is not None and sign.detail else None
        if same:
            same.pop()
        else:
            kept.append(sign)
    left = [sign for sign in lost if _place(old, sign.line) is None]
    left += [sign for signs in waiting.values() for sign in signs]
    return Balance(diff.path, tuple(kept), tuple(left))


def without_moved(balances: Sequence[Balance]) -> tuple[Balance, ...]:
    """Leaves out what one file lost and another one gained, line for line: it was moved."""
    leaving = Counter(sign.key for each in balances for sign in each.lost if len(sign.key[1]) >= _MOVED)
    found: list[Balance] = []
    for each in balances:
        gained: list[Sign] = []
        for sign in each.gained:
            if leaving[sign.key] > 0:
                leaving[sign.key] -= 1
            else:
                gained.append(sign)
        found.append(Balance(each.path, tuple(gained), each.lost))
    return tuple(found)


def _without_common(before: Iterable[Sign], after: Iterable[Sign]) -> tuple[list[Sign], list[Sign]]:
    before, after = list(before), list(after)
    known, now = Counter(sign.key for sign in before), Counter(sign.key for sign in after)
    return _beyond(after, known), _beyond(before, now)


def _beyond(signs: Iterable[Sign], known: Counter[tuple[str, str]]) -> list[Sign]:
    left = known.copy()
    found: list[Sign] = []
    for sign in signs:
        if left[sign.key] > 0:
            left[sign.key] -= 1
        else:
            found.append(sign)
    return found


def _place(ranges: Sequence[tuple[int, int]], line: int) -> int | None:
    """Which of the ranges, in ascending order, holds the line."""
    low, high = 0, len(ranges)
    while low < high:
        middle = (low + high) // 2
        first, end = ranges[middle]
        if line < first:
            high = middle
        elif line >= end:
            low = middle + 1
        else:
            return middle
    return None
