"""All rules over one change. What a rule cannot read is a finding, never silence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from agent_gate.domain.gate import Finding
from agent_gate.gating.integrity import (
    answers,
    characters,
    configuration,
    identifiers,
    javascript,
    lookups,
    removal,
    special_cases,
    startup,
    support,
    suppressions,
    units,
    weakening,
)
from agent_gate.gating.integrity.change import Change, Pair, sources
from agent_gate.gating.integrity.matching import match_tests
from agent_gate.gating.integrity.sign import Balance, Sign, balance, without_moved
from agent_gate.gating.integrity.source import Source
from agent_gate.gating.integrity.versions import Versions

_EXCERPT = 1600
_Placed = Iterator[tuple[str, Sign]]


def examine(change: Change, gate: str = "integrity") -> tuple[Finding, ...]:
    """All findings about a change, by path and line. Pure: only the change is read."""
    placed: list[tuple[str, Sign]] = []
    versions: list[Versions] = []
    for pair in change.pairs:
        for rule in (_line_rules, _file_rules):
            placed += _guarded(pair.path, lambda rule=rule, pair=pair: rule(change, pair))  # type: ignore[misc]
        if pair.is_python:
            placed += _unparsable(pair)
            placed += _guarded(pair.path, lambda pair=pair: _beyond(pair))  # type: ignore[misc]
            versions.append(Versions.of(change.kinds, pair))
    placed += _python_rules(versions)
    placed += _guarded("", lambda: _test_rules(change))
    placed += _guarded("", lambda: _input_rules(change))
    return tuple(_findings(gate, placed))


def _guarded(path: str, rule: Callable[[], Iterable[tuple[str, Sign]]]) -> list[tuple[str, Sign]]:
    placed: list[tuple[str, Sign]] = []
    with _told_too_deep(path, placed):
        placed += rule()
    return placed


@contextmanager
def _told_too_deep(path: str, placed: list[tuple[str, Sign]]) -> Iterator[None]:
    try:
        yield
    except RecursionError:
        message = "the code is nested too deeply to be examined: look at why it has to be"
        placed.append((path, Sign("unparsable", 0, "", message, "block")))


def _unparsable(pair: Pair) -> Iterator[tuple[str, Sign]]:
    """A file in which the rules could not look; it asks only where it was no better in the base."""
    after, before = pair.after, pair.before
    if after is None or not after.problem or not pair.is_changed:
        return
    known = before is not None and bool(before.problem)
    message = f"Python cannot read {pair.path!r}, so nothing in it was examined: {after.problem[:200]}"
    yield pair.path, Sign("unparsable", 0, "", message, "ask" if known else "block")


def _beyond(pair: Pair) -> Iterator[tuple[str, Sign]]:
    """A file of tests that is too long to be examined to its end."""
    after = pair.after
    if pair.is_test and after is not None and (left := units.beyond(after)):
        message = (
            f"{left} functions at the end of {pair.path!r} were not examined: there are too many of them"
        )
        yield pair.path, Sign("unexamined", 0, "", message, "ask")


def _python_rules(versions: Sequence[Versions]) -> list[tuple[str, Sign]]:
    """Rules over whole Python files. The bases are examined in full only where one rule gained something."""
    placed: list[tuple[str, Sign]] = []
    gains = False
    for each in versions:
        with _told_too_deep(each.path, placed):
            gains = each.some_rule_gains() or gains
    balances: list[Balance] = []
    for each in versions if gains else ():
        with _told_too_deep(each.path, placed):
            balances.append(each.balance())
    for each_file in without_moved(balances):
        placed += [(each_file.path, sign) for sign in suppressions.together(each_file.gained)]
    return placed


def _line_rules(change: Change, pair: Pair) -> _Placed:
    """Rules over added lines, of any file that is text."""
    diff, kinds = pair.diff, change.kinds
    if diff.is_binary or diff.after is None:
        return
    is_code = pair.is_python or kinds.holds("code", pair.path)
    found = list(
        characters.line_signs(
            diff, is_prose=kinds.holds("prose", pair.path), is_test=pair.is_test, is_code=is_code
        )
    )
    found += configuration.line_signs(change, pair)
    if not pair.is_python:
        found += startup.text_signs(pair)
    if is_code and not pair.is_python:
        found += identifiers.line_signs(diff.added)
        old, new = (list(suppressions.line_signs(lines)) for lines in (diff.removed, diff.added))
        found += suppressions.together(balance(diff, old, new).gained)
    if kinds.holds("javascript", pair.path) and kinds.holds("javascript_tests", pair.path):
        found += javascript.lost_claims(pair)
        if not diff.is_added:
            found += balance(
                diff, list(javascript.signs(diff.removed)), list(javascript.signs(diff.added))
            ).gained
    yield from ((pair.path, sign) for sign in found)


def _file_rules(change: Change, pair: Pair) -> _Placed:
    """Rules over a file as a whole."""
    if not pair.is_changed:
        return
    yield from ((pair.path, sign) for sign in configuration.file_signs(change, pair))
    yield from ((pair.path, sign) for sign in startup.file_signs(pair))


def _test_rules(change: Change) -> _Placed:
    """Rules over the tests of both sides together, since tests move."""
    tests = match_tests(change)
    differences = [weakening.difference(old, new) for old, new in tests.matched]
    weakened = list(weakening.signs(change, tests, differences))
    told = {(path, sign.line) for path, sign in weakened}
    yield from weakened
    yield from (found for found in weakening.void_signs(tests) if (found[0], found[1].line) not in told)
    yield from weakening.case_signs(tests)
    yield from removal.signs(tests, differences)
    yield from removal.skip_signs(change, tests)
    yield from support.patch_signs(tests)
    for pair in change.test_pairs:
        yield from ((pair.path, sign) for sign in support.fixture_signs(pair))
        yield from ((pair.path, sign) for sign in support.replaced_signs(pair))


def _input_rules(change: Change) -> _Placed:
    """Source and data against the literals of all tests that are known."""
    pairs = [pair for pair in change.pairs if pair.is_python and not pair.is_test and pair.after is not None]
    data = [pair for pair in change.pairs if not pair.is_python and answers.is_data(pair)]
    for pair in pairs:
        yield from _gained(pair, lookups.signs)
    if not data and not any(pair.after and _may_answer(pair.after) for pair in pairs):
        return
    tests = [
        *sources(change.test_pairs, before=True),
        *sources(change.test_pairs, before=False),
        *(Source(path, content) for path, content in change.tests.items()),
    ]
    rows = special_cases.rows(tests)
    for pair in pairs:
        yield from _gained(pair, lambda source: special_cases.signs(source, rows))
        yield from _gained(pair, lambda source: answers.source_signs(source, rows))
    yield from answers.data_signs(data, rows)


def _may_answer(source: Source) -> bool:
    return answers.holds_table(source) or any(special_cases.special_cases(source))


def _gained(pair: Pair, rule: Callable[[Source], Iterable[Sign]]) -> _Placed:
    """What a rule says about a file that it did not say about the base's version."""
    if pair.after is None:
        return
    after = list(rule(pair.after))
    before = list(rule(pair.before)) if after and pair.before else []
    yield from ((pair.path, sign) for sign in balance(pair.diff, before, after).gained)


def _findings(gate: str, placed: Iterable[tuple[str, Sign]]) -> Iterator[Finding]:
    seen: set[tuple[str, Sign]] = set()
    for path, sign in sorted(placed, key=lambda item: (item[0], item[1].line, item[1].rule)):
        if (path, sign) in seen:
            continue
        seen.add((path, sign))
        yield Finding(
            gate=gate,
            rule=sign.rule,
            path=path,
            message=sign.message,
            line=sign.line,
            end_line=sign.line,
            severity="high" if sign.level == "block" else "medium",
            level=sign.level,
            excerpt=sign.text.strip()[:_EXCERPT],
        )
