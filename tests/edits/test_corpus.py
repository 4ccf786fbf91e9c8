"""Replies in the styles of real models, each with the base it speaks of and what must come of it.

A case is a text of sections: `@@@ base PATH`, `@@@ reply`, `@@@ expect PATH`, `@@@ problem RULE PATH`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from agent_gate.domain.spec import Paths
from agent_gate.edits import Applied, Refused, apply_reply

CORPUS = Path(__file__).parent / "corpus"
PATHS = Paths(allow=("shop/**", "tests/**", "docs/**"))


@dataclass
class Case:
    base: dict[str, bytes] = field(default_factory=dict)
    reply: str = ""
    expected: dict[str, bytes] = field(default_factory=dict)
    problems: list[tuple[str, str]] = field(default_factory=list)


def read_case(path: Path) -> Case:
    case = Case()
    for section in path.read_text().split("@@@ ")[1:]:
        head, _, body = section.partition("\n")
        kind, *names = head.split()
        if kind == "base":
            case.base[names[0]] = body.encode()
        elif kind == "reply":
            case.reply = body
        elif kind == "expect":
            case.expected[names[0]] = body.encode()
        else:
            assert kind == "problem"
            case.problems.append((names[0], names[1] if len(names) > 1 else ""))
    assert case.reply
    assert bool(case.expected) != bool(case.problems)
    return case


@pytest.mark.parametrize("path", sorted(CORPUS.iterdir()), ids=lambda path: path.stem)
def test_reply(path: Path) -> None:
    case = read_case(path)
    result = apply_reply(case.reply, case.base.get, PATHS)
    if case.problems:
        assert isinstance(result, Refused)
        assert [(p.rule, p.path) for p in result.problems] == case.problems
        assert all(p.gate == "edits" and p.level == "block" for p in result.problems)
    else:
        assert isinstance(result, Applied), result
        assert result.contents == case.expected


@pytest.mark.parametrize("path", sorted(CORPUS.iterdir()), ids=lambda path: path.stem)
def test_reply_with_windows_line_endings(path: Path) -> None:
    case = read_case(path)
    crlf = case.reply.replace("\n", "\r\n")
    assert apply_reply(crlf, case.base.get, PATHS) == apply_reply(case.reply, case.base.get, PATHS)
