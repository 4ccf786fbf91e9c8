"""The demo tells the truth: each of its parts really does what the demo says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from agent_gate.demo import replies_path, sample_files, spec_bytes
from agent_gate.domain.spec import Spec
from agent_gate.edits import Applied, apply_reply
from agent_gate.spec.reader import parse_spec

RUFF_RULES = "F,E4,E7,E9,W,B,S"


@pytest.fixture(scope="module")
def spec() -> Spec:
    return parse_spec(spec_bytes(), "spec.yaml")


@pytest.fixture(scope="module")
def changes(spec: Spec) -> list[Mapping[str, bytes]]:
    """What each recorded reply makes of the sample."""
    base = sample_files()
    found: list[Mapping[str, bytes]] = []
    for line in replies_path().read_text(encoding="utf-8").splitlines():
        result = apply_reply(json.loads(line)["text"], base.get, spec.paths)
        assert isinstance(result, Applied)
        assert set(result.steps.values()) <= {"exact", "new-file"}
        found.append({path: content for path, content in result.contents.items() if content is not None})
    return found


def written(folder: Path, *layers: Mapping[str, bytes]) -> Path:
    for layer in layers:
        for path, content in layer.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    return folder


def tool(folder: Path, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", name, *arguments],
        cwd=folder,
        env={
            "PATH": "/usr/bin:/bin",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "COLUMNS": "300",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def outcomes(folder: Path) -> dict[str, str]:
    """Each test's outcome, and for the failed ones the exception."""
    run = tool(folder, "pytest", "-p", "no:cacheprovider", "-rA", "-q", "--tb=line")
    found = re.findall(r"^(PASSED|FAILED|ERROR) (tests/\S+)(?: - (\w+))?", run.stdout, flags=re.MULTILINE)
    assert found, run.stdout + run.stderr
    return {test: f"{outcome} {why}".strip() for outcome, test, why in found}


def bandit(folder: Path) -> list[tuple[str, str]]:
    report = json.loads(tool(folder, "bandit", "-q", "-f", "json", "-r", "shop").stdout)
    assert report["errors"] == []
    return [(found["test_id"], found["filename"]) for found in report["results"]]


def ruff(folder: Path) -> list[str]:
    arguments = (
        "check",
        "--isolated",
        "--no-cache",
        "--select",
        RUFF_RULES,
        "--output-format",
        "json",
        "shop",
    )
    return [found["code"] for found in json.loads(tool(folder, "ruff", *arguments).stdout)]


def test_sample_is_green_and_clean(tmp_path: Path) -> None:
    folder = written(tmp_path, sample_files())
    found = outcomes(folder)
    assert len(found) >= 15
    assert set(found.values()) == {"PASSED"}
    assert ruff(folder) == []
    assert bandit(folder) == []


def test_sample_holds_nothing_that_tools_left_behind() -> None:
    assert [p for p in sample_files() if not p.startswith(("shop/", "tests/"))] == [
        ".gitignore",
        "README.md",
        "pyproject.toml",
    ]
    assert not [path for path in sample_files() if "cache" in path]


def test_there_are_two_replies(changes: list[Mapping[str, bytes]]) -> None:
    assert len(changes) == 2


def test_first_reply_is_stopped_by_static_gates(tmp_path: Path, changes: list[Mapping[str, bytes]]) -> None:
    folder = written(tmp_path, sample_files(), changes[0])
    assert bandit(folder) == [("B608", "shop/orders.py")]
    assert ruff(folder) == ["S608"]


def test_first_reply_would_fail_its_own_tests(tmp_path: Path, changes: list[Mapping[str, bytes]]) -> None:
    found = outcomes(written(tmp_path, sample_files(), changes[0]))
    failed = {test for test, outcome in found.items() if outcome != "PASSED"}
    assert "tests/test_search.py::test_silent_carrier_leaves_states_unknown" in failed
    assert "tests/test_search.py::test_searched_text_is_data" in failed
    assert all(test.startswith("tests/test_search.py") for test in failed)


def test_second_reply_passes_everything(tmp_path: Path, changes: list[Mapping[str, bytes]]) -> None:
    folder = written(tmp_path, sample_files(), changes[1])
    assert set(outcomes(folder).values()) == {"PASSED"}
    assert ruff(folder) == []
    assert bandit(folder) == []


def test_new_tests_are_red_on_the_base(tmp_path: Path, changes: list[Mapping[str, bytes]]) -> None:
    tests = {path: content for path, content in changes[1].items() if path.startswith("tests/")}
    found = outcomes(written(tmp_path, sample_files(), tests))
    new = {outcome for test, outcome in found.items() if test.startswith("tests/test_search.py")}
    assert new == {"FAILED AttributeError", "FAILED AssertionError"}


def test_each_clause_names_tests_that_the_second_reply_writes(
    tmp_path: Path, spec: Spec, changes: list[Mapping[str, bytes]]
) -> None:
    found = outcomes(written(tmp_path, sample_files(), changes[1]))
    named = {v.target for clause in spec.clauses for v in clause.verified_by if v.kind == "pytest"}
    functions = {test.partition("[")[0] for test in found if test.startswith("tests/test_search.py")}
    assert named == functions
    assert not [test for test in named if test.partition("::")[0] in sample_files()]
