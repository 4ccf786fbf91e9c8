from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_gate.survey.service import ServiceFound, services_of
from agent_gate.survey.work_tree import WorkTree


def found_in(root: Path, files: dict[str, str]) -> tuple[ServiceFound, ...]:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return services_of(WorkTree(root))


FASTAPI = "from fastapi import FastAPI\napp = FastAPI()\n"
FACTORY = "from {} import {}\ndef create_app(config=None):\n    app = {}(__name__)\n    return app\n"


def test_fastapi_in_a_package(tmp_path: Path) -> None:
    (found,) = found_in(tmp_path, {"shop/__init__.py": "", "shop/app.py": FASTAPI})
    assert found == ServiceFound(
        "shop", "FastAPI", "uvicorn shop.app:app --port {port}", "/openapi.json", "shop/app.py", 2
    )


@pytest.mark.parametrize(
    ("files", "start"),
    [
        ({"src/shop/__init__.py": "", "src/shop/app.py": FASTAPI}, "uvicorn shop.app:app --app-dir src --port {port}"),
        ({"backend/main.py": FASTAPI}, "uvicorn main:app --app-dir backend --port {port}"),
        ({"main.py": FASTAPI}, "uvicorn main:app --port {port}"),
        ({"shop/__init__.py": FASTAPI}, "uvicorn shop:app --port {port}"),
        ({"shop/app.py": f"{FASTAPI}from shop.orders import router\n"}, "uvicorn shop.app:app --port {port}"),
        (
            {"shop/__init__.py": "", "shop/app.py": FACTORY.format("fastapi", "FastAPI", "FastAPI")},
            "uvicorn --factory shop.app:create_app --port {port}",
        ),
        (
            {"shop/__init__.py": FACTORY.format("flask", "Flask", "Flask")},
            "flask --app shop run --port {port}",
        ),
        (
            {"src/shop/__init__.py": "", "src/shop/web.py": "from flask import Flask\nweb = Flask('x')\n"},
            "flask --app src/shop/web.py:web run --port {port}",
        ),
        (
            {"shop/__init__.py": "", "shop/tasks.py": "from celery import Celery\napp = Celery('shop')\n"},
            "celery -A shop.tasks:app worker",
        ),
        (
            {"manage.py": 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "bank.settings")\n'},
            "python manage.py runserver --noreload {port}",
        ),
        (
            {"shop/__init__.py": "", "shop/app.py": "from wsgiref.simple_server import make_server\nif __name__ == '__main__':\n    make_server('', 1, app)\n"},
            "python -m shop.app",
        ),
    ],
)  # fmt: skip
def test_how_it_is_started(tmp_path: Path, files: dict[str, str], start: str) -> None:
    assert [each.start for each in found_in(tmp_path, files)] == [start]


def test_a_factory_that_needs_something_cannot_be_started(tmp_path: Path) -> None:
    text = "from fastapi import FastAPI\ndef create_app(config):\n    return FastAPI()\n"
    assert [each.framework for each in found_in(tmp_path, {"shop/__init__.py": text})] == ["library"]


@pytest.mark.parametrize(
    ("more", "ready"),
    [
        ('@app.get("/healthz")\ndef healthz(): ...\n', "/healthz"),
        ('@app.get("/api/ready")\ndef ready(): ...\n', "/api/ready"),
        ('@app.get("/orders")\ndef orders(): ...\n', "/openapi.json"),
        ('@app.post("/healthz")\ndef healthz(): ...\n', "/openapi.json"),
    ],
)
def test_when_it_is_ready(tmp_path: Path, more: str, ready: str) -> None:
    assert [each.ready for each in found_in(tmp_path, {"shop/__init__.py": FASTAPI + more})] == [ready]


def test_without_a_schema_nothing_tells_that_it_is_ready(tmp_path: Path) -> None:
    text = FASTAPI.replace("()", "(openapi_url=None)")
    assert [each.ready for each in found_in(tmp_path, {"shop/__init__.py": text})] == [""]


def test_a_name_that_says_nothing_gives_way_to_the_projects(tmp_path: Path) -> None:
    files = {
        "app/__init__.py": "",
        "app/main.py": FASTAPI,
        "pyproject.toml": '[project]\nname = "Pay_Slips"\n',
    }
    assert [each.name for each in found_in(tmp_path, files)] == ["pay-slips"]


def test_names_are_told_apart(tmp_path: Path) -> None:
    files = {"shop/__init__.py": "", "shop/app.py": FASTAPI, "shop/admin.py": FASTAPI, "shop/in/__init__.py": "", "shop/in/admin.py": FASTAPI}  # fmt: skip
    names = [each.name for each in found_in(tmp_path, files)]
    assert len(set(names)) == 3
    assert all(re.fullmatch(r"shop(-\w+)*", name) for name in names)


@pytest.mark.parametrize(
    ("package", "framework"), [("typer", "Typer"), ("click", "Click"), ("argparse", "argparse")]
)
def test_commands_that_are_installed(tmp_path: Path, package: str, framework: str) -> None:
    files = {
        "pyproject.toml": '[project]\nname = "x"\n[project.scripts]\nshop = "shop.cli:main"\n',
        "shop/__init__.py": "",
        "shop/cli.py": f"import {package}\n\ndef main(): ...\n",
    }
    assert found_in(tmp_path, files) == (ServiceFound("shop", framework, "shop", "", "shop/cli.py", 3),)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (
            "setup.cfg",
            "[options.entry_points]\nconsole_scripts =\n    shop = shop.cli:main\n[bdist]\nx = a:b\n",
        ),
        (
            "setup.py",
            "setup(entry_points={'console_scripts': ['shop = shop.cli:main'], 'other': ['x = a:b']})",
        ),
        ("pyproject.toml", '[tool.poetry.scripts]\nshop = "shop.cli:main"\n'),
    ],
)
def test_commands_are_declared_in_several_ways(tmp_path: Path, path: str, text: str) -> None:
    files = {path: text, "shop/__init__.py": "", "shop/cli.py": "from shop.options import parser\n", "shop/options.py": "import argparse\n"}  # fmt: skip
    assert [(each.name, each.framework) for each in found_in(tmp_path, files)] == [("shop", "argparse")]


def test_modules_that_are_run_by_name(tmp_path: Path) -> None:
    files = {"shop/__init__.py": "", "shop/__main__.py": "import click\n", "tool.py": "import argparse\nif __name__ == '__main__':\n    pass\n"}  # fmt: skip
    assert {each.start for each in found_in(tmp_path, files)} == {"python -m shop", "python -m tool"}


def test_plain_modules_are_a_library(tmp_path: Path) -> None:
    files = {"src/shop/__init__.py": "", "src/shop/a.py": "", "single.py": "", "setup.py": "", "tests/__init__.py": "", "docs/conf.py": ""}  # fmt: skip
    found = found_in(tmp_path, files)
    assert [(each.name, each.framework, each.start) for each in found] == [
        ("shop", "library", ""),
        ("single", "library", ""),
    ]


def test_an_empty_folder_is_nothing(tmp_path: Path) -> None:
    assert found_in(tmp_path, {}) == ()


@pytest.mark.parametrize(
    "text", ["[project", "project = 3\n", '[project]\nscripts = ["a"]\n', "[project]\nname = 1\n"]
)
def test_a_broken_project_file_is_passed_over(tmp_path: Path, text: str) -> None:
    assert [each.name for each in found_in(tmp_path, {"pyproject.toml": text, "shop/__init__.py": ""})] == [
        "shop"
    ]


@given(
    st.sampled_from(["pyproject.toml", "setup.cfg", "setup.py", "manage.py", "app/__main__.py"]),
    st.binary(max_size=200),
)
def test_no_content_makes_it_raise(
    tmp_path_factory: pytest.TempPathFactory, path: str, content: bytes
) -> None:
    root = tmp_path_factory.mktemp("tree")
    (root / "app").mkdir()
    starts = {
        "manage.py": b"DJANGO_SETTINGS_MODULE",
        "setup.py": b"console_scripts [",
        "setup.cfg": b"console_scripts",
    }
    (root / path).write_bytes(starts.get(path, b"") + content)
    assert all(each.name for each in services_of(WorkTree(root)))
