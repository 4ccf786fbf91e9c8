"""Results go to stdout; progress and messages go to stderr. This module owns both."""

from __future__ import annotations

import os

import click

from agent_gate.domain.visible import visible
from agent_gate.errors import AgentGateError

MARKS = {
    "passed": "✓",
    "verified": "✓",
    "sealed": "✓",
    "failed": "✗",
    "violated": "✗",
    "blocked": "✗",
    "errored": "!",
    "unverified": "○",
    "awaits a person": "●",
    "waived": "~",
    "skipped": "–",
    "asked": "?",
}
_COLOURS = {"✓": "green", "✗": "red", "!": "yellow", "○": "yellow", "●": "cyan", "?": "yellow"}


def _colour() -> bool | None:
    return False if os.environ.get("NO_COLOR") else None


def say(text: str = "") -> None:
    """One line of the result."""
    click.echo(text, color=_colour())


def tell(text: str = "", *, newline: bool = True) -> None:
    """One line of progress or explanation."""
    click.echo(text, err=True, nl=newline, color=_colour())


def tell_error(error: AgentGateError) -> None:
    """What happened, where, what to do."""
    tell(f"{click.style('error:', fg='red', bold=True)} {visible(error.message)}")
    if error.hint:
        tell(f"{click.style('hint:', bold=True)} {visible(error.hint)}")


def marked(state: str, text: str) -> str:
    """A line that begins with the sign of a state; the colour only repeats what the sign says."""
    mark = MARKS.get(state, "·")
    return f"{click.style(mark, fg=_COLOURS.get(mark))} {text}"


def heading(text: str) -> str:
    """A line that begins a part of the story."""
    return click.style(text, bold=True)


def dim(text: str) -> str:
    """A line that may be passed over."""
    return click.style(text, dim=True)
