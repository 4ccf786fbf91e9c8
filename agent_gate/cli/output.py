"""Results go to stdout; progress and messages go to stderr. This module owns both."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Literal

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
Line = tuple[Literal["out", "err"], str]
"""A line and the stream that it goes to."""
_COLOURS = {"✓": "green", "✗": "red", "!": "yellow", "○": "yellow", "●": "cyan", "?": "yellow"}


def _colour() -> bool | None:
    return False if os.environ.get("NO_COLOR") else None


_recording: list[Line] | None = None


def say(text: str = "") -> None:
    """One line of the result."""
    if _recording is not None:
        _recording.append(("out", text))
        return
    click.echo(text, color=_colour())


def tell(text: str = "", *, newline: bool = True) -> None:
    """One line of progress or explanation."""
    if _recording is not None:
        _recording.append(("err", text))
        return
    click.echo(text, err=True, nl=newline, color=_colour())


@contextmanager
def recorded() -> Iterator[list[Line]]:
    """What is said and told meanwhile, instead of saying it."""
    global _recording  # noqa: PLW0603 - this module owns both streams
    lines: list[Line] = []
    _recording = lines
    try:
        yield lines
    finally:
        _recording = None


def repeat(lines: Iterable[Line]) -> None:
    """Says again what was recorded."""
    for stream, text in lines:
        (say if stream == "out" else tell)(text)


def at_a_terminal() -> bool:
    """Whether somebody is there to be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


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
