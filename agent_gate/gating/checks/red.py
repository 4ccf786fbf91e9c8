"""Whether a test that fails on the base fails because the change is missing there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from agent_gate.gating.checks.imports import definitions
from agent_gate.gating.pytest_stream import Failure

_ASSERTIONS = {"AssertionError", "Failed"}
_BY_NAME = ("NameError", "AttributeError", "ImportError")
_QUOTED = re.compile(r"['\"]([\w.]+)['\"]")
_CALLED = re.compile(r"([\w.<>]+)\(\)")


@dataclass(frozen=True)
class Introduced:
    """The names that a change brings, and the functions whose parameters it alters (last parts only)."""

    names: frozenset[str]
    functions: frozenset[str]


def introduced_names(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> Introduced:
    """Compares the changed source files, by path, as they were and as they are."""
    names: set[str] = set()
    functions: set[str] = set()
    for path, source in after.items():
        if path not in before:
            module = PurePosixPath(path)
            names |= {module.parent.name if module.name == "__init__.py" else module.stem}
        old, new = definitions(before.get(path, b"")), definitions(source)
        names |= {name.rpartition(".")[2] for name in new.keys() - old.keys()}
        functions |= {_owner(name) for name in new.keys() & old.keys() if new[name] != old[name]}
    return Introduced(frozenset(names), frozenset(functions) - {""})


def redness(failure: Failure | None, introduced: Introduced) -> str:
    """How the failure is red: `assertion`, an exception's name, or empty where it shows nothing.

    Only a failed assertion, or a NameError, AttributeError, ImportError or TypeError about something
    that the change introduces, counts: a syntax error, a missing third-party module or a crash of the
    test itself would be red for any change.
    """
    if failure is None or not failure.kinds:
        return ""
    if _ASSERTIONS & set(failure.kinds):
        return "assertion"
    mentioned = {name.rpartition(".")[2] for name in (*failure.names, *_QUOTED.findall(failure.message))}
    kind = failure.kinds[0]
    if set(_BY_NAME) & set(failure.kinds):
        return kind if mentioned & introduced.names else ""
    if "TypeError" in failure.kinds:
        called = {_owner(name) for name in _CALLED.findall(failure.message)}
        return kind if mentioned & introduced.names or called & introduced.functions else ""
    return ""


def _owner(qualified: str) -> str:
    """`add` for `add`, `Order` for `Order.__init__`: what a message calls the function."""
    parts = [part for part in qualified.split(".") if part not in {"__init__", "__new__", "<locals>"}]
    return parts[-1] if parts else ""


def red_tests(
    failures: Mapping[str, Failure], tests: Iterable[str], introduced: Introduced
) -> dict[str, str]:
    """For each test its kind of red; a file that cannot be imported lends its kind to all its tests."""
    found: dict[str, str] = {}
    for test in tests:
        failure = failures.get(test) or failures.get(test.partition("::")[0])
        if kind := redness(failure, introduced):
            found[test] = kind
    return found
