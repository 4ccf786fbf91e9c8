"""Presets: specs of common cases, complete but for slots such as `<resource name>` that a person fills."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from agent_gate.drafting.draft import ClauseDraft, SpecDraft
from agent_gate.drafting.yaml_text import from_yaml
from agent_gate.errors import UsageError
from agent_gate.spec.outline import SLOT

_FOLDER = Path(__file__).with_name("presets")
_SLOT_LINE = re.compile(r"^# (<[^>\n]+>): (.+) \| (.+)$", re.MULTILINE)
_ID_LENGTH = 40
_ARTICLES = frozenset({"a", "an", "the"})
_NO_WORD = re.compile(r"[^a-z0-9]+")


class Preset(NamedTuple):
    """A spec to begin with."""

    name: str
    title: str
    about: str
    """One line for who chooses."""


class Slot(NamedTuple):
    """What a preset leaves to the person. One answer fills it wherever it stands."""

    name: str
    """With its brackets: `<resource name>`."""
    question: str
    example: str = ""


PRESETS: tuple[Preset, ...] = (
    Preset("crud-endpoint", "CRUD endpoint", "a request that writes a record: retries, races, owners"),
    Preset("background-job", "Background job", "a worker and its queue: leases, back-off, items that fail"),
    Preset("library-function", "Library function", "code for other code: wrong input, time, compatibility"),
    Preset("command-line", "Command line", "a command for people and scripts: exit codes, dry run, ^C"),
    Preset("data-migration", "Data migration", "rows change while in use: batches, resume, way back"),
    Preset("trivial", "Trivial change", "title, goal and paths; at most 30 lines"),
    Preset("blank", "Blank", "nothing but the questions"),
)
FIRST_CHANGE = "first-change"
"""What `init` begins with; not offered, since it is about nothing in particular."""
_NAMES = frozenset({FIRST_CHANGE, *(each.name for each in PRESETS)})


def preset(name: str) -> SpecDraft:
    """The preset as a draft. Its id is left open: each spec has its own. Raises UsageError."""
    draft = from_yaml(_text_of(name), f"{name}.yaml")
    return draft.with_text("id", "").model_copy(update={"preset": name})


def slots(draft: SpecDraft) -> tuple[Slot, ...]:
    """What is still to be filled in, in the order of the preset, or of the draft where it names its own."""
    named = _slots_of(draft.preset) if draft.preset in _NAMES else {}
    standing = dict.fromkeys(name for text in _texts(draft) for name in SLOT.findall(text))
    listed = [slot for name, slot in named.items() if name in standing]
    return (*listed, *(Slot(name, f"{name[1:-1]}?") for name in standing if name not in named))


def fill(draft: SpecDraft, slot: str, text: str) -> SpecDraft:
    """The draft with a slot filled wherever it stands."""

    def filled(fields: Mapping[str, str]) -> dict[str, str]:
        return {name: value.replace(slot, text) for name, value in fields.items()}

    clauses = {
        section: tuple(ClauseDraft(id=each.id, fields=filled(each.fields)) for each in found)
        for section, found in draft.clauses.items()
    }
    changed = {
        "texts": filled(draft.texts),
        "clauses": clauses,
        "not_applicable": filled(draft.not_applicable),
    }
    return draft.model_copy(update=changed)


def id_from(title: str) -> str:
    """An id made of a title: `Create an order once` is `create-order-once`, cut between words."""
    words = [word for word in _NO_WORD.split(title.lower()) if word]
    words = [word for word in words if word not in _ARTICLES] or words
    while len(words) > 1 and len("-".join(words)) > _ID_LENGTH:
        words.pop()
    return "-".join(words)[:_ID_LENGTH]


def _texts(draft: SpecDraft) -> Iterator[str]:
    yield from draft.texts.values()
    for section in draft.clauses.values():
        for clause in section:
            yield from clause.fields.values()
    yield from draft.not_applicable.values()


@lru_cache(maxsize=len(_NAMES))
def _slots_of(name: str) -> Mapping[str, Slot]:
    return {found[1]: Slot(*found.groups()) for found in _SLOT_LINE.finditer(_text_of(name))}


def _text_of(name: str) -> str:
    if name not in _NAMES:
        known = ", ".join(each.name for each in PRESETS)
        raise UsageError(f"there is no preset {name!r}", hint=f"the presets are {known}")
    return (_FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
