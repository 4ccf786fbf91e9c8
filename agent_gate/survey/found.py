"""What a survey finds that is served or started."""

from __future__ import annotations

from typing import NamedTuple


class Route(NamedTuple):
    """A request that is answered: `POST /orders/{number}`."""

    method: str
    path: str
    """With its parameters in braces, whatever the framework writes."""
    function: str
    """The function, or the class, that answers it."""
    file: str
    line: int
    framework: str


class ServiceFound(NamedTuple):
    """Something that can be started, and how. For a library nothing can."""

    name: str
    framework: str
    """`FastAPI`, `Django`, `Typer`, … or `library`."""
    start: str
    """The command, from the root; `{port}` where it takes one. Empty for a library."""
    ready: str
    """The path that answers 2xx once it is ready; empty where none is known."""
    path: str
    line: int
