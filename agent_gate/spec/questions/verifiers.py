"""Do the things that shall verify a clause exist?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent_gate.domain.pattern import matches
from agent_gate.domain.verifier import Verifier
from agent_gate.spec.outline import SLOT, ClauseOutline, Outline, Placed
from agent_gate.spec.questions.rule import Question
from agent_gate.spec.surroundings import Surroundings
from agent_gate.survey.python_source import may_hold_test

_IN_FILES = ("pytest", "benchmark", "locust")
_RULE_FORMS = {"ruff": re.compile(r"[A-Z]+[0-9]+"), "bandit": re.compile(r"B[0-9]{3}")}


def tests(outline: Outline, surroundings: Surroundings) -> Iterator[Question]:
    """VE03: a test that is not there, and that the change may not add either."""
    if surroundings.tree is None:
        return
    for clause, placed in _all(outline):
        verifier: Verifier = placed.value
        path, _, inside = verifier.target.partition("::")
        if verifier.kind not in _IN_FILES or SLOT.search(path) or _may_add(outline, path):
            continue
        if not surroundings.tree.exists(path):
            missing = f"there is no file {path}, and paths.allow does not let the change add it"
        elif inside and not may_hold_test(surroundings.tree.text(path), inside):
            missing = f"{path} has no {inside}, and paths.allow does not let the change add it"
        else:
            continue
        hint = f"name a test that stands there, or allow the change to write it: paths.allow: [{path}]"
        yield Question("VE03", placed.where, missing, hint, clause.id)


def rules(outline: Outline, surroundings: Surroundings) -> Iterator[Question]:
    """VE04: a rule that the tool does not have."""
    for clause, placed in _all(outline):
        verifier: Verifier = placed.value
        known = surroundings.rules(verifier.kind) if verifier.kind in _RULE_FORMS else None
        if known is None:
            continue
        if _RULE_FORMS[verifier.kind].fullmatch(verifier.target) and verifier.target in known:
            continue
        message = f"{verifier.kind} has no rule {verifier.target}"
        example = "ruff:S608" if verifier.kind == "ruff" else "bandit:B608"
        yield Question("VE04", placed.where, message, f"name one rule by its code, e.g. {example}", clause.id)


def gates(outline: Outline, surroundings: Surroundings) -> Iterator[Question]:
    """VE05: a gate that nobody has defined."""
    for clause, placed in _all(outline):
        verifier: Verifier = placed.value
        path = f".agent-gate/gates/{verifier.target}.toml"
        if verifier.kind == "gate" and verifier.target not in surroundings.gates:
            hint = f"the gates are {', '.join(sorted(surroundings.gates))}; a project's own stands in {path}"
            yield Question("VE05", placed.where, f"there is no gate {verifier.target}", hint, clause.id)


def clauses(outline: Outline, _surroundings: Surroundings) -> Iterator[Question]:
    """VE06: `load:X` or `fault:X`, and no clause X that could be measured."""
    loads = {clause.id for clause in outline.of("load")}
    faults = {clause.id for clause in outline.clauses if clause.table("fault")}
    for clause, placed in _all(outline):
        verifier: Verifier = placed.value
        there = {"load": loads, "fault": faults}.get(verifier.kind)
        named = verifier.target or clause.id
        if there is None or named in there:
            continue
        kind = "a load clause" if verifier.kind == "load" else "a clause with a fault"
        message = f"{named} is not {kind}: there is nothing to measure under {verifier}"
        known = f"write {verifier.kind}:{min(there)}" if there else f"add {kind}, or name another verifier"
        yield Question("VE06", placed.where, message, known, clause.id)


RULES = (tests, rules, gates, clauses)


def _all(outline: Outline) -> Iterator[tuple[ClauseOutline, Placed]]:
    for clause in outline.clauses:
        for placed in clause.verifiers:
            yield clause, placed


def _may_add(outline: Outline, path: str) -> bool:
    allow = [p.value for p in outline.patterns("allow")]
    deny = [p.value for p in outline.patterns("deny")]
    return matches(path, _valid(allow)) and not matches(path, _valid(deny))


def _valid(patterns: list[str]) -> list[str]:
    from agent_gate.domain.pattern import pattern_problem

    return [pattern for pattern in patterns if not pattern_problem(pattern)]
