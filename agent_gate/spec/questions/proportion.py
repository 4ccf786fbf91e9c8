"""Does the spec fit its risk, and does it say what it says for a reason?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from agent_gate.domain.spec_rules import ANSWERABLE_SECTIONS
from agent_gate.spec.outline import SLOT, Outline, says
from agent_gate.spec.questions.rule import Question
from agent_gate.spec.questions.security import SENSITIVE
from agent_gate.spec.questions.writing import writes
from agent_gate.spec.remark import Where
from agent_gate.spec.surroundings import Surroundings

_TRIVIAL_CLAUSES = 3
_HOLLOW = re.compile(
    r"\W*|(?:n/?a|none|no|not? (?:applicable|needed|necessary|required|relevant|important|sure(?: yet)?)|nothing|t\.?b\.?d|to ?do|later"
    r"|not (?:now|yet|in scope)|unknown|irrelevant|out of scope|does ?n[o']t (?:apply|matter)|(?:i |we )?(?:do not|don't) (?:know|care)(?: yet)?|skip(?:ped)?|\w+)\W*",
    re.IGNORECASE,
)


def trivial(outline: Outline, _surroundings: Surroundings) -> Iterator[Question]:
    """RI01: what is called trivial and is not."""
    if outline.data.get("risk") != "trivial":
        return
    large = [placed.value for placed in outline.patterns("allow") if placed.value in {"*", "**", "**/*"}]
    signs = (
        f"{len(outline.clauses)} clauses" if len(outline.clauses) > _TRIVIAL_CLAUSES else "",
        "a load, or a fault" if outline.of("load") or any(c.table("fault") for c in outline.clauses) else "",
        "services" if outline.table("services") else "",
        f"“{word}”" if (word := says(outline.words, SENSITIVE)) else "",
        f"“{word}”" if (word := writes(outline)) else "",
        f"{large[0]} allows every file" if large else "",
    )
    if named := [sign for sign in signs if sign]:
        message = f"is that trivial? {', '.join(named)}: the gate `scope` holds a trivial change to 30 lines and no new dependency"
        yield Question("RI01", ("risk",), message, "risk: standard, or cut the spec down to goal and paths")


def acceptance(outline: Outline, _surroundings: Surroundings) -> Iterator[Question]:
    """AC01: nobody says how to see that it works."""
    if outline.data.get("risk") != "trivial" and not outline.of("acceptance") and outline.text("goal"):
        message = (
            "nothing says how anybody sees that it works: what would you try by hand before you believed it?"
        )
        hint = "add an acceptance clause: {id: ACC-1, statement: …, verified_by: [pytest:…]}"
        yield Question("AC01", ("goal",), message, hint)


def reasons(outline: Outline, _surroundings: Surroundings) -> Iterator[Question]:
    """NA01: a reason that is none."""
    for name, reason in outline.reasons.items():
        if isinstance(reason, str) and reason.strip() and _HOLLOW.fullmatch(reason.strip()):
            message = f"“{reason.strip()}” is no reason"
            about = name.replace("_", " ") if name in ANSWERABLE_SECTIONS else name
            hint = f"say why nobody has to think of {about} here, e.g. a nightly job; nobody waits for it"
            yield Question("NA01", ("not_applicable", name), message, hint)


def templates(outline: Outline, _surroundings: Surroundings) -> Iterator[Question]:
    """TE01: words that were there to be replaced."""
    for where, text in _texts(outline.data, ()):
        if found := SLOT.search(text):
            message = f"{found.group()} stands for something that only you know"
            yield Question("TE01", where, message, "replace it, or drop the line")


RULES = (trivial, acceptance, reasons, templates)


def _texts(value: Any, where: Where) -> Iterator[tuple[Where, str]]:
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _texts(item, (*where, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, (*where, index))
