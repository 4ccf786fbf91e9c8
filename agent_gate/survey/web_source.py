"""What one file says to a web framework: its routers, the routes on them, and which routers it puts below others."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from agent_gate.survey.found import Route
from agent_gate.survey.python_source import dotted_name, imported_packages, last_name, parsed
from agent_gate.survey.source_tree import SourceTree, keyword

PACKAGES: Mapping[str, str] = {
    "fastapi": "FastAPI", "flask": "Flask", "apiflask": "Flask", "flask_openapi3": "Flask", "quart": "Quart",
    "sanic": "Sanic", "aiohttp": "aiohttp", "starlette": "Starlette", "blacksheep": "BlackSheep",
}  # fmt: skip
"""The packages of web frameworks."""
METHODS = ("get", "post", "put", "patch", "delete", "head", "options")
_ROUTERS: Mapping[str, str] = {
    "FastAPI": "FastAPI", "APIRouter": "FastAPI", "Starlette": "Starlette", "Router": "", "Flask": "Flask",
    "Blueprint": "Flask", "APIBlueprint": "Flask", "APIFlask": "Flask", "Quart": "Quart", "Sanic": "Sanic",
    "RouteTableDef": "aiohttp", "Application": "",
}  # fmt: skip
"""What makes an application or a router, and its framework; empty where the file's imports tell."""
_ADDED = frozenset({"add_url_rule", "add_api_route", "add_route", *(f"add_{method}" for method in METHODS)})
_INCLUDED = frozenset({"include_router", "register_blueprint", "mount"})


class Router(NamedTuple):
    """What routes are put on: an application, a router, a blueprint."""

    framework: str
    prefix: str


class Include(NamedTuple):
    """A router that is put below another one; both as the file names them."""

    parent: str
    child: str
    prefix: str | None
    """None where nothing is said, so that a blueprint keeps its own."""


class Routed(NamedTuple):
    """A route without the prefixes of its router, and the router as the file names it."""

    router: str
    route: Route


class WebSource(NamedTuple):
    """What one file says. It holds no syntax tree: there may be thousands of files."""

    path: str
    framework: str
    """The framework that it imports; empty for none."""
    routers: Mapping[str, Router]
    includes: tuple[Include, ...]
    routes: tuple[Routed, ...]


def web_sources(sources: SourceTree) -> Iterator[WebSource]:
    """The files that have anything to do with routes."""
    # A file that only decorates with the router of another one need not name the framework.
    for path, text in sources.files(*PACKAGES, "@app.", "@router.", "@bp.", "@api.", "add_url_rule"):
        root = parsed(text)
        if root is None:
            continue
        imported = imported_packages(text)
        reader = _Reader(sources, path, next((PACKAGES[name] for name in PACKAGES if name in imported), ""))
        nodes = list(ast.walk(root))
        routed = [found for node in nodes for found in (*reader.decorated(node), *reader.added(node))]
        source = WebSource(
            path,
            reader.framework,
            {name: router for node in nodes for name, router in reader.routers(node)},
            tuple(found for node in nodes for found in reader.included(node)),
            (*routed, *reader.listed(root)),
        )
        if source.routers or source.includes or source.routes:
            sources.bindings(path)  # read now, while the syntax tree is at hand
            yield source


class _Reader(NamedTuple):
    """Reads the nodes of one file."""

    sources: SourceTree
    path: str
    framework: str

    def routers(self, node: ast.AST) -> Iterator[tuple[str, Router]]:
        value = getattr(node, "value", None)
        if not isinstance(node, ast.Assign | ast.AnnAssign) or not isinstance(value, ast.Call):
            return
        name = last_name(value.func)
        if name not in _ROUTERS and name.endswith("Router") and self.framework == "FastAPI":
            name = "APIRouter"  # a class of their own
        if name in _ROUTERS and self.framework:
            prefix = self.text(keyword(value, "prefix") or keyword(value, "url_prefix")) or ""
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            router = Router(_ROUTERS[name] or self.framework, prefix)
            yield from ((target, router) for target in map(dotted_name, targets) if target)

    def included(self, node: ast.AST) -> Iterator[Include]:
        """`app.include_router(orders.router, prefix="/api")` and its like."""
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or not node.args:
            return
        if node.func.attr in _INCLUDED:
            given = keyword(node, "prefix") or keyword(node, "url_prefix")
            child: ast.expr | None = node.args[0]
            if node.func.attr == "mount":
                given, child = node.args[0], node.args[1] if len(node.args) > 1 else keyword(node, "app")
            parent, name = dotted_name(node.func.value), dotted_name(child)
            if parent and name:
                yield Include(parent, name, self.text(given) if given else None)

    def decorated(self, node: ast.AST) -> Iterator[Routed]:
        """`@app.get("/orders")`, `@bp.route("/orders", methods=["POST"])` on functions and on classes."""
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            return
        for call in node.decorator_list:
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
                continue
            verb = call.func.attr
            if verb not in METHODS and verb not in {"route", "api_route"}:
                continue
            path = self.text(call.args[0] if call.args else keyword(call, "path") or keyword(call, "rule"))
            if path is not None and (not path or path.startswith("/")):
                methods = [verb.upper()] if verb in METHODS else _methods(call, node)
                yield from self._routed(dotted_name(call.func.value), methods, path, node.name, node.lineno)

    def added(self, node: ast.AST) -> Iterator[Routed]:
        """`app.add_url_rule("/orders", view_func=orders)`, `app.router.add_get("/orders", orders)`."""
        if (
            not isinstance(node, ast.Call)
            or not isinstance(node.func, ast.Attribute)
            or node.func.attr not in _ADDED
        ):
            return
        verb, arguments = node.func.attr.removeprefix("add_"), node.args
        router, _, last = dotted_name(node.func.value).rpartition(".")
        methods = [verb.upper()] if verb in METHODS else _methods(node, None)
        if last != "router":
            router = f"{router}.{last}".lstrip(".")
        elif verb == "route" and arguments:  # aiohttp: the method comes first
            verb, arguments = (self.text(arguments[0]) or "").lower(), arguments[1:]
            methods = [verb.upper()] if verb in METHODS else ["GET"]
        path = self.text(arguments[0] if arguments else keyword(node, "rule") or keyword(node, "path"))
        given = arguments[2:] if verb == "url_rule" else arguments[1:]
        view = keyword(node, "view_func") or keyword(node, "endpoint") or next(iter(given), None)
        if path is not None and path.startswith("/") and (name := _view_name(view)):
            yield from self._routed(router, methods, path, name, node.lineno)

    def listed(self, root: ast.Module) -> Iterator[Routed]:
        """Starlette's `Route("/orders", orders, methods=["POST"])`, below any `Mount`; aiohttp's `web.get(…)`."""
        waiting: list[tuple[ast.AST, str]] = [(root, "")]
        while waiting and self.framework in {"Starlette", "FastAPI", "aiohttp"}:
            node, prefix = waiting.pop()
            if isinstance(node, ast.Call):
                name, of = last_name(node.func), dotted_name(node.func).rpartition(".")[0]
                by_verb = of == "web" and name in METHODS
                if name in {"Mount", "Route", "APIRoute"} or by_verb:
                    path = self.text(node.args[0] if node.args else keyword(node, "path")) or ""
                    if name == "Mount":
                        prefix += path.rstrip("/")
                    elif path.startswith("/"):
                        view = _view_name(node.args[1] if len(node.args) > 1 else keyword(node, "endpoint"))
                        methods = [name.upper()] if by_verb else _methods(node, None)
                        yield from self._routed("", methods, prefix + path, view, node.lineno)
            waiting.extend((child, prefix) for child in ast.iter_child_nodes(node))

    def text(self, node: ast.AST | None) -> str | None:
        return self.sources.text_of(node)

    def _routed(self, router: str, methods: list[str], path: str, name: str, line: int) -> Iterator[Routed]:
        for method in methods:
            yield Routed(router, Route(method, path, name, self.path, line, self.framework))


def _methods(call: ast.Call, view: ast.AST | None) -> list[str]:
    """What `methods=` says; else the methods that a class has; else GET."""
    given = keyword(call, "methods")
    if isinstance(given, ast.List | ast.Tuple | ast.Set):
        texts = [each.value for each in given.elts if isinstance(each, ast.Constant)]
        return [text.upper() for text in texts if isinstance(text, str) and text.lower() in METHODS]
    if isinstance(view, ast.ClassDef):
        names = [getattr(each, "name", "") for each in view.body]
        return [name.upper() for name in METHODS if name in names] or ["GET"]
    return ["GET"]


def _view_name(node: ast.AST | None) -> str:
    """`orders` of `views.orders` and of `orders.as_view("orders")`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "as_view":
        return last_name(node.func.value)
    return last_name(node) if node is not None else ""
