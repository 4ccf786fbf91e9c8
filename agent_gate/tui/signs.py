"""The sign and the style of each state: colour never carries a state alone."""

from __future__ import annotations

from collections.abc import Mapping

from textual.content import Content

from agent_gate.domain.visible import visible, visible_line

SIGNS: Mapping[str, tuple[str, str]] = {
    "passed": ("✓", "$text-success"),
    "verified": ("✓", "$text-success"),
    "sealed": ("✓", "$text-success"),
    "approved": ("✓", "$text-success"),
    "failed": ("✗", "$text-error"),
    "violated": ("✗", "$text-error"),
    "blocked": ("✗", "$text-error"),
    "rejected": ("✗", "$text-error"),
    "block": ("✗", "$text-error"),
    "aborted": ("✗", "$text-error"),
    "errored": ("!", "$text-warning"),
    "problem": ("!", "$text-warning"),
    "ask": ("?", "$text-warning"),
    "question": ("?", "$text-primary"),
    "slot": ("◇", "$text-accent"),
    "stale": ("!", "$text-warning"),
    "unverified": ("○", "$text-warning"),
    "person": ("●", "$text-accent"),
    "awaits a person": ("●", "$text-accent"),
    "awaiting_approval": ("●", "$text-accent"),
    "running": ("◐", "$text-primary"),
    "waiting": ("○", "$text-muted"),
    "open": ("○", "$text-muted"),
    "skipped": ("–", "$text-muted"),
    "told": ("·", "$text-muted"),
    "waived": ("~", "$text-warning"),
    "answered": ("✓", "$text-success"),
}


def sign(state: str) -> Content:
    """The sign of a state, in its colour."""
    mark, style = SIGNS.get(state, ("·", "$text-muted"))
    return Content.styled(mark, style)


def plain(text: str, style: str = "") -> Content:
    """Text of somebody else's, on one line, shown as it is: nothing in it is markup or hidden."""
    return Content.styled(visible_line(text), style) if style else Content(visible_line(text))


def block(text: str, style: str = "") -> Content:
    """The same for several lines."""
    shown = visible(text).expandtabs(4)
    return Content.styled(shown, style) if style else Content(shown)
