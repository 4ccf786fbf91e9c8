"""Paths: rules that allow nothing, or what is protected."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent_gate.domain.pattern import matches, pattern_problem
from agent_gate.spec.outline import Outline, Placed
from agent_gate.spec.questions.rule import Question
from agent_gate.spec.surroundings import Surroundings

_NAMED_AT_MOST = 3


def nothing_allowed(outline: Outline, surroundings: Surroundings) -> Iterator[Question]:
    """PA01: a pattern that deny takes back whole, or whose folder is misspelt."""
    deny = [placed.value for placed in _patterns(outline, "deny")]
    for placed in _patterns(outline, "allow"):
        pattern = placed.value
        denying = next((d for d in deny if d == pattern or matches(_sample(pattern), [d])), "")
        if denying:
            message = f"{pattern} allows nothing: deny takes all of it back with {denying}"
            yield Question("PA01", placed.where, message, "drop one of the two")
        elif near := _misspelt(pattern, surroundings):
            message = f"{pattern} allows nothing that stands here"
            yield Question("PA01", placed.where, message, f"did you mean {near}?")


def protected_allowed(outline: Outline, surroundings: Surroundings) -> Iterator[Question]:
    """PA02: tools, tests and rules of the repository are changed on purpose, or not at all."""
    deny = [placed.value for placed in _patterns(outline, "deny")]
    for placed in _patterns(outline, "allow"):
        found = [path for path in _protected(placed.value, surroundings) if not matches(path, deny)]
        if found:
            named = ", ".join(found[:_NAMED_AT_MOST]) + (", …" if len(found) > _NAMED_AT_MOST else "")
            message = f"{placed.value} allows what is protected: {named}"
            hint = f"add it to paths.deny, or name what the change needs; the approver is asked otherwise: deny: [{found[0]}]"
            yield Question("PA02", placed.where, message, hint)


RULES = (nothing_allowed, protected_allowed)


def _patterns(outline: Outline, name: str) -> list[Placed]:
    return [placed for placed in outline.patterns(name) if not pattern_problem(placed.value)]


def _sample(pattern: str) -> str:
    """A path that the pattern allows: its stars and brackets filled in."""
    body = pattern.removesuffix("/") + ("/x" if pattern.endswith("/") else "")
    return re.sub(r"\[[^\]]*\]|\?", "x", body.replace("**", "x/x")).replace("*", "x")


def _protected(pattern: str, surroundings: Surroundings) -> list[str]:
    """Protected files that a pattern is made to allow, or that it allows because it allows everything.

    A folder of the change's own (`tests/**`) may hold a protected file, too: nearly every one does, so
    that is left to the gate `scope`, which asks where such a file is really touched.
    """
    protected = surroundings.protected
    if matches(_sample(pattern), protected):
        return [pattern]
    if "/" in pattern.removeprefix("**/"):
        return []
    standing = [
        path
        for path in (surroundings.tree.files if surroundings.tree else ())
        if matches(path, [pattern]) and matches(path, protected)
    ]
    if standing:
        return sorted(standing, key=lambda path: (path.count("/"), path))
    return [name for name in map(_sample, protected) if "/" not in name and matches(name, [pattern])]


def _misspelt(pattern: str, surroundings: Surroundings) -> str:
    """The folder that was meant, where the first folder of a pattern does not exist and another is close."""
    first, slash, rest = pattern.partition("/")
    tree = surroundings.tree
    if tree is None or not slash or re.search(r"[*?\[]", first) or not rest or (tree.root / first).exists():
        return ""
    from difflib import get_close_matches  # only a spec with a folder that is not there pays for it

    folders = {path.partition("/")[0] for path in tree.files if "/" in path}
    near = get_close_matches(first, sorted(folders), 1, cutoff=0.75)
    return f"{near[0]}/{rest}" if near else ""
