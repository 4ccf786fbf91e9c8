"""What the rules see in the two versions of a Python file.

Most changes give most rules nothing to say. So each rule looks at the base's version only where it saw
something in the candidate's: what it sees there may have been there before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from agent_gate.gating.diff import FileDiff
from agent_gate.gating.integrity import (
    awareness,
    callers,
    chances,
    equality,
    exits,
    hidden_code,
    identifiers,
    replacements,
    searches,
    startup,
    support,
    suppressions,
    surroundings,
    time_bombs,
)
from agent_gate.gating.integrity.change import FileKinds, Pair
from agent_gate.gating.integrity.sign import Balance, Sign, balance
from agent_gate.gating.integrity.source import Source

_Rule = Callable[[Source], Iterable[Sign]]


class _Version:
    """One version, or none, and what has been asked about it."""

    def __init__(self, kinds: FileKinds, source: Source | None) -> None:
        self._source = source
        self._rules = _rules(kinds, source.path) if source else {}
        self._seen: dict[str, list[Sign]] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._rules)

    def signs(self, name: str) -> list[Sign]:
        """What the rule sees, by line; nothing where it does not look at such a file."""
        if self._source is None or name not in self._rules:
            return []
        if name not in self._seen:
            self._seen[name] = sorted(self._rules[name](self._source), key=lambda sign: sign.line)
        return self._seen[name]


@dataclass(frozen=True)
class Versions:
    """Both versions of one file."""

    diff: FileDiff
    before: _Version
    after: _Version

    @classmethod
    def of(cls, kinds: FileKinds, pair: Pair) -> Versions:
        """Nothing is examined yet."""
        return cls(pair.diff, _Version(kinds, pair.before), _Version(kinds, pair.after))

    @property
    def path(self) -> str:
        """The file's path; the old one where it is deleted."""
        return self.diff.path

    def some_rule_gains(self) -> bool:
        """Whether a rule sees more in the candidate than the same rule saw in the base."""
        for name in self.after:
            after = self.after.signs(name)
            if after and balance(self.diff, self.before.signs(name), after).gained:
                return True
        return False

    def balance(self) -> Balance:
        """What the versions differ in, over all rules."""
        before = [sign for name in self.before for sign in self.before.signs(name)]
        after = [sign for name in self.after for sign in self.after.signs(name)]
        return balance(self.diff, before, sorted(after, key=lambda sign: sign.line))


def _rules(kinds: FileKinds, path: str) -> Mapping[str, _Rule]:
    """The rules that look at a file, by name."""
    is_test, is_testing = kinds.is_test(path), kinds.holds("testing", path)
    rules: dict[str, _Rule] = {
        "folding": _not_wholly_folded,
        "suppressions": suppressions.python_signs,
        "equality": lambda source: equality.signs(source.folded, is_test=is_test),
        "hidden code": lambda source: hidden_code.signs(source, is_test=is_test),
        "identifiers": identifiers.python_signs,
        "plugins": lambda source: startup.plugin_signs(source.folded),
        "hooks": lambda source: support.hook_signs(source.folded),
    }
    if is_test:
        return {**rules, "exits of tests": lambda source: exits.test_signs(source.folded)}
    is_script = kinds.holds("scripts", path) or not kinds.holds("python", path)
    is_program = kinds.holds("programs", path)
    return {
        **rules,
        "exits": lambda source: exits.source_signs(source.folded, is_program=is_program, is_script=is_script),
        "awareness": lambda source: awareness.source_signs(source.folded, is_testing=is_testing),
        "replacements": lambda source: replacements.signs(source.folded, is_testing=is_testing),
        "surroundings": lambda source: surroundings.signs(source.folded, is_testing=is_testing),
        "searches": lambda source: searches.signs(source.folded),
        "callers": lambda source: callers.signs(source.folded),
        "time bombs": lambda source: time_bombs.signs(source.folded),
        "chances": lambda source: chances.signs(source.folded),
    }


def _not_wholly_folded(source: Source) -> Iterator[Sign]:
    if not source.is_wholly_folded:
        message = f"constants are put together so often in {source.path!r} that not all of it was examined"
        yield Sign("unexamined", 0, "", message, "ask")
