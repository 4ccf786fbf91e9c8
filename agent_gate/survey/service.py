"""What the repository runs as: web services, command lines, workers; else the packages that it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent_gate.survey.command_line import command_lines
from agent_gate.survey.found import Route, ServiceFound
from agent_gate.survey.route import routes_of
from agent_gate.survey.source_tree import ASIDE, SourceTree
from agent_gate.survey.web_service import web_services
from agent_gate.survey.work_tree import WorkTree

__all__ = ["ServiceFound", "services_of"]

_MOST_SERVICES = 50


def services_of(tree: WorkTree, routes: tuple[Route, ...] | None = None) -> tuple[ServiceFound, ...]:
    """What can be started, web services first; the packages of a repository in which nothing can.

    `routes` are those of the tree, where somebody has them already.
    """
    sources = SourceTree(tree)
    served = list(web_services(sources, routes_of(tree) if routes is None else routes))
    entries = [found for found in command_lines(sources) if found.path not in {each.path for each in served}]
    found = [*served, *entries] or list(_libraries(sources.tree))
    return tuple(_named_apart(found[:_MOST_SERVICES]))


def _libraries(tree: WorkTree) -> Iterator[ServiceFound]:
    """The packages and modules at the root, or below `src`."""
    for path in tree.files:
        inside = path.removeprefix("src/")
        name = inside.removesuffix("/__init__.py")
        own = name not in {"tests", "test", *ASIDE} and name.isidentifier()
        if own and name != inside:
            yield ServiceFound(name, "library", "", "", path, 1)
    for path in tree.files:
        name = path.removeprefix("src/").removesuffix(".py")
        if (
            name.isidentifier()
            and path.endswith(".py")
            and name not in _TOOLING
            and not name.startswith("test")
        ):
            yield ServiceFound(name, "library", "", "", path, 1)


_TOOLING = frozenset({"setup", "noxfile", "conftest", "tasks", "fabfile", "conf", "manage"})
"""Modules at a root that are not what the repository is for."""


def _named_apart(found: list[ServiceFound]) -> Iterator[ServiceFound]:
    """Names that a spec can use as keys, each once: `shop`, `shop-admin`."""
    taken: set[str] = set()
    for service in found:
        name = re.sub(r"[^a-z0-9]+", "-", service.name.lower()).strip("-") or "service"
        stem = re.sub(r"[^a-z0-9]+", "-", service.path.rpartition("/")[2].removesuffix(".py").lower()).strip(
            "-"
        )
        choices = [name, f"{name}-{stem}", *(f"{name}-{count}" for count in range(2, len(found) + 2))]
        name = next(choice for choice in choices if choice not in taken)
        taken.add(name)
        yield service._replace(name=name)
