"""Routes of Django: the `urlpatterns` of its URL configurations, and the routers of Django REST framework."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from agent_gate.survey.found import Route
from agent_gate.survey.python_source import last_name, parsed, statements
from agent_gate.survey.source_tree import SourceTree, assigned_calls, keyword

_MOST_INCLUDES = 500
_MOST_ENTRIES = 2000
_MOST_LISTS = 2000
_READ, _READ_WRITE = ("GET",), ("GET", "POST")
_GENERIC_VIEWS: Mapping[str, tuple[str, ...]] = {
    "ListView": _READ, "DetailView": _READ, "TemplateView": _READ, "RedirectView": _READ, "ArchiveIndexView": _READ,
    "CreateView": _READ_WRITE, "UpdateView": _READ_WRITE, "DeleteView": _READ_WRITE, "FormView": _READ_WRITE,
    "ListAPIView": _READ, "RetrieveAPIView": _READ, "CreateAPIView": ("POST",), "DestroyAPIView": ("DELETE",),
    "UpdateAPIView": ("PUT", "PATCH"), "ListCreateAPIView": _READ_WRITE, "RetrieveUpdateAPIView": ("GET", "PUT", "PATCH"),
    "RetrieveDestroyAPIView": ("GET", "DELETE"), "RetrieveUpdateDestroyAPIView": ("GET", "PUT", "PATCH", "DELETE"),
}  # fmt: skip
"""What Django's and REST framework's generic views answer, by the end of the class's name."""
_ACTIONS: Mapping[str, Mapping[str, str]] = {
    "collection": {"list": "GET", "create": "POST"},
    "member": {"retrieve": "GET", "update": "PUT", "partial_update": "PATCH", "destroy": "DELETE"},
}
"""What REST framework's routers call the methods, on a list and on one of its members."""
_METHODS = ("get", "post", "put", "patch", "delete")
_DECORATORS: Mapping[str, tuple[str, ...]] = {
    "require_GET": _READ, "require_safe": _READ, "require_POST": ("POST",),
}  # fmt: skip


class _Entry(NamedTuple):
    """A line of a URL configuration: what it adds to the path, and what answers there."""

    prefix: str
    view: ast.expr | None
    line: int
    kind: str
    """`view`, `include`, or `collection` and `member` for a view set of a router."""


class _View(NamedTuple):
    """A function or a class that answers, and where it is."""

    name: str
    file: str
    line: int
    methods: tuple[str, ...]


def django_routes(sources: SourceTree) -> Iterator[Route]:
    """The routes below every URL configuration that no other one includes."""
    entries = {
        path: list(islice(_entries(sources, path), _MOST_ENTRIES)) for path, _ in sources.files("urlpatterns")
    }
    included = {
        file for path in entries for entry in entries[path] for file in _included(sources, path, entry)
    }
    waiting = [(path, "/", frozenset({path})) for path in entries if path not in included]
    entered: set[tuple[str, str]] = set()
    for _ in range(_MOST_INCLUDES):
        if not waiting:
            return
        path, prefix, above = waiting.pop()
        for entry in entries[path]:
            whole = re.sub(r"/{2,}", "/", prefix + entry.prefix)
            below = [
                file for file in _included(sources, path, entry) if file in entries and file not in above
            ]
            waiting.extend((file, whole, above | {file}) for file in below if (file, whole) not in entered)
            entered |= {(file, whole) for file in below}
            if entry.kind != "include" and not any(sign in whole for sign in "()[]^$*+?|\\"):
                answered = _answered(sources, path, entry)
                for method in answered.methods if answered.name else ():
                    yield Route(method, whole, answered.name, answered.file, answered.line, "Django")


def _entries(sources: SourceTree, path: str) -> Iterator[_Entry]:
    root = parsed(sources.tree.text(path))
    if root is None:
        return
    routers = {
        name: call for name, call in assigned_calls(root.body) if last_name(call.func).endswith("Router")
    }
    registered: dict[str, list[_Entry]] = {name: [] for name in routers}
    for node in ast.walk(root):
        if isinstance(node, ast.Call) and last_name(node.func) == "register" and len(node.args) > 1:
            name = last_name(node.func.value) if isinstance(node.func, ast.Attribute) else ""
            prefix = sources.text_of(node.args[0])
            if name in registered and prefix is not None:
                base = f"{_readable(prefix).strip('/')}/" if prefix else ""
                registered[name].append(_Entry(base, node.args[1], node.lineno, "collection"))
                registered[name].append(_Entry(f"{base}{{pk}}/", node.args[1], node.lineno, "member"))
    yield from _in_patterns(sources, _lists(root), registered)


def _lists(root: ast.Module) -> dict[str, list[ast.expr]]:
    """What is assigned and added to each name of a module."""
    found: dict[str, list[ast.expr]] = {}
    for node in statements(root.body):
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign) and node.value is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name):
                    found.setdefault(target.id, []).append(node.value)
    return found


def _in_patterns(
    sources: SourceTree, lists: Mapping[str, list[ast.expr]], registered: Mapping[str, list[_Entry]]
) -> Iterator[_Entry]:
    start = frozenset({"urlpatterns"})
    waiting: list[tuple[ast.AST, str, frozenset[str]]] = [
        (each, "", start) for each in lists.get("urlpatterns", [])[::-1]
    ]
    followed = 0
    while waiting:
        node, prefix, above = waiting.pop()
        name = last_name(node.func) if isinstance(node, ast.Call) else ""
        if isinstance(node, ast.Name) and node.id not in above and followed < _MOST_LISTS:
            followed += 1
            waiting.extend((value, prefix, above | {node.id}) for value in lists.get(node.id, [])[::-1])
        if isinstance(node, ast.Attribute) and node.attr == "urls":
            for entry in registered.get(last_name(node.value), ()):
                yield entry._replace(prefix=prefix + entry.prefix)
        if name not in {"path", "re_path", "url"}:
            waiting.extend((child, prefix, above) for child in list(ast.iter_child_nodes(node))[::-1])
        elif isinstance(node, ast.Call) and (found := _pattern(sources, node, prefix)):
            yield found
            if found.kind == "include" and found.view is not None:
                waiting.append((found.view, found.prefix, above))


def _pattern(sources: SourceTree, call: ast.Call, prefix: str) -> _Entry | None:
    """What one `path(…)` says."""
    text = sources.text_of(call.args[0] if call.args else keyword(call, "route"))
    view = call.args[1] if len(call.args) > 1 else keyword(call, "view")
    if text is None or view is None:
        return None
    here = prefix + (_converted(text) if last_name(call.func) == "path" else _readable(text))
    if isinstance(view, ast.Call) and last_name(view.func) == "include" and view.args:
        return _Entry(here, view.args[0], call.lineno, "include")
    is_router = isinstance(view, ast.Attribute) and view.attr == "urls"
    return _Entry(here, view, call.lineno, "include" if is_router else "view")


def _included(sources: SourceTree, path: str, entry: _Entry) -> list[str]:
    """The configuration that `include("shop.urls")`, or `include(shop.urls)`, means."""
    if entry.kind != "include" or entry.view is None:
        return []
    target = entry.view.elts[0] if isinstance(entry.view, ast.Tuple) and entry.view.elts else entry.view
    if isinstance(target, ast.Constant) and isinstance(target.value, str):
        file = sources.file_of(target.value, path)
        return [file] if file else []
    found = sources.resolve(path, last_name(target)) if isinstance(target, ast.Name) else None
    return [found.file] if found and not found.name else []


def _answered(sources: SourceTree, path: str, entry: _Entry) -> _View:
    """What answers; where it cannot be found, the place is the line of the URL configuration."""
    view = entry.view
    while isinstance(view, ast.Call) and not (
        isinstance(view.func, ast.Attribute) and view.func.attr == "as_view"
    ):
        view = view.args[0] if view.args else view.func  # csrf_exempt(view), cache_page(60)(view), Feed()
    node: ast.expr | None = view
    if isinstance(view, ast.Call) and isinstance(view.func, ast.Attribute):
        node = view.func.value
    name = last_name(node) if node is not None else ""
    dotted = f"{last_name(node.value)}.{name}" if isinstance(node, ast.Attribute) else name
    place = sources.resolve(path, dotted) if name else None
    found = _definition(sources, place.file, place.name) if place else None
    where = (place.file, found.lineno) if place and found else (path, entry.line)
    return _View(name, *where, _methods_of(found, name, entry.kind))


def _definition(sources: SourceTree, file: str, name: str) -> ast.stmt | None:
    root = parsed(sources.tree.text(file))
    return next((node for node in (root.body if root else ()) if getattr(node, "name", "") == name), None)


def _methods_of(found: ast.stmt | None, name: str, kind: str) -> tuple[str, ...]:
    if isinstance(found, ast.FunctionDef | ast.AsyncFunctionDef):
        return _methods_of_function(found)
    bases = [last_name(base) for base in found.bases] if isinstance(found, ast.ClassDef) else []
    if kind in _ACTIONS:
        return _methods_of_view_set(found, bases, _ACTIONS[kind])
    defined = {getattr(each, "name", "") for each in found.body} if isinstance(found, ast.ClassDef) else set()
    own = tuple(method.upper() for method in _METHODS if method in defined)
    named = (
        _GENERIC_VIEWS[known] for base in (*bases, name) for known in _GENERIC_VIEWS if base.endswith(known)
    )
    return own or next(named, _READ)


def _methods_of_view_set(
    found: ast.stmt | None, bases: list[str], actions: Mapping[str, str]
) -> tuple[str, ...]:
    """By the mixins that a view set inherits, and the actions that it defines; all where it is not known."""
    known = {getattr(each, "name", "") for each in found.body} if isinstance(found, ast.ClassDef) else set()
    known |= {base.removesuffix("ModelMixin").lower() for base in bases}
    known |= {"partial_update"} if "update" in known else set()
    if any("ReadOnly" in base for base in bases):
        known |= {"list", "retrieve"}
    elif not any(base in {"GenericViewSet", "ViewSet"} for base in bases):
        known |= set(actions)
    return tuple(method for action, method in actions.items() if action in known)


def _methods_of_function(found: ast.FunctionDef | ast.AsyncFunctionDef) -> tuple[str, ...]:
    for decorator in found.decorator_list:
        call = decorator if isinstance(decorator, ast.Call) else None
        name = last_name(call.func if call else decorator)
        if name in _DECORATORS:
            return _DECORATORS[name]
        if call and name in {"api_view", "require_http_methods"} and call.args:
            given = call.args[0].elts if isinstance(call.args[0], ast.List | ast.Tuple) else []
            texts = [str(each.value).upper() for each in given if isinstance(each, ast.Constant)]
            return tuple(text for text in texts if text.lower() in _METHODS) or _READ
    compared = (
        node for node in ast.walk(found) if isinstance(node, ast.Compare) and last_name(node.left) == "method"
    )
    asks = any(
        isinstance(each, ast.Constant) and each.value == "POST"
        for node in compared
        for each in node.comparators
    )
    return _READ_WRITE if asks else _READ


def _converted(text: str) -> str:
    """`orders/<int:pk>/` as `orders/{pk}/`."""
    return re.sub(r"<(?:[^<>:]+:)?(\w+)>", r"{\1}", text)


def _readable(text: str) -> str:
    r"""`^orders/(?P<pk>\d+)/$` as `orders/{pk}/`; what remains of a regular expression shows in the result."""
    named = re.sub(r"\(\?P<(\w+)>(?:[^()\[\]]|\[[^\]]*\])*\)", r"{\1}", text)
    return (
        named.removeprefix("^").removesuffix("$").removesuffix("\\Z").replace("\\.", ".").replace("\\-", "-")
    )
