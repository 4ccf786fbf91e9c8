"""The requests that the repository's web services answer."""

from __future__ import annotations

from agent_gate.survey.django_route import django_routes
from agent_gate.survey.found import Route
from agent_gate.survey.source_tree import SourceTree
from agent_gate.survey.web_route import web_routes
from agent_gate.survey.work_tree import WorkTree

__all__ = ["Route", "routes_of"]


def routes_of(tree: WorkTree) -> tuple[Route, ...]:
    """All routes whose paths can be read from the source, by file and line; each once."""
    sources = SourceTree(tree)
    found = dict.fromkeys((*web_routes(sources), *django_routes(sources)))
    return tuple(sorted(found, key=lambda route: (route.file, route.line, route.path, route.method)))
