"""The rules that only a whole spec can break, over the plain data of its file.

They are kept apart from the model, so that the lint can say all of them, with their lines, before any
value is made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

ANSWERABLE_SECTIONS = ("load", "latency", "failure_modes", "security")
"""They are answered, or named as not applicable with a reason."""
SECTIONS = (*ANSWERABLE_SECTIONS, "acceptance", "operations", "approach")
"""The sections that hold clauses, in their order."""
QUESTION_KEY = re.compile(r"[A-Z]{2}[0-9]{2}(?::[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*)?")
"""Under not_applicable: a question of the lint, for the whole spec or for one clause: `FM04`, `FM04:FAIL-2`."""

Where = tuple[str | int, ...]


class Misplaced(NamedTuple):
    """Something that only the whole spec shows, at the field that a reader has to change."""

    where: Where
    code: str
    problem: str
    hint: str = ""


def whole_spec_problems(data: Mapping[str, Any]) -> Iterator[Misplaced]:
    """What is wrong with the spec as a whole. What has the wrong shape is passed over: others report it."""
    yield from _title_of_two_lines(data)
    yield from _ids_used_twice(data)
    yield from _two_kinds_of_load(data)
    yield from _sections_unanswered(data)
    yield from _critical_on_a_persons_word(data)


def clauses_of(data: Mapping[str, Any]) -> Iterator[tuple[str, int, Mapping[str, Any]]]:
    """Every clause in the plain data: its section, its place there, its fields."""
    for section in SECTIONS:
        found = data.get(section)
        for index, clause in enumerate(found if isinstance(found, Sequence) else ()):
            if isinstance(clause, Mapping):
                yield section, index, clause


def _title_of_two_lines(data: Mapping[str, Any]) -> Iterator[Misplaced]:
    title = data.get("title")
    if isinstance(title, str) and len(title.strip().splitlines()) > 1:
        yield Misplaced(
            ("title",), "SP03", "the title is one line; it becomes the subject of the commit",
            "move what is more than a line into goal",
        )  # fmt: skip


def _ids_used_twice(data: Mapping[str, Any]) -> Iterator[Misplaced]:
    seen: set[str] = set()
    for section, index, clause in clauses_of(data):
        name = clause.get("id")
        if not isinstance(name, str):
            continue
        if name in seen:
            yield Misplaced(
                (section, index, "id"), "SP05", f"the clause id {name} is used twice",
                "give the later clause the next free number",
            )  # fmt: skip
        seen.add(name)


def _two_kinds_of_load(data: Mapping[str, Any]) -> Iterator[Misplaced]:
    for section, index, clause in clauses_of(data):
        if section == "load" and clause.get("rate") and clause.get("simultaneous"):
            yield Misplaced(
                (section, index, "simultaneous"), "SP07", "write rate, or simultaneous, not both",
                "rate is so many a second, simultaneous so many at once; make two clauses of it",
            )  # fmt: skip


def _sections_unanswered(data: Mapping[str, Any]) -> Iterator[Misplaced]:
    waved = data.get("not_applicable")
    waved = waved if isinstance(waved, Mapping) else {}
    for key in waved:
        if key not in ANSWERABLE_SECTIONS and not QUESTION_KEY.fullmatch(str(key)):
            yield Misplaced(
                ("not_applicable", str(key)), "SP08",
                f"{key!r} cannot be not applicable; only {', '.join(ANSWERABLE_SECTIONS)} can, and the lint's questions by their codes",
                "drop it, or write the code of the question, e.g. FM04 or FM04:FAIL-2",
            )  # fmt: skip
    risk = data.get("risk", "standard")
    if risk not in ("standard", "critical"):
        return
    for name in ANSWERABLE_SECTIONS:
        answered = bool(data.get(name))
        if answered and name in waved:
            yield Misplaced(
                ("not_applicable", name), "SP07", "it has clauses, so it cannot be not applicable",
                "drop the reason, or the clauses",
            )  # fmt: skip
        elif name in waved and risk == "critical":
            yield Misplaced(
                ("not_applicable", name), "SP10", "a critical spec answers every section",
                f"add a clause under {name}",
            )  # fmt: skip
        elif not answered and name not in waved:
            yield Misplaced(
                (name,), "SP09", "not answered: add a clause, or give a reason under not_applicable",
                f'for instance not_applicable: {{{name}: "why nobody has to think of it here"}}',
            )  # fmt: skip


def _critical_on_a_persons_word(data: Mapping[str, Any]) -> Iterator[Misplaced]:
    if data.get("risk") != "critical":
        return
    for section, index, clause in clauses_of(data):
        verifiers = clause.get("verified_by")
        named = verifiers if isinstance(verifiers, list | tuple) else ()
        kinds = [v.partition(":")[0].strip() for v in named if isinstance(v, str)]
        if section != "approach" and kinds and set(kinds) == {"manual"}:
            yield Misplaced(
                (section, index, "verified_by"), "SP10",
                "in a critical spec manual alone suffices only under approach: add a verifier that a machine runs",
                'for instance "pytest:tests/test_orders.py::test_same_key"',
            )  # fmt: skip
