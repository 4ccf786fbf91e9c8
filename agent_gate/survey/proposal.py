"""What a person may take from the repository into a spec: services, failure modes, load, threats, tests."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from agent_gate.survey.dependency import Dependency, dependencies_of, speaks_of
from agent_gate.survey.found import Route, ServiceFound
from agent_gate.survey.health import is_health
from agent_gate.survey.route import routes_of
from agent_gate.survey.service import services_of
from agent_gate.survey.source_tree import SourceTree
from agent_gate.survey.stated_test import stated_tests
from agent_gate.survey.threat import threats_in
from agent_gate.survey.work_tree import WorkTree

MOST_IN_SECTION = 30
"""So many proposals are made for one section; a person reads them all."""
_NOT_SERVED = frozenset(
    {"library", "script", "Typer", "Cyclopts", "Click", "Cleo", "Fire", "docopt", "argparse"}
)

_FOR_MACHINES = frozenset(
    {"openapi.json", "swagger.json", "docs", "redoc", "metrics", "favicon.ico", "robots.txt"}
)
"""The last parts of paths on which nobody's work depends."""

_CAUSES: Mapping[str, tuple[str, ...]] = {
    "database": ("{} refuses connections", "{} stops answering for 5 s"),
    "database file": ("another process holds the lock on the {} file for 5 s",),
    "cache": ("{} refuses connections",),
    "queue": ("{} refuses connections", "{} delivers the same message twice"),
    "HTTP service": ("{} does not answer for 5 s", "{} answers 503"),
    "gRPC service": ("{} does not answer for 5 s",),
    "mail": ("{} refuses connections",),
    "object storage": ("{} answers 503",),
    "payment processor": ("{} times out, and nobody knows whether the charge went through", "{} answers 503"),
    "search engine": ("{} refuses connections",),
    "vector store": ("{} refuses connections",),
    "model API": ("{} answers 429", "{} does not answer for 30 s"),
    "LDAP": ("{} refuses connections",),
    "identity provider": ("{} does not answer for 5 s",),
    "remote shell": ("{} cuts the connection half-way",),
    "file server": ("{} cuts the connection half-way",),
}
"""How each kind of dependency fails; `{}` is what it is called."""


class Proposal(NamedTuple):
    """Something for one section of a spec, as far as the repository tells it."""

    section: str
    """`services`, `failure_modes`, `load`, `latency`, `security` or `acceptance`."""
    fields: Mapping[str, object]
    """What would stand in the file: a clause without its id; for services, an entry under its name. Fields
    that only a person can know are left out.
    """
    why: str
    """One sentence that says where it comes from."""
    path: str
    line: int


def proposals(tree: WorkTree, context: Iterable[str] = (), covered: str = "") -> tuple[Proposal, ...]:
    """What the repository gives reason to say, section by section; what concerns the context files first.

    `context` are files, not patterns. `covered` is the spec's text as it stands: a service, a dependency,
    a route, a weakness or a test that it speaks of already is not proposed. Without a context no tests are.
    """
    sources = SourceTree(tree)
    first = list(dict.fromkeys(context))
    files = list(dict.fromkeys((*first, *(path for path, _ in sources.files()))))
    every = routes_of(tree)
    served = [service for service in services_of(tree, every) if service.framework not in _NOT_SERVED]
    routes = _in_order_of(first, [route for route in every if not _is_for_machines(route.path)])
    found = (
        _of_services(served, covered),
        _of_dependencies(dependencies_of(tree, files), covered),
        _of_load(routes, served, covered),
        _of_latency(routes, covered),
        _of_threats(tree, files, routes, covered),
        _of_tests(sources, first, covered),
    )
    return tuple(proposal for section in found for proposal in islice(section, MOST_IN_SECTION))


def _of_services(served: Iterable[ServiceFound], covered: str) -> Iterator[Proposal]:
    for service in served:
        if service.start in covered or re.search(
            rf"^[ \t]*[\"']?{re.escape(service.name)}[\"']?\s*:", covered, re.MULTILINE
        ):
            continue
        entry = {"start": service.start, **({"ready": service.ready} if service.ready else {})}
        why = f"{service.path}:{service.line} is served by {service.framework}"
        yield Proposal("services", {service.name: entry}, why, service.path, service.line)


def _of_dependencies(found: Iterable[Dependency], covered: str) -> Iterator[Proposal]:
    for dependency in found:
        if speaks_of(covered, dependency.words):
            continue
        why = f"{dependency.path}:{dependency.line} imports {dependency.name}"
        for cause in _CAUSES.get(dependency.kind, ("{} does not answer for 5 s",)):
            fields = {"cause": cause.format(dependency.title)}
            yield Proposal("failure_modes", fields, why, dependency.path, dependency.line)


def _of_load(routes: Iterable[Route], served: list[ServiceFound], covered: str) -> Iterator[Proposal]:
    for route in routes:
        if not _is_covered(route, covered):
            service = _service_of(route, served)
            fields: dict[str, object] = {
                "stimulus": f"{route.method} {route.path} at the busiest hour",
                "request": {
                    **({"service": service} if service else {}),
                    "method": route.method,
                    "path": route.path,
                },
                "for": "20s",
                "verified_by": ["load"],
            }
            yield Proposal("load", fields, _served_by(route), route.file, route.line)


def _of_latency(routes: Iterable[Route], covered: str) -> Iterator[Proposal]:
    for route in routes:
        if not _is_covered(route, covered):
            fields = {"stimulus": f"{route.method} {route.path} at the busiest hour"}
            yield Proposal("latency", fields, _served_by(route), route.file, route.line)


def _of_threats(tree: WorkTree, files: list[str], routes: list[Route], covered: str) -> Iterator[Proposal]:
    for route in (route for route in routes if route.method != "GET"):
        if not speaks_of(covered, ["CWE-862"]):
            fields: dict[str, object] = {
                "threat": f"somebody who may not do it sends {route.method} {route.path}", "stride": ["E"], "cwe": ["CWE-862"],
            }  # fmt: skip
            yield Proposal("security", fields, _served_by(route), route.file, route.line)
            break
    for threat in threats_in(tree, files):
        if not speaks_of(covered, [threat.cwe]):
            fields = {"threat": threat.threat, "stride": list(threat.stride), "cwe": [threat.cwe]}
            fields |= {"verified_by": [threat.verifier]} if threat.verifier else {}
            yield Proposal(
                "security", fields, f"{threat.path}:{threat.line} {threat.sign}", threat.path, threat.line
            )


def _of_tests(sources: SourceTree, context: list[str], covered: str) -> Iterator[Proposal]:
    for test in stated_tests(sources, context):
        if not re.search(rf"{re.escape(test.node)}(?![\w\[:])", covered):
            fields = {"statement": test.statement, "verified_by": [f"pytest:{test.node}"]}
            yield Proposal(
                "acceptance", fields, f"{test.path}:{test.line} tests {test.about}", test.path, test.line
            )


def _in_order_of(context: list[str], routes: list[Route]) -> list[Route]:
    place = {path: number for number, path in enumerate(context)}
    return sorted(routes, key=lambda route: place.get(route.file, len(place)))


def _is_for_machines(path: str) -> bool:
    return is_health(path) or path.rstrip("/").rpartition("/")[2] in _FOR_MACHINES


def _served_by(route: Route) -> str:
    return f"{route.file}:{route.line} serves {route.method} {route.path}"


def _service_of(route: Route, served: list[ServiceFound]) -> str:
    """The service below whose folder the route lies; the only one, where there is one."""
    fitting = [each for each in served if each.framework != "Celery"]
    near = [each for each in fitting if f"{route.file}/".startswith(f"{each.path.rpartition('/')[0]}/")]
    return near[0].name if near else fitting[0].name if len(fitting) == 1 else ""


def _is_covered(route: Route, covered: str) -> bool:
    """Whether the text names the path, and the method near it."""
    for found in re.finditer(rf"(?<![\w/]){re.escape(route.path)}(?![\w/{{-])", covered):
        near = covered[max(0, found.start() - 80) : found.end() + 80]
        if re.search(rf"\b{route.method}\b", near):
            return True
    return False
