from __future__ import annotations

import pytest

from agent_gate.survey.health import health_path, is_health


@pytest.mark.parametrize(
    ("path", "health"),
    [
        ("/healthz", True), ("/api/ready/", True), ("/status", True), ("/orders", False), ("/", False), ("", False),
        ("/orders/status", False), ("/orders/{id}/ready", False), ("/signup", False),
    ],
)  # fmt: skip
def test_paths_that_say_only_that_a_service_is_ready(path: str, health: bool) -> None:
    assert is_health(path) is health


@pytest.mark.parametrize(
    ("paths", "best"),
    [
        (["/", "/orders"], ""),
        (["/ping", "/api/health", "/ready"], "/ready"),
        (["/api/v1/health", "/api/health/"], "/api/health/"),
        (["/status", "/healthz", "/health"], "/healthz"),
    ],
)
def test_the_most_usual_one_is_chosen(paths: list[str], best: str) -> None:
    assert health_path(paths) == best
    assert health_path(reversed(paths)) == best
