"""The web services and workers of a repository, and the commands that start them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from agent_gate.survey.found import Route, ServiceFound
from agent_gate.survey.health import health_path
from agent_gate.survey.project_file import project_name
from agent_gate.survey.python_source import imported_packages, last_name, parsed
from agent_gate.survey.source_tree import Module, SourceTree, assigned_calls, keyword

_APPLICATIONS: Mapping[str, tuple[str, str]] = {
    "FastAPI": ("FastAPI", "fastapi"), "Starlette": ("Starlette", "starlette"), "Flask": ("Flask", "flask"),
    "APIFlask": ("Flask", "apiflask"), "Quart": ("Quart", "quart"), "Litestar": ("Litestar", "litestar"),
    "Sanic": ("Sanic", "sanic"), "Celery": ("Celery", "celery"),
}  # fmt: skip
"""The classes of applications, each with its framework and the package that it is imported from."""
_OWN_SERVERS: Mapping[str, tuple[str, str]] = {
    "make_server": ("wsgiref", "wsgiref"), "run_app": ("aiohttp", "aiohttp"), "HTTPServer": ("http.server", "http.server"),
    "ThreadingHTTPServer": ("http.server", "http.server"),
}  # fmt: skip
"""The calls by which a script serves by itself."""
_GENERAL_NAMES = frozenset(
    {"api", "app", "application", "asgi", "backend", "config", "core", "main", "project", "server", "service", "settings", "src", "web", "wsgi"}
)  # fmt: skip
_FACTORIES_OF_FLASK = frozenset({"create_app", "make_app"})


class _Application(NamedTuple):
    name: str
    framework: str
    line: int
    is_factory: bool
    call: ast.Call


def web_services(sources: SourceTree, routes: tuple[Route, ...]) -> Iterator[ServiceFound]:
    """Web services of the frameworks that we know, then scripts that serve by themselves, then workers."""
    found = [*_applications(sources, routes), *_django(sources, routes), *_scripts(sources)]
    yield from sorted(
        found, key=lambda service: (service.framework == "Celery", service.path.count("/"), service.path)
    )


def _applications(sources: SourceTree, routes: tuple[Route, ...]) -> Iterator[ServiceFound]:
    for path, text in sources.files(*(f"{name}(" for name in _APPLICATIONS)):
        root, module = parsed(text), sources.module(path)
        application = _application(root, frozenset(imported_packages(text))) if root else None
        if application is None or module is None:
            continue
        ready = _ready(application, [route for route in routes if _is_below(route.file, path)])
        start = _start(application, module, path)
        yield ServiceFound(
            _name(sources, module), application.framework, start, ready, path, application.line
        )


def _application(root: ast.Module, imported: frozenset[str]) -> _Application | None:
    """The application that a module holds, or else the function that makes one."""
    for name, call in assigned_calls(root.body):
        framework, package = _APPLICATIONS.get(last_name(call.func), ("", ""))
        if package in imported:
            return _Application(name, framework, call.lineno, False, call)
    for node in root.body:
        if isinstance(node, ast.FunctionDef) and len(node.args.defaults) == len(node.args.args):
            for inner in ast.walk(node):
                if isinstance(inner, ast.Call):
                    framework, package = _APPLICATIONS.get(last_name(inner.func), ("", ""))
                    if package in imported and framework != "Celery":
                        return _Application(node.name, framework, inner.lineno, True, inner)
    return None


def _start(application: _Application, module: Module, path: str) -> str:
    name, framework = application.name, application.framework
    if framework == "Flask":
        usual = {"app", "application"} | (_FACTORIES_OF_FLASK if application.is_factory else set())
        place = path if module.folder else module.name
        return f"flask --app {place}{'' if name in usual else f':{name}'} run --port {{port}}"
    if framework == "Celery":
        folder = f" --workdir {module.folder}" if module.folder else ""
        return f"celery{folder} -A {module.name}:{name} worker"
    if framework == "Sanic":
        return f"sanic {module.name}:{name}{' --factory' if application.is_factory else ''} --port {{port}}"
    factory = "--factory " if application.is_factory else ""
    folder = f" --app-dir {module.folder}" if module.folder else ""
    return f"uvicorn {factory}{module.name}:{name}{folder} --port {{port}}"


def _ready(application: _Application, routes: list[Route]) -> str:
    """A health route; else what the framework itself answers; else the root, where it is served."""
    if application.framework == "Celery":
        return ""
    read = [route.path for route in routes if route.method == "GET"]
    if health := health_path(read):
        return health
    own = keyword(application.call, "openapi_url")
    if application.framework == "FastAPI" and not (isinstance(own, ast.Constant) and own.value is None):
        return own.value if isinstance(own, ast.Constant) and isinstance(own.value, str) else "/openapi.json"
    return "/" if "/" in read else ""


def _is_below(file: str, path: str) -> bool:
    """Whether the file lies in the other one's folder, or below it."""
    return f"{file.rpartition('/')[0]}/".startswith(f"{path.rpartition('/')[0]}/") or "/" not in path


def _django(sources: SourceTree, routes: tuple[Route, ...]) -> Iterator[ServiceFound]:
    """By each `manage.py`; its settings name the project."""
    for path in sources.tree.files:
        text = sources.tree.text(path) if path.rpartition("/")[2] == "manage.py" else ""
        if "DJANGO_SETTINGS_MODULE" not in text:
            continue
        named = re.search(r"DJANGO_SETTINGS_MODULE[\"'],\s*[\"']([\w.]+)", text)
        line = text.count("\n", 0, named.start()) + 1 if named else 1
        name = _name(sources, Module(path.rpartition("/")[0], named[1] if named else ""))
        read = [route.path for route in routes if route.method == "GET" and route.framework == "Django"]
        start = f"python {path} runserver --noreload {{port}}"
        yield ServiceFound(name, "Django", start, health_path(read), path, line)


def _scripts(sources: SourceTree) -> Iterator[ServiceFound]:
    """Modules that serve when they are run. Where the port comes from, only a person can say."""
    for path, text in sources.files("__main__"):
        imported = {package for _, package in _OWN_SERVERS.values() if package in text}
        root, module = parsed(text), sources.module(path)
        if not imported or root is None or module is None:
            continue
        started = f"-m {module.name.removesuffix('.__main__')}" if not module.folder else path
        calls = (node for node in ast.walk(root) if isinstance(node, ast.Call))
        for call in calls:
            framework, package = _OWN_SERVERS.get(last_name(call.func), ("", ""))
            if package in imported:
                yield ServiceFound(
                    _name(sources, module), framework, f"python {started}", "", path, call.lineno
                )
                break


def _name(sources: SourceTree, module: Module) -> str:
    """The package's name; where that says nothing, the folder's that holds it, or the project's."""
    for part in (module.name.partition(".")[0], module.folder.rpartition("/")[2]):
        if part and part not in _GENERAL_NAMES:
            return part
    return project_name(sources.tree)
