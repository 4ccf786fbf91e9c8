"""The paths by which services say that they are ready."""

from __future__ import annotations

from collections.abc import Iterable

_ANYWHERE = (
    "/healthz",
    "/health",
    "/readyz",
    "/ready",
    "/livez",
    "/health/ready",
    "/healthcheck",
    "/health-check",
)
"""Endings that mean nothing else, below any prefix."""
_AT_THE_ROOT = ("/live", "/status", "/ping", "/up")
"""Below a prefix they could be anything: `/orders/status`."""


def is_health(path: str) -> bool:
    """Whether the path only says that the service is ready."""
    bare = path.rstrip("/")
    return bare in _AT_THE_ROOT or ("{" not in bare and bare.endswith(_ANYWHERE))


def health_path(paths: Iterable[str]) -> str:
    """The most usual of these paths that says so; empty where none does."""
    found = [path for path in paths if is_health(path)]
    order = (*_ANYWHERE, *_AT_THE_ROOT)
    return min(found, key=lambda path: (_rank(path, order), len(path), path), default="")


def _rank(path: str, order: tuple[str, ...]) -> tuple[bool, int]:
    bare = path.rstrip("/")
    ranks = [(bare != known, number) for number, known in enumerate(order) if bare.endswith(known)]
    return min(ranks, default=(True, len(order)))
