"""Failure modes: every dependency has one, and each says how it is seen and how it ends."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent_gate.domain.pattern import matches, pattern_problem
from agent_gate.spec.outline import Outline, any_word
from agent_gate.spec.questions.rule import Question, about
from agent_gate.spec.remark import Where
from agent_gate.spec.surroundings import Surroundings
from agent_gate.survey.dependency import dependencies_of, speaks_of, words_for

_NAMED_IN_PROSE = any_word(
    "payment (?:processor|provider|gateway)s?", "payment system", "stripe", "paypal", "database", "postgres(?:ql)?", "mysql", "mongodb",
    "redis", "memcached?", "kafka", "rabbitmq", "message (?:queue|broker)", "third-party api", "external (?:api|service)",
    "mail server", "smtp", "s3", "object storage", "elasticsearch",
)  # fmt: skip
"""What is named so in a goal is not part of the program."""


_IN_PROCESS = frozenset({"sqlite3", "aiosqlite", "dbm", "shelve"})
"""Files of the process itself: they are there as long as it is."""


def dependencies(outline: Outline, surroundings: Surroundings) -> Iterator[Question]:
    """FM01: what the change depends on fails some day, and no clause says what happens then."""
    covered = "\n".join(_about_failures(outline))
    asked: set[str] = set()
    for name, told, where, words in _depended_on(outline, surroundings):
        family = frozenset(word.lower() for word in words)
        if asked & family or speaks_of(covered, words):
            continue
        asked |= family
        message = f"what happens when {name} fails, or does not answer? {told}"
        hint = f'add a failure mode: {{cause: "{name} does not answer for 5 s", response: …, detection: …, recovery: …}}'
        yield Question("FM01", where, message, hint)


def faults(outline: Outline, _surroundings: Surroundings) -> Iterator[Question]:
    """FM02: a fault is brought about in a service that the spec knows."""
    services = outline.table("services")
    for clause in outline.clauses:
        target = clause.table("fault").get("target")
        if isinstance(target, str) and target and target not in services:
            known = ", ".join(services) or "none"
            hint = f"name one of the services ({known}), or describe {target} under services"
            where: Where = (*clause.where, "fault", "target")
            yield Question("FM02", where, f"no service is called {target}", hint, clause.id)


def detection(outline: Outline, _surroundings: Surroundings) -> Iterator[Question]:
    """FM03: a failure that nobody sees lasts."""
    for clause in outline.of("failure_modes"):
        if not clause.text("detection"):
            message = "no detection: how would you know at 3 in the morning?"
            yield about(
                clause, "FM03", "detection", message, "detection: a counter, a log line with a key, an alert"
            )


def recovery(outline: Outline, _surroundings: Surroundings) -> Iterator[Question]:
    """FM04: what ends it?"""
    for clause in outline.of("failure_modes"):
        if not clause.text("recovery"):
            message = "no recovery: what ends it, how soon, and who has to do something?"
            yield about(clause, "FM04", "recovery", message, "recovery: normal answers within 2 s")


RULES = (dependencies, faults, detection, recovery)


def _about_failures(outline: Outline) -> Iterator[str]:
    for clause in outline.of("failure_modes"):
        yield clause.words
        yield str(clause.table("fault").get("target", ""))
    # A person who says why no failure mode applies has thought of it.
    yield str(outline.reasons.get("failure_modes", ""))


def _depended_on(
    outline: Outline, surroundings: Surroundings
) -> Iterator[tuple[str, str, Where, tuple[str, ...]]]:
    """Name, how we know, where to look, and the words that would speak of it."""
    services = outline.table("services")
    needed = {
        name: user
        for user, service in services.items()
        if isinstance(service, dict) and isinstance(service.get("depends"), list)
        for name in service["depends"]
        if isinstance(name, str)
    }
    for name, user in needed.items():
        where: Where = ("services", name) if name in services else ("services", user, "depends")
        yield name, f"{user} depends on it", where, (name, *words_for(name))
    if surroundings.tree is not None:
        patterns = [p.value for p in outline.patterns("context") if not pattern_problem(p.value)]
        for found in dependencies_of(surroundings.tree, _files(patterns, surroundings)):
            if found.name in _IN_PROCESS:
                continue
            told = f"{found.path}:{found.line} imports {found.name}"
            yield found.title, told, ("context",), (found.name, *found.words)
    yield from _named(f"{outline.text('title')}\n{outline.text('goal')}")


def _named(prose: str) -> Iterator[tuple[str, str, Where, tuple[str, ...]]]:
    """What the goal itself names; a payment system has a processor behind it."""
    for name in dict.fromkeys(found.group().lower() for found in _NAMED_IN_PROSE.finditer(prose)):
        meant = "payment processor" if name.startswith("payment") else name
        yield f"the {meant}", f"the goal names {_article(name)}", ("goal",), (name, meant, *words_for(meant))


def _article(name: str) -> str:
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _files(patterns: list[str], surroundings: Surroundings) -> list[str]:
    """The files that the patterns name; a plain name needs no listing of the whole tree."""
    tree = surroundings.tree
    if tree is None or not patterns:
        return []
    plain = [pattern for pattern in patterns if "/" in pattern and not re.search(r"[*?\[]", pattern)]
    named = [path for path in plain if tree.exists(path)]
    rest = [pattern for pattern in patterns if pattern not in named]
    return [*named, *(path for path in tree.files if matches(path, rest))] if rest else named
