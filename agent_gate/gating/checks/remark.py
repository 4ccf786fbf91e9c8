"""What is said about single tests, put together: a hundred cases of one test are one question."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from agent_gate.domain.gate import Finding, Level
from agent_gate.gating.checks.runs import function_of

_ALONE = 3
"""So many removed tests of a file are told one by one; more, together."""
_NAMED = 8
_EACH = frozenset({"failing-test", "flaky-test"})
"""Each case fails in a way of its own, which whoever mends it wants to see."""


@dataclass(frozen=True)
class Remark:
    """One sentence about one test."""

    rule: str
    test: str
    """Its id, with the parameters."""
    message: str
    level: Level = "block"
    line: int = 0
    excerpt: str = ""
    introduced: bool = True

    @property
    def function(self) -> str:
        """The test without its parameters."""
        return function_of(self.test)


def put_together(gate: str, remarks: Iterable[Remark]) -> Iterator[Finding]:
    """One finding for all cases of a test that fail in no way of their own; for many tests that a file lost, one."""
    by_function: dict[tuple[str, Level, str], list[Remark]] = defaultdict(list)
    for remark in remarks:
        test = remark.test if remark.rule in _EACH else remark.function
        by_function[remark.rule, remark.level, test].append(remark)
    removed: dict[str, list[list[Remark]]] = defaultdict(list)
    for alike in by_function.values():
        if alike[0].rule == "removed-test":
            removed[_file(alike[0])].append(alike)
        else:
            yield _of_function(gate, alike)
    for path, tests in removed.items():
        if len(tests) > _ALONE:
            yield _of_file(gate, path, tests)
        else:
            yield from (_of_function(gate, alike) for alike in tests)


def _of_function(gate: str, alike: Sequence[Remark]) -> Finding:
    first = alike[0]
    several = f"{first.function} ({len(alike)} cases, among them {first.test.removeprefix(first.function)})"
    return _finding(gate, first, f"{first.test if len(alike) == 1 else several}: {first.message}")


def _of_file(gate: str, path: str, tests: Sequence[Sequence[Remark]]) -> Finding:
    names = [alike[0].function.partition("::")[2] for alike in tests]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    count = sum(map(len, tests))
    cases = f" ({count} cases)" if count > len(tests) else ""
    message = f"{path}: the change removes {len(tests)} tests{cases}: {', '.join(names[:_NAMED])}{more}"
    return _finding(gate, tests[0][0], message, excerpt="\n".join(names))


def _finding(gate: str, remark: Remark, message: str, excerpt: str = "") -> Finding:
    return Finding(
        gate=gate,
        rule=remark.rule,
        path=_file(remark),
        message=message,
        line=remark.line,
        severity="medium" if remark.level == "ask" else "high",
        level=remark.level,
        excerpt=excerpt or remark.excerpt,
        introduced=remark.introduced,
    )


def _file(remark: Remark) -> str:
    return remark.test.partition("::")[0]
