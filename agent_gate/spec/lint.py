"""Everything that there is to say about a spec file: what is wrong with it, and what it leaves open.

Deterministic, without a model, and light: neither the model of the spec nor anything of git is loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from agent_gate.domain.spec_rules import QUESTION_KEY
from agent_gate.errors import SpecError
from agent_gate.spec.codes import is_error
from agent_gate.spec.document import Document
from agent_gate.spec.grammar import format_problems
from agent_gate.spec.outline import Outline
from agent_gate.spec.questions import RULES
from agent_gate.spec.remark import Place, Remark
from agent_gate.spec.surroundings import Surroundings

OF_THE_REPOSITORY = frozenset({"VE03", "VE05", "FM01", "PA01", "PA02"})
"""What can only be asked where the repository is known."""


class Review(NamedTuple):
    """What was said about one file."""

    path: str
    remarks: tuple[Remark, ...]
    outline: Outline = Outline({})
    silenced: int = 0

    @property
    def errors(self) -> tuple[Remark, ...]:
        """What makes it no spec."""
        return tuple(remark for remark in self.remarks if is_error(remark.code))

    @property
    def questions(self) -> tuple[Remark, ...]:
        """What it leaves open."""
        return tuple(remark for remark in self.remarks if not is_error(remark.code))


def review_spec(data: bytes, path: str, surroundings: Surroundings) -> Review:
    """Reviews the spec in these bytes; `path` is for messages. Never raises for what stands in them."""
    try:
        document = Document.read(data, path)
    except SpecError as error:
        return Review(path, (unreadable(error),))
    outline = Outline(document.value)
    asked = [
        Remark(q.code, q.where, q.message, q.hint, document.place(q.where, key=q.at_key), q.clause)
        for rule in RULES
        for q in rule(outline, surroundings)
    ]
    open_, unused = _without_silenced(asked, outline.reasons, document)
    if surroundings.tree is None:
        unused = [remark for remark in unused if str(remark.where[-1])[:4] not in OF_THE_REPOSITORY]
    remarks = (*format_problems(document), *open_, *unused)
    return Review(path, tuple(sorted(remarks, key=_order)), outline, len(asked) - len(open_))


def _without_silenced(
    asked: list[Remark], reasons: Mapping[str, object], document: Document
) -> tuple[list[Remark], list[Remark]]:
    """The questions that stay, and one about each silencing that silences nothing."""
    keys = {key for key in reasons if QUESTION_KEY.fullmatch(key)}
    used: set[str] = set()
    stay: list[Remark] = []
    for remark in asked:
        by = keys & {remark.code, f"{remark.code}:{remark.clause}"}
        used |= by
        if not by:
            stay.append(remark)
    unused = [
        Remark(
            "NA02",
            ("not_applicable", key),
            f"{key} is silenced, but nothing asks it",
            "drop it, so that it does not hide a later question",
            document.place(("not_applicable", key), key=True),
        )
        for key in sorted(keys - used)
    ]
    return stay, unused


def unreadable(error: SpecError) -> Remark:
    """The one thing to say about a file that is no document."""
    where = tuple(error.field.split(".")) if error.field else ()
    return Remark(error.code, where, error.problem, error.hint, Place(error.line, error.column))


def _order(remark: Remark) -> tuple[Place, str, str]:
    return remark.place, remark.code, remark.message
