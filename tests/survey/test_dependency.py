from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_gate.survey.dependency import Dependency, dependencies_of, speaks_of, words_for
from agent_gate.survey.technology import KIND_WORDS, TECHNOLOGIES, technology_of
from agent_gate.survey.work_tree import WorkTree


def found_in(root: Path, **files: str) -> tuple[Dependency, ...]:
    paths = []
    for name, text in files.items():
        path = f"{name.replace('__', '/').replace('/INIT', '/__init__')}.py"
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
        paths.append(path)
    return dependencies_of(WorkTree(root), paths)


def test_a_driver_is_found_with_its_place_and_its_words(tmp_path: Path) -> None:
    (found,) = found_in(tmp_path, shop__db="import os\n\nimport psycopg\n")
    assert found[:4] == ("psycopg", "database", "shop/db.py", 3)
    assert found.words == ("postgres", "postgresql", "database", "db", "psycopg")
    assert found.title == "PostgreSQL"


@pytest.mark.parametrize(
    ("text", "name", "kind"),
    [
        ("import redis.asyncio as redis", "redis", "cache"),
        ("from celery import shared_task", "celery", "queue"),
        ("import stripe", "stripe", "payment processor"),
        ("from google.cloud import storage", "google.cloud.storage", "object storage"),
        ("from google.cloud import texttospeech", "google.cloud", "cloud service"),
        ("from django.db import models", "django.db", "database"),
        ("from django.core.mail import send_mail", "django.core.mail", "mail"),
        ("import smtplib", "smtplib", "mail"),
        ("import urllib.request", "urllib.request", "HTTP service"),
        ("from urllib import request", "urllib.request", "HTTP service"),
        ("import sqlite3", "sqlite3", "database file"),
        ("from openai import OpenAI", "openai", "model API"),
        ("import ldap3", "ldap3", "LDAP"),
        ("from elasticsearch import Elasticsearch", "elasticsearch", "search engine"),
        ("from aiohttp import ClientSession", "aiohttp", "HTTP service"),
        ("import boto3\ns3 = boto3.client('s3')", "boto3", "object storage"),
        ("import boto3\nq = boto3.resource(service_name='sqs')", "boto3", "queue"),
        ("import boto3", "boto3", "cloud service"),
        ("def f():\n    import httpx", "httpx", "HTTP service"),
    ],
)
def test_kinds(tmp_path: Path, text: str, name: str, kind: str) -> None:
    assert [(each.name, each.kind) for each in found_in(tmp_path, app=text)] == [(name, kind)]


@pytest.mark.parametrize(
    "text",
    [
        "from aiohttp import web",
        "from urllib.request import pathname2url",
        "from urllib.parse import quote",
        "from http import HTTPStatus",
        "from django.db import migrations",
        "import json, dataclasses",
        "from .redis import pool",
        "'''import redis'''",
        "# import redis",
        "import redis (",
    ],
)
def test_what_reaches_for_nothing(tmp_path: Path, text: str) -> None:
    assert found_in(tmp_path, app=text) == ()


def test_each_product_once_where_it_comes_first(tmp_path: Path) -> None:
    found = found_in(tmp_path, b="import psycopg_pool\nimport redis", a="import psycopg, redis")
    assert [(each.name, each.path, each.line) for each in found] == [
        ("psycopg_pool", "b.py", 1),
        ("redis", "b.py", 2),
    ]


def test_a_driver_tells_more_than_the_mapper_above_it(tmp_path: Path) -> None:
    assert [each.name for each in found_in(tmp_path, a="import sqlalchemy\nimport asyncpg")] == ["asyncpg"]
    assert [each.title for each in found_in(tmp_path, a="import sqlalchemy")] == ["the database"]


def test_own_packages_are_left_out(tmp_path: Path) -> None:
    assert found_in(tmp_path, redis__INIT="", app="import redis") == ()
    assert found_in(tmp_path / "src", src__stripe="", app="import stripe") == ()
    assert found_in(tmp_path / "scripts", tools__requests="", tools__run="import requests") == ()


def test_a_module_of_a_package_hides_no_package(tmp_path: Path) -> None:
    found = found_in(tmp_path, shop__INIT="", shop__redis="import redis")
    assert [each.path for each in found] == ["shop/redis.py"]


def test_tests_depend_on_nothing_that_could_fail_in_production(tmp_path: Path) -> None:
    assert found_in(tmp_path, tests__test_app="import httpx", conftest="import psycopg") == ()


def test_clients_are_told_apart_by_whom_they_ask(tmp_path: Path) -> None:
    found = found_in(
        tmp_path,
        carrier="import httpx\nclass CarrierClient: ...",
        bank="import requests\nclass OpenBankingAPI: ...",
        other="import httpx\nclass HTTPClient: ...",
        more="import requests",
    )
    assert [each.title for each in found] == ["the carrier", "the open banking", "the remote service"]
    assert "carrier" in found[0].words


def test_addresses_tell_whom_a_file_asks(tmp_path: Path) -> None:
    (found,) = found_in(
        tmp_path, a='import httpx\nhttpx.get(CARRIER_BASE_URL)\nU = "https://api.parcels.com/v1"\n'
    )
    assert {"carrier", "parcels"} <= set(found.words)


def test_the_address_of_a_database_is_not_that_of_a_service(tmp_path: Path) -> None:
    (found,) = found_in(tmp_path, a='import httpx\nDATABASE_URL = ""\nAPI_URL = ""\n')
    assert not {"database", "api"} & set(found.words)


def test_files_that_are_not_there_or_not_python_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("import redis\n")
    (tmp_path / "bad.py").write_bytes(b"import redis\xff")
    assert dependencies_of(WorkTree(tmp_path), ["notes.txt", "bad.py", "gone.py", "../up.py", "a\0.py"]) == ()


@pytest.mark.parametrize(
    ("name", "included", "excluded"),
    [
        ("db", {"db", "database", "postgres", "mysql"}, {"redis"}),
        ("redis", {"redis", "cache"}, {"database"}),
        ("queue", {"queue", "broker", "rabbitmq", "kafka"}, {"s3"}),
        ("postgres", {"postgres", "postgresql", "database", "db"}, {"mysql"}),
        ("Postgres", {"postgres", "postgresql"}, set[str]()),
        ("orders-db", {"orders-db", "orders db", "orders", "database"}, set[str]()),
        ("carrier-api", {"carrier-api", "carrier"}, {"api"}),
        ("carrier", {"carrier"}, {"upstream"}),
        ("sqlalchemy", {"sqlalchemy", "database", "postgres"}, set[str]()),
    ],
)
def test_words_for_names_of_services(name: str, included: set[str], excluded: set[str]) -> None:
    words = set(words_for(name))
    assert included <= words
    assert not excluded & words


@pytest.mark.parametrize(
    ("text", "speaks"),
    [
        ("Redis refuses connections", True), ("both redis-servers", True), ("the REDIS cluster", True),
        ("predisposed", False), ("redistribute", False), ("", False),
    ],
)  # fmt: skip
def test_words_stand_by_themselves(text: str, speaks: bool) -> None:
    assert speaks_of(text, ("redis", "redis-server")) is speaks


def test_no_words_speak_of_nothing() -> None:
    assert not speaks_of("anything", ())
    assert not speaks_of("anything", ("",))


@given(st.text())
def test_a_name_speaks_of_itself(name: str) -> None:
    words = words_for(name)
    assert (name.strip().lower() in words) is bool(name.strip())
    assert len(set(words)) == len(words)


def test_every_technology_is_of_a_known_kind_and_named_once() -> None:
    modules = [module for each in TECHNOLOGIES for module in each.modules]
    assert len(modules) == len(set(modules))
    assert {each.kind for each in TECHNOLOGIES} <= set(KIND_WORDS)
    for each in TECHNOLOGIES:
        assert all(word == word.lower() for word in (*each.words, *KIND_WORDS[each.kind]))
        assert technology_of(each.modules[0]) == (each.modules[0], each)


@given(
    st.binary(max_size=300), st.sampled_from(["", "import redis\n", "class CarrierClient:\n import httpx\n"])
)
def test_no_content_makes_it_raise(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, start: str
) -> None:
    root = tmp_path_factory.mktemp("tree")
    (root / "a.py").write_bytes(start.encode() + content)
    for found in dependencies_of(WorkTree(root), ["a.py"]):
        assert found.words
        assert found.line >= 1
