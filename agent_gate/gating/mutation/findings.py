"""What the fate of the mutants says, as findings, numbers and tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from agent_gate.domain.gate import Finding, Level, TestCase
from agent_gate.gating.mutation.examine import Examination
from agent_gate.gating.mutation.mutant import Mutant

_NAMED = 3


def findings(gate: str, examination: Examination) -> tuple[Finding, ...]:
    """Survivors block; lines that no test runs are told, and block where no changed line is run by a test."""
    return (
        *_survivors(gate, examination),
        *_uncovered(gate, examination),
        *_not_run(gate, examination),
        *_weak(gate, examination),
        *_unsteady(gate, examination),
    )


def cases(examination: Examination) -> tuple[TestCase, ...]:
    """Each test of a verifier that the change adds or edits, with what it was tried on and what it noticed."""
    seen = examination.seen
    found: dict[str, TestCase] = {}
    for verifier, tests in examination.verifiers.items():
        for test in tests:
            known = found.get(test)
            found[test] = TestCase(
                id=test,
                outcome="passed",
                changed=True,
                mutants_tried=seen.tried.get(verifier, 0) + (known.mutants_tried if known else 0),
                mutants_killed=seen.kills.get((verifier, test), 0) + (known.mutants_killed if known else 0),
            )
    return tuple(found[test] for test in sorted(found))


def measures(examination: Examination) -> dict[str, int]:
    """How many mutants there are and how many ended in which way; how many verifiers notice one."""
    seen, tests_of, verifiers = examination.seen, examination.tests_of, examination.verifiers
    of_mutants = {
        "mutants": len(tests_of),
        "killed": seen.count("killed"),
        "killed_by_time_limit": len(seen.late),
        "survived": seen.count("survived"),
        "uncovered": sum(1 for tests in tests_of.values() if not tests),
        "not_run": seen.count("not run"),
    }
    of_verifiers = {
        "verifiers": len(verifiers),
        "noticing_verifiers": len({verifier for verifier, _ in seen.kills}),
    }
    return {**(of_mutants if tests_of else {}), **(of_verifiers if verifiers else {})}


def _survivors(gate: str, examination: Examination) -> Iterator[Finding]:
    for mutant, outcome in sorted(examination.seen.outcomes.items(), key=_place):
        if outcome == "survived":
            tests = len(examination.tests_of[mutant])
            by = "the one test that runs" if tests == 1 else f"any of the {tests} tests that run"
            yield Finding(
                gate=gate,
                rule="survived",
                path=mutant.path,
                line=mutant.line,
                message=f"{_fault(mutant)} is not noticed by {by} this line",
                severity="high",
                excerpt=f"- {mutant.old}\n+ {mutant.new}",
            )


def _uncovered(gate: str, examination: Examination) -> Iterator[Finding]:
    """One finding a file. It is not told twice what the coverage gate tells line by line."""
    tests_of = examination.tests_of
    covered = any(tests_of.values())
    by_path: dict[str, set[int]] = {}
    for mutant, tests in tests_of.items():
        if not tests:
            by_path.setdefault(mutant.path, set()).add(mutant.line)
    for path, lines in sorted(by_path.items()):
        yield Finding(
            gate=gate,
            rule="uncovered",
            path=path,
            line=min(lines),
            message=f"no test runs {_lines(lines)}: no fault there would be noticed",
            severity="medium" if covered else "high",
            level="note" if covered else "block",
            excerpt="lines that no test runs",
        )


def _not_run(gate: str, examination: Examination) -> Iterator[Finding]:
    """A question where most were not tried: silence about them is no answer."""
    missing, covered = examination.seen.count("not run"), sum(1 for t in examination.tests_of.values() if t)
    if missing:
        level: Level = "ask" if missing * 2 > covered else "note"
        message = f"{missing} of {covered} mutants were not tried: the time was up"
        yield _note(gate, "not-run", "", message, f"mutants that were not tried: {level}", level)


def _weak(gate: str, examination: Examination) -> Iterator[Finding]:
    """The clause that rests on such a test is unverified, which blocks; here stands what is missing."""
    seen = examination.seen
    for verifier, tests in sorted(examination.verifiers.items()):
        tried = seen.tried.get(verifier, 0)
        if not tried or any((verifier, test) in seen.kills for test in tests):
            continue
        unnoticed = seen.survivors.get(verifier, [])
        told = "; ".join(f"{_fault(m)} ({m.path}:{m.line})" for m in unnoticed[:_NAMED])
        message = f"{verifier} asserts nothing much: none of {tried} faults in the changed lines makes it fail by an assertion"
        yield _note(
            gate,
            "weak-test",
            verifier.partition("::")[0],
            f"{message}: {told}" if told else message,
            verifier,
        )


def _unsteady(gate: str, examination: Examination) -> Iterator[Finding]:
    for test in sorted(examination.seen.unsteady):
        message = f"{test} fails also where nothing is changed (by chance, or run without the others): what it says does not count"
        yield _note(gate, "unsteady-test", test.partition("::")[0], message, test)


def _note(gate: str, rule: str, path: str, message: str, excerpt: str, level: Level = "note") -> Finding:
    return Finding(
        gate=gate, rule=rule, path=path, message=message, severity="low", level=level, excerpt=excerpt
    )


def _fault(mutant: Mutant) -> str:
    return f"`{mutant.old}` → `{mutant.new}`"


def _place(item: tuple[Mutant, object]) -> tuple[str, int, str]:
    return item[0].path, item[0].line, item[0].new


def _lines(numbers: Iterable[int]) -> str:
    """`line 3`, `lines 3–5 and 9`."""
    spans = list(_spans(sorted(numbers)))
    told = [str(first) if first == last else f"{first}–{last}" for first, last in spans]
    word = "line" if told == [str(spans[0][0])] else "lines"
    return f"{word} {' and '.join(filter(None, (', '.join(told[:-1]), told[-1])))}"


def _spans(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    starts = [numbers[0], *(b for a, b in pairwise(numbers) if b != a + 1)]
    ends = [*(a for a, b in pairwise(numbers) if b != a + 1), numbers[-1]]
    return iter(list(zip(starts, ends, strict=True)))
