"""What a rule of scope has to say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

from agent_gate.domain.gate import Level

_MOST_OF_A_RULE = 5


class Remark(NamedTuple):
    """One thing about one path; the path is empty where it is about the whole change."""

    rule: str
    path: str
    message: str
    level: Level = "block"


def few_questions(remarks: Iterable[Remark]) -> Iterator[Remark]:
    """The same, with no more than five questions of one rule: the rest of them is one question together."""
    asked: list[Remark] = []
    for remark in remarks:
        if remark.level == "ask":
            asked.append(remark)
        else:
            yield remark
    for rule, group in groupby(sorted(asked), key=lambda remark: remark.rule):
        same = list(group)
        yield from same[:_MOST_OF_A_RULE]
        if rest := same[_MOST_OF_A_RULE:]:
            yield Remark(
                rule, "", f"and {len(rest)} more files, from {rest[0].path!a} to {rest[-1].path!a}", "ask"
            )
