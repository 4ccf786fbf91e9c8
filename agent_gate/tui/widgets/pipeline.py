"""The stages of a run as a line: where it is, at a glance."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from agent_gate.tui.signs import sign
from agent_gate.tui.view import Stage

_LINK = ("── ", "$text-disabled")
_FRAME = ("spec", "base", "model")
_TELLING = {"running", "person", "failed", "errored", "ask"}


def pipeline(stages: Sequence[Stage]) -> list[Content]:
    """`spec ✓ ── base ✓ ── model ◐ ── scope ○ ruff ○ ── you ○`, one item a stage."""
    items: list[Content] = []
    for number, stage in enumerate(stages):
        style = "bold" if stage.state in _TELLING else "$text-muted"
        following = stages[number + 1].name if number + 1 < len(stages) else ""
        link = (_LINK,) if following == "you" or stage.name in _FRAME else ()
        items.append(Content.assemble((f"{stage.name} ", style), sign(stage.state), " ", *link))
    return items
