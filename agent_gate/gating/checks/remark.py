"""What is said about single tests, put together: a hundred cases of one test are one question."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from agent_gate.domain.gate import Finding, Level
from agent_gate.gating.checks.again import function_of

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
    cause: str = ""
    """What is the reason for more tests than this one, where it is known."""

    @property
    def function(self) -> str:
        """The test without its parameters."""
        return function_of(self.test)


def put_together(gate: str, remarks: Iterable[Remark]) -> Iterator[Finding]:
    """One finding for all cases of a test that fail in no way of their own; for many tests that a file lost, one."""
    by_function: dict[tuple[str, Level, str], list[Remark]] = defaultdict(list)
    for remark in remarks:
        test = remark.cause or (remark.test if remark.rule in _EACH else remark.function)
        by_function[remark.rule, remark.level, test].append(remark)
    removed: dict[str, list[list[Remark]]] = defaultdict(list)
    for alike in by_function.values():
        if alike[0].rule == "removed-test":
            removed[_file(alike[0])].append(alike)
        elif alike[0].cause:
            yield _of_cause(gate, alike)
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


def _of_cause(gate: str, alike: Sequence[Remark]) -> Finding:
    functions = list(dict.fromkeys(remark.function for remark in alike))
    if len(functions) == 1:
        return _of_function(gate, alike)
    finding = _finding(
        gate, alike[0], f"{_named(functions, alike)}: {alike[0].message}", "\n".join(functions)
    )
    files = {_file(remark) for remark in alike}
    return finding if len(files) == 1 else finding.model_copy(update={"path": "", "line": 0})


def _named(names: Sequence[str], alike: Sequence[Remark]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    cases = f" ({len(alike)} cases)" if len(alike) > len(names) else ""
    return f"{len(names)} tests{cases}, {', '.join(names[:_NAMED])}{more}"


def _of_file(gate: str, path: str, tests: Sequence[Sequence[Remark]]) -> Finding:
    names = [alike[0].function.partition("::")[2] for alike in tests]
    cases = [remark for alike in tests for remark in alike]
    message = f"{path}: the change removes {_named(names, cases)}"
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
