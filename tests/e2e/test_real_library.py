"""A library that nobody here wrote, from its source distribution, through the whole main job."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from program import agent_gate, new_file, record_replies, replace
from registry import environment_with, from_index
from repositories import commit_all, git

pytestmark = [pytest.mark.usefixtures("confined"), pytest.mark.registry]

REQUIREMENT = "itsdangerous==2.2.0"
SPEC = """\
schema: agent-gate/spec/v1
id: base64-check
title: Tell whether a text is valid base64
goal: Callers can ask before they decode, instead of catching BadData.
paths:
  allow: ["src/**", "tests/**"]
context: ["src/itsdangerous/encoding.py"]
acceptance:
  - id: ACC-1
    statement: valid and invalid texts are told apart
    verified_by: ["pytest:tests/test_itsdangerous/test_is_base64.py::test_is_base64"]
failure_modes:
  - id: FAIL-1
    cause: the text is no base64 at all
    response: False, never an exception
    verified_by: ["pytest:tests/test_itsdangerous/test_is_base64.py::test_garbage"]
security:
  - id: SEC-1
    threat: the text is evaluated as code
    stride: [E]
    cwe: [CWE-95]
    response: nothing evaluates it
    verified_by: ["bandit:B307"]
not_applicable:
  load: a pure function
  latency: a pure function
"""
ENCODING = "src/itsdangerous/encoding.py"
ANCHOR = "# The alphabet used by base64.urlsafe_*"
GOOD = '''\
def is_base64(string: str | bytes) -> bool:
    """Whether :func:`base64_decode` would take the string."""
    try:
        base64_decode(string)
    except BadData:
        return False

    return True
'''
TESTS = """\
import pytest

from itsdangerous.encoding import base64_encode
from itsdangerous.encoding import is_base64


@pytest.mark.parametrize("value", ("無限", b"infinite"))
def test_is_base64(value):
    assert is_base64(base64_encode(value)) is True


def test_garbage():
    assert is_base64("12345") is False
"""
TEST_FILE = "tests/test_itsdangerous/test_is_base64.py"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library's sources, and an environment with what its tests need."""
    folder = tmp_path_factory.mktemp("library")
    arguments = ["download", "--quiet", "--no-deps", "--no-binary", ":all:", "--dest", str(folder)]
    from_index([sys.executable, "-m", "pip", *arguments, REQUIREMENT])
    environment_with(folder / "venv", "pytest", "freezegun")
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        archive.extractall(folder, filter="data")
    return folder


@pytest.fixture
def checkout(library: Path, tmp_path: Path) -> Path:
    """A git repository made of the library."""
    source = next(
        path for path in library.iterdir() if path.name.startswith("itsdangerous-") and path.is_dir()
    )
    root = tmp_path / "itsdangerous"
    subprocess.run(["cp", "-r", str(source), str(root)], check=True)
    git(root, "init", "--quiet")
    commit_all(root, REQUIREMENT)
    (tmp_path / "spec.yaml").write_text(SPEC)
    return root


def test_a_good_change_is_sealed(checkout: Path, library: Path, tmp_path: Path) -> None:
    env = {"VIRTUAL_ENV": str(library / "venv")}
    reply = replace(ENCODING, ANCHOR, f"{GOOD}\n\n{ANCHOR}") + new_file(TEST_FILE, TESTS)
    model = record_replies(tmp_path / "good.jsonl", [reply])
    ran = agent_gate(checkout, "run", str(tmp_path / "spec.yaml"), "--model", model, env=env)
    assert ran.returncode == 3, ran.stderr
    sealed = agent_gate(checkout, "approve", "@", env=env)
    assert sealed.returncode == 0, sealed.stderr
    assert "is_base64" in git(checkout, "show", "HEAD")
    assert git(checkout, "status", "--porcelain") == ""
    verified = agent_gate(checkout, "verify")
    assert verified.returncode == 0, verified.stdout
    assert "consistent, unsigned" in verified.stdout


def test_a_change_that_breaks_an_existing_test_is_blocked(
    checkout: Path, library: Path, tmp_path: Path
) -> None:
    env = {"VIRTUAL_ENV": str(library / "venv")}
    before = git(checkout, "rev-parse", "HEAD")
    reply = (
        replace(ENCODING, ANCHOR, f"{GOOD}\n\n{ANCHOR}")
        + replace(
            ENCODING,
            '    return base64.urlsafe_b64encode(string).rstrip(b"=")',
            '    return base64.urlsafe_b64encode(string).rstrip(b"=") + b"!"',
        )
        + new_file(TEST_FILE, TESTS)
    )
    model = record_replies(tmp_path / "broken.jsonl", [reply])
    ran = agent_gate(
        checkout, "run", str(tmp_path / "spec.yaml"), "--model", model, "--attempts", "1", env=env
    )
    assert ran.returncode == 1, ran.stderr
    assert "✗ tests" in ran.stderr
    assert "✓ bandit" in ran.stderr
    assert git(checkout, "rev-parse", "HEAD") == before


def test_a_change_with_a_security_finding_is_blocked(checkout: Path, library: Path, tmp_path: Path) -> None:
    env = {"VIRTUAL_ENV": str(library / "venv")}
    evil = GOOD.replace(
        "        base64_decode(string)\n", "        eval(want_bytes(string))\n        base64_decode(string)\n"
    )
    reply = replace(ENCODING, ANCHOR, f"{evil}\n\n{ANCHOR}") + new_file(TEST_FILE, TESTS)
    model = record_replies(tmp_path / "evil.jsonl", [reply])
    ran = agent_gate(
        checkout, "run", str(tmp_path / "spec.yaml"), "--model", model, "--attempts", "1", env=env
    )
    assert ran.returncode == 1, ran.stderr
    assert "B307" in ran.stderr
    assert "✗ SEC-1" in ran.stderr
    assert "a static gate blocks" in ran.stderr
