from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_gate.survey.route import Route, routes_of
from agent_gate.survey.work_tree import WorkTree


def tree_of(root: Path, files: dict[str, str]) -> WorkTree:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return WorkTree(root)


def served(root: Path, files: dict[str, str]) -> list[str]:
    return sorted(f"{route.method} {route.path}" for route in routes_of(tree_of(root, files)))


FASTAPI = """
from fastapi import FastAPI

app = FastAPI()

@app.get("/healthz")
def healthz(): ...

@app.post("/orders/{number:int}")
async def pay(number: int): ...
"""


def test_a_route_says_what_answers_and_where(tmp_path: Path) -> None:
    assert routes_of(tree_of(tmp_path, {"shop/app.py": FASTAPI})) == (
        Route("GET", "/healthz", "healthz", "shop/app.py", 7, "FastAPI"),
        Route("POST", "/orders/{number}", "pay", "shop/app.py", 10, "FastAPI"),
    )


ROUTER = """
from fastapi import APIRouter

router = APIRouter(prefix="/{name}")

@router.get("")
def listed(): ...

@router.post("/")
def create(): ...
"""


def test_prefixes_of_routers_add_up_across_files(tmp_path: Path) -> None:
    app = """
from fastapi import FastAPI
from shop import api
from shop.config import settings

app = FastAPI()
app.include_router(api.router, prefix=settings.API_ROOT)
"""
    api = """
from fastapi import APIRouter
from .orders import router as orders_router
import shop.credits

router = APIRouter()
router.include_router(orders_router)
router.include_router(shop.credits.router, prefix="/x")
"""
    files = {
        "src/shop/__init__.py": "",
        "src/shop/app.py": app,
        "src/shop/api.py": api,
        "src/shop/config.py": 'class Settings:\n    API_ROOT: str = "/api/v1"\n',
        "src/shop/orders.py": ROUTER.replace("{name}", "orders"),
        "src/shop/credits.py": ROUTER.replace("{name}", "credits"),
    }
    assert served(tmp_path, files) == [
        "GET /api/v1/orders", "GET /api/v1/x/credits", "POST /api/v1/orders/", "POST /api/v1/x/credits/",
    ]  # fmt: skip


def test_a_router_may_be_included_twice_and_re_exported(tmp_path: Path) -> None:
    files = {
        "main.py": "from fastapi import FastAPI\nfrom api import router\napp = FastAPI()\n"
        'app.include_router(router, prefix="/v1")\napp.include_router(router, prefix=f"/v{2}")\n'
        'app.include_router(router, prefix="/v" + "3")\n',
        "api/__init__.py": "from .orders import router\n",
        "api/orders.py": ROUTER.replace("{name}", "orders"),
    }
    paths = served(tmp_path, files)
    assert {"GET /v1/orders", "GET /v3/orders"} <= set(paths)


def test_routers_that_include_each_other_end(tmp_path: Path) -> None:
    one = 'from fastapi import APIRouter\nfrom {} import {}\n{} = APIRouter(prefix="/{}")\n'
    text = '{}.include_router({})\n@{}.get("/x")\ndef x(): ...\n'
    files = {
        "a.py": one.format("b", "b", "a", "a") + text.format("a", "b", "a"),
        "b.py": one.format("a", "a", "b", "b") + text.format("b", "a", "b"),
    }
    assert served(tmp_path, files)


FLASK = """
from flask import Flask, Blueprint
from . import auth

def create_app():
    app = Flask(__name__)

    @app.route("/hello/<int:number>/<path:rest>", methods=["GET", "POST"])
    def hello(number, rest): ...

    app.register_blueprint(auth.bp)
    app.register_blueprint(auth.admin, url_prefix="/boss")
    app.add_url_rule("/rule", view_func=hello)
    app.add_url_rule("/nothing", endpoint="index")
    return app
"""
BLUEPRINTS = """
from flask import Blueprint

bp = Blueprint("auth", __name__, url_prefix="/auth")
admin = Blueprint("admin", __name__, url_prefix="/admin")

@bp.post("/login")
def login(): ...

@admin.route("/", methods=("DELETE",))
def remove(): ...
"""


def test_blueprints(tmp_path: Path) -> None:
    files = {"shop/__init__.py": FLASK, "shop/auth.py": BLUEPRINTS}
    assert served(tmp_path, files) == [
        "DELETE /boss/", "GET /hello/{number}/{rest}", "GET /rule", "POST /auth/login", "POST /hello/{number}/{rest}",
    ]  # fmt: skip


STARLETTE = """
from starlette.applications import Starlette
from starlette.routing import Mount, Route

routes = [
    Route("/", home),
    Mount("/api", routes=[Route("/orders/{id:int}", orders, methods=["PUT"]), Mount("/in", routes=[Route("/x", x)])]),
]
app = Starlette(routes=routes)
"""


def test_starlette(tmp_path: Path) -> None:
    assert served(tmp_path, {"app.py": STARLETTE}) == ["GET /", "GET /api/in/x", "PUT /api/orders/{id}"]


AIOHTTP = """
from aiohttp import web

routes = web.RouteTableDef()

@routes.get("/a/{name:\\\\d+}")
async def a(request): ...

app = web.Application()
app.router.add_post("/b", b)
app.router.add_route("PUT", "/c", c)
app.add_routes([web.delete("/d", d)])
"""


def test_aiohttp(tmp_path: Path) -> None:
    assert served(tmp_path, {"app.py": AIOHTTP}) == ["DELETE /d", "GET /a/{name}", "POST /b", "PUT /c"]


@pytest.mark.parametrize(
    "text",
    [
        "from unittest import mock\n@mock.patch('/x')\ndef f(): ...\n",
        "import respx\n@respx.get('/x')\ndef f(): ...\n",
        "import httpx\nhttpx.get('/x')\nclient.post('/y')\n",
        "from fastapi import FastAPI\napp = FastAPI()\n@app.get(path)\ndef f(): ...\n",
        "from flask import Flask\n@cache.get('key')\ndef f(): ...\n",
        "from flask import Flask\n@cache.get('/key')\ndef f(): ...\n",
    ],
)
def test_what_is_no_route(tmp_path: Path, text: str) -> None:
    assert served(tmp_path, {"app.py": text}) == []


def test_tests_and_examples_serve_nothing(tmp_path: Path) -> None:
    assert served(tmp_path, {"tests/app.py": FASTAPI, "examples/app.py": FASTAPI}) == []


URLS = """
from django.contrib import admin
from django.urls import include, path, re_path
from rest_framework.routers import DefaultRouter
from . import views
from .api import OrderViewSet, LogViewSet, MailViewSet

router = DefaultRouter()
router.register(r"orders", OrderViewSet)
router.register(r"logs", LogViewSet)
router.register(r"mails", MailViewSet)

extra = [path("extra/", views.extra)]

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", views.Home.as_view(), name="home"),
    path("buy/<int:pk>/", cache_page(60)(views.buy)),
    re_path(r"^old/(?P<slug>[\\\\w-]+)/$", views.old),
    re_path(r"^odd/(a|b)/$", views.old),
    path("api/", include(router.urls)),
    path("bank/", include("bank.urls")),
    path("more/", include(extra)),
    path("feed/", views.Feed()),
]
urlpatterns += extra
"""
VIEWS = """
from django.views.generic import CreateView
from django.views.decorators.http import require_POST
from rest_framework.decorators import api_view

class Home(CreateView): ...

@require_POST
def buy(request, pk): ...

@api_view(["GET", "DELETE"])
def old(request, slug): ...

def extra(request):
    if request.method == "POST":
        return 1
"""
API = """
from rest_framework import mixins, viewsets
class OrderViewSet(viewsets.ModelViewSet): ...
class LogViewSet(viewsets.ReadOnlyModelViewSet): ...
class MailViewSet(mixins.CreateModelMixin, mixins.UpdateModelMixin, viewsets.GenericViewSet): ...
"""


def test_django(tmp_path: Path) -> None:
    files = {
        "site/__init__.py": "", "site/urls.py": URLS, "site/views.py": VIEWS, "site/api.py": API, "bank/__init__.py": "",
        "bank/urls.py": 'from django.urls import path\nurlpatterns = [path("pay/", pay)]\n',
    }  # fmt: skip
    found = set(served(tmp_path, files))
    assert found == {
        "GET /", "POST /", "POST /buy/{pk}/", "GET /old/{slug}/", "DELETE /old/{slug}/", "GET /bank/pay/",
        "GET /extra/", "POST /extra/", "GET /more/extra/", "POST /more/extra/", "GET /feed/",
        "GET /api/orders/", "POST /api/orders/", "GET /api/orders/{pk}/", "PUT /api/orders/{pk}/",
        "PATCH /api/orders/{pk}/", "DELETE /api/orders/{pk}/", "GET /api/logs/", "GET /api/logs/{pk}/",
        "POST /api/mails/", "PUT /api/mails/{pk}/", "PATCH /api/mails/{pk}/",
    }  # fmt: skip


def test_a_view_of_django_is_named_where_it_is_written(tmp_path: Path) -> None:
    files = {"site/__init__.py": "", "site/urls.py": URLS, "site/views.py": VIEWS, "site/api.py": API}
    (buy,) = [route for route in routes_of(tree_of(tmp_path, files)) if route.function == "buy"]
    assert (buy.file, buy.line) == ("site/views.py", 9)


def test_configurations_of_django_that_include_each_other_end(tmp_path: Path) -> None:
    text = 'from django.urls import include, path\nurlpatterns = [path("x/", x)]\n' + (
        'urlpatterns += [path("a/", include("a.urls")), path("b/", include("b.urls"))]\n' * 30
    )
    root = 'from django.urls import include, path\nurlpatterns = [path("", include("a.urls"))]\n'
    files = {
        "a/__init__.py": "",
        "a/urls.py": text,
        "b/__init__.py": "",
        "b/urls.py": text,
        "c/urls.py": root,
    }
    assert served(tmp_path, files) == ["GET /b/x/", "GET /x/"]


def test_lists_of_django_that_name_themselves_end(tmp_path: Path) -> None:
    text = 'from django.urls import include, path\nurlpatterns = [path("x/", x), path("a/", include(urlpatterns))]\n'
    assert served(tmp_path, {"a/urls.py": text}) == ["GET /x/"]


PIECES = [
    line
    for text in (FASTAPI, ROUTER, FLASK, BLUEPRINTS, STARLETTE, AIOHTTP, URLS, VIEWS, API)
    for line in text.splitlines(keepends=True)
]


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join), st.binary(max_size=40))
def test_no_source_makes_it_raise(tmp_path_factory: pytest.TempPathFactory, text: str, rest: bytes) -> None:
    root = tmp_path_factory.mktemp("tree")
    (root / "app.py").write_text(text, encoding="utf-8")
    (root / "urls.py").write_bytes(text.encode() + rest)
    for route in routes_of(WorkTree(root)):
        assert route.path.startswith("/")
        assert route.line >= 1
