"""Routes of FastAPI, Starlette, Flask, Quart, Sanic and aiohttp, with the prefixes of their routers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent_gate.survey.found import Route
from agent_gate.survey.source_tree import Place, SourceTree
from agent_gate.survey.web_source import Include, Router, WebSource, web_sources

_USUAL_NAMES = ("app", "api", "bp", "blueprint", "route")
"""What stands in the names of routers; `@cache.get("/x")` in the same file is no route."""
_MOST_PREFIXES = 16


def web_routes(sources: SourceTree) -> Iterator[Route]:
    """The routes that these frameworks would serve, as far as their paths can be read."""
    files = list(web_sources(sources))
    routers = _Routers(sources, files)
    for file in files:
        for name, route in file.routes:
            place = routers.place(file.path, name)
            router = routers.known.get(place) if place else None
            framework = router.framework if router else route.framework
            certain = router or not name or any(part in name.lower() for part in _USUAL_NAMES)
            for prefix in routers.prefixes(place) if framework and certain else ():
                yield route._replace(path=_joined(prefix, route.path), framework=framework)


class _Routers:
    """The routers of all files, and which of them lie below which."""

    def __init__(self, sources: SourceTree, files: list[WebSource]) -> None:
        self._sources = sources
        self.known: dict[Place, Router] = {
            Place(file.path, name): router for file in files for name, router in file.routers.items()
        }
        self._prefixes: dict[Place, list[str]] = {}
        self._above: dict[Place, list[tuple[Place, Include]]] = {}
        for file in files:
            for include in file.includes:
                parent, child = self.place(file.path, include.parent), self.place(file.path, include.child)
                if parent and child:
                    self._above.setdefault(child, []).append((parent, include))

    def place(self, path: str, name: str) -> Place | None:
        """Where the router is made that a file calls so."""
        here = Place(path, name)
        return here if here in self.known else self._sources.resolve(path, name) if name else None

    def prefixes(self, place: Place | None) -> list[str]:
        """Every prefix under which a router's routes are reached: its own, after those of its parents."""
        if place is None:
            return [""]
        if place not in self._prefixes:
            router = self.known.get(place)
            own = router.prefix if router else ""
            self._prefixes[place] = [own]  # where routers include each other in a circle, it ends here
            found: dict[str, None] = {}
            for parent, include in self._above.get(place, []):
                here = (include.prefix or "") + own
                if router and router.framework in {"Flask", "Quart"}:  # what the registration says wins
                    here = own if include.prefix is None else include.prefix
                found |= {before + here: None for before in self.prefixes(parent)}
            self._prefixes[place] = list(found)[:_MOST_PREFIXES] or [own]
        return self._prefixes[place]


def _joined(prefix: str, path: str) -> str:
    """The whole path, its parameters as `{name}`: from `<int:id>`, `{id:int}` and `{id}` alike."""
    whole = re.sub(r"/{2,}", "/", f"/{prefix}{path}")
    return re.sub(r"<(?:[^<>:]+:)?(\w+)(?::[^<>]*)?>|\{(\w+):[^{}]*\}", r"{\1\2}", whole)
