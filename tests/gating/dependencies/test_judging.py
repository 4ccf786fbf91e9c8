"""Names, licences and vulnerabilities: the bad ones, and the honest ones that look like them."""

from __future__ import annotations

import asyncio
import json
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_gate.gating.dependencies.licence import is_allowed, licence_of
from agent_gate.gating.dependencies.look_alike import looks_like
from agent_gate.gating.dependencies.requirement import python_name
from agent_gate.gating.dependencies.vulnerability import Audit, audit
from agent_gate.resources import data_directory

OPTIONS: dict[str, Any] = tomllib.loads((data_directory("gates") / "dependencies.toml").read_text())[
    "options"
]
PYPI = frozenset(OPTIONS["popular_pypi"])
NPM = frozenset(OPTIONS["popular_npm"])
ALLOWED = frozenset(OPTIONS["licences"])


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("reqeusts", "requests"), ("requets", "requests"), ("python-requests", "requests"), ("requests2", "requests"),
        ("djang0", "django"), ("pandsa", "pandas"), ("dateutil-python", "python-dateutil"), ("nurnpy", "numpy"),
        ("beautifulsoup", "beautifulsoup4"), ("crypt0graphy", "cryptography"), ("sk-learn-scikit", ""),
        ("tensorfow", "tensorflow"), ("oauthlib-requests", "requests-oauthlib"), ("py-yaml", "pyyaml"),
        ("pre-committ", "pre-commit"), ("precommit", "pre-commit"), ("pre-commit-py", "pre-commit"),
    ],
)  # fmt: skip
def test_names_that_are_easily_taken_for_another(name: str, meant: str) -> None:
    assert looks_like(name, PYPI) == meant


@pytest.mark.parametrize(
    "name",
    [
        "requests", "python-dateutil", "types-requests", "pytest-django", "django-extensions", "httpx2-client-thing",
        "boto3-stubs", "flask-limiter", "pandas-gbq", "attr", "six", "rich-click", "pydantic-extra-types", "sqlglot",
        "duckdb", "aiocache", "numpydoc", "tomli-w", "click-plugins", "grpcio-status", "toml", "pre-commit-uv", "tox-uv",
    ],
)  # fmt: skip
def test_honest_names(name: str) -> None:
    assert looks_like(name, PYPI - {"attrs"}) == ""


def test_names_of_npm() -> None:
    assert looks_like("lodahs", NPM) == "lodash"
    assert looks_like("@bable/core", NPM) == "@babel/core"
    for name in ("@types/lodash", "react-table", "@babel/parser", "lodash-es", "vue-i18n"):
        assert looks_like(name, NPM) == "", name


def test_the_shipped_names_are_written_as_the_index_knows_them() -> None:
    assert [name for name in OPTIONS["popular_pypi"] if python_name(name) != name] == []
    assert len(PYPI) == len(OPTIONS["popular_pypi"])
    assert len(NPM) == len(OPTIONS["popular_npm"])


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True), ("mit", True), ("Apache-2.0 OR GPL-3.0-only", True), ("MIT AND GPL-3.0-only", False),
        ("(MIT OR GPL-2.0-only) AND BSD-3-Clause", True), ("Apache-2.0 WITH LLVM-exception", True),
        ("GPL-3.0-or-later", False), ("", False), ("MIT AND", False), ("(MIT", False), ("MIT) OR (MIT", False),
        ("see LICENSE", False), ("MIT\nGPL", False), ("MIT;GPL", False),
    ],
)  # fmt: skip
def test_licence_expressions(expression: str, *, allowed: bool) -> None:
    assert is_allowed(expression, ALLOWED) is allowed


@given(st.text(alphabet="()MITANDORWH -+.", max_size=700))
def test_garbage_is_no_licence_and_never_raised(expression: str) -> None:
    assert is_allowed(expression, ALLOWED) in {True, False}


def test_where_metadata_tell_the_licence() -> None:
    names = OPTIONS["licence_names"]
    mit = "License :: OSI Approved :: MIT License"
    assert licence_of({"license_expression": "MIT"}, names) == "MIT"
    assert licence_of({"classifier": [mit, "License :: OSI Approved"]}, names) == "MIT"
    assert licence_of({"license": "Apache 2.0"}, names) == "Apache-2.0"
    assert licence_of({"license": "Copyright (c) 2020\n\nPermission is…"}, names) == ""
    assert licence_of({}, names) == ""
    assert not is_allowed(
        licence_of({"classifier": [mit, "License :: Other/Proprietary License"]}, names), ALLOWED
    )


REPORT = {
    "dependencies": [
        {
            "name": "Flask",
            "version": "2.2.0",
            "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.2.5"], "aliases": []}],
        },
        {"name": "redis", "version": "5.0", "vulns": []},
        {"name": "gone", "skip_reason": "Dependency not found on PyPI and could not be audited: gone (1.0)"},
    ],
    "fixes": [],
}


async def audited(tmp_path: Path, program: str) -> Audit:
    """Asks a program that says what pip-audit 2.10 said when it was recorded."""
    script = tmp_path / "audit.py"
    script.write_text(program)
    versions = {("flask", "2.2.0"), ("redis", "5.0"), ("gone", "1.0"), ("forgotten", "1.0")}
    folder = tmp_path / "empty"
    folder.mkdir()
    found = await audit((sys.executable, str(script)), versions, folder, {}, asyncio.Semaphore(1))
    assert "flask==2.2.0\n" in (folder / "audited.txt").read_text()
    return found


@pytest.mark.parametrize("code", [0, 1])
async def test_the_exit_code_of_pip_audit_tells_nothing(tmp_path: Path, code: int) -> None:
    found = await audited(tmp_path, f"print('''{json.dumps(REPORT)}'''); raise SystemExit({code})")
    assert found.vulnerable == {"flask": ("PYSEC-1 (mended in 2.2.5)",)}
    assert set(found.skipped) == {"gone", "forgotten"}
    assert found.problem == ""


@pytest.mark.parametrize("program", ["raise SystemExit('no network')", "print('{}')", "print('[1]')", ""])
async def test_no_report_is_no_all_clear(tmp_path: Path, program: str) -> None:
    assert (await audited(tmp_path, program)).problem
