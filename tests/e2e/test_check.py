"""`check`: the gates alone, on a change that is already there."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from program import agent_gate
from repositories import MakeRepository, commit_all, git, write_files
from small_project import FILES, SPEC

from agent_gate.vcs.repo import Repository

pytestmark = pytest.mark.usefixtures("confined")

HONEST = FILES["till.py"] + "\n\ndef count(prices: list[int]) -> int:\n    return len(prices)\n"
HONEST_TESTS = FILES["tests/test_till.py"].replace(
    "from till import total\n", "from till import count, total\n"
) + ("\n\ndef test_count():\n    assert count([1, 2]) == 2\n")
UNSAFE = FILES["till.py"] + "\n\ndef total_of(text: str) -> int:\n    return eval(text)\n"


FEW_GATES = {"agent-gate.toml": '[gates]\nrequired = ["scope", "bandit"]\nadvisory = []\n'}


@pytest.fixture
def project(make_repository: MakeRepository) -> Repository:
    return make_repository(FILES)


@pytest.fixture
def quick(make_repository: MakeRepository) -> Repository:
    """The same with two quick gates, for what a verdict is enough for."""
    return make_repository({**FILES, **FEW_GATES}, name="quick")


def test_a_clean_tree_passes(project: Repository) -> None:
    done = agent_gate(project.root, "check")
    assert done.returncode == 0, done.stderr
    assert "nothing changed" in done.stdout


def test_the_work_tree_with_untracked_files_is_judged_and_stays_as_it_is(project: Repository) -> None:
    write_files(project.root, {"till.py": HONEST, "tests/test_till.py": HONEST_TESTS, "notes.md": "# sum\n"})
    index = (project.git_directory / "index").read_bytes()
    done = agent_gate(project.root, "check", "--format", "json")
    assert done.returncode == 0, done.stdout
    told = json.loads(done.stdout)
    assert told["outcome"] == "passed"
    assert {result["gate"]: result["status"] for result in told["results"]} == {
        "scope": "passed", "integrity": "passed", "secrets": "passed", "ruff": "passed", "bandit": "passed",
        "tests": "passed", "coverage": "passed", "dependencies": "skipped",
    }  # fmt: skip
    assert "notes.md" in git(project.root, "ls-tree", "-r", "--name-only", told["tree"])
    assert (project.git_directory / "index").read_bytes() == index


def test_the_second_check_of_the_same_tree_is_cached(project: Repository) -> None:
    write_files(project.root, {"till.py": HONEST, "tests/test_till.py": HONEST_TESTS})
    agent_gate(project.root, "check")
    again = json.loads(agent_gate(project.root, "check", "--format", "json").stdout)
    assert {result["gate"] for result in again["results"] if not result["cached"]} == {"dependencies"}
    anew = json.loads(agent_gate(project.root, "check", "--format", "json", "--no-cache").stdout)
    assert not any(result["cached"] for result in anew["results"])
    assert anew["verdict_digest"] == again["verdict_digest"]


def test_a_new_finding_blocks_and_an_old_one_does_not(quick: Repository) -> None:
    write_files(quick.root, {"till.py": UNSAFE})
    blocked = agent_gate(quick.root, "check")
    assert blocked.returncode == 1
    assert "till.py:10" in blocked.stdout
    assert "B307" in blocked.stdout
    assert "eval(text)" in blocked.stdout
    commit_all(quick.root, "unsafe, and there it is")
    write_files(
        quick.root,
        {"till.py": UNSAFE.replace('"""A till."""', '"""A till of a shop."""\n\nCURRENCY = "EUR"')},
    )
    moved = agent_gate(quick.root, "check")
    assert "B307" not in moved.stdout
    assert moved.returncode != 1, moved.stdout


def test_the_index_a_range_and_one_commit(quick: Repository) -> None:
    write_files(quick.root, {"till.py": UNSAFE})
    git(quick.root, "add", "till.py")
    write_files(quick.root, {"till.py": FILES["till.py"]})
    assert agent_gate(quick.root, "check", "--staged").returncode == 1
    assert agent_gate(quick.root, "check").returncode == 0
    git(quick.root, "commit", "--quiet", "--message", "unsafe")
    assert agent_gate(quick.root, "check", "HEAD^..HEAD").returncode == 1
    assert agent_gate(quick.root, "check", "HEAD").returncode == 1
    unknown = agent_gate(quick.root, "check", "nowhere..HEAD")
    assert unknown.returncode == 2
    assert "names no commit" in unknown.stderr


def test_a_patch_from_stdin(quick: Repository) -> None:
    write_files(quick.root, {"till.py": UNSAFE})
    patch = git(quick.root, "diff") + "\n"
    git(quick.root, "checkout", "--quiet", ".")
    assert agent_gate(quick.root, "check", "--patch", "-", stdin=patch).returncode == 1
    broken = agent_gate(quick.root, "check", "--patch", "-", stdin=patch.replace(" def total", " def sum"))
    assert broken.returncode == 2
    assert "does not apply" in broken.stderr
    assert git(quick.root, "status", "--porcelain") == ""


def test_a_file_that_cannot_be_parsed_never_passes(project: Repository) -> None:
    write_files(project.root, {"till.py": "def broken(:\n"})
    done = agent_gate(project.root, "check", "--all", "--format", "json")
    assert done.returncode == 1
    statuses = {result["gate"]: result["status"] for result in json.loads(done.stdout)["results"]}
    assert statuses["ruff"] in {"failed", "errored"}
    assert statuses["bandit"] in {"failed", "errored"}
    assert statuses["tests"] in {"failed", "errored"}


@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit", "github", "markdown"])
def test_a_name_that_is_no_text_stops_no_gate_and_no_report(project: Repository, form: str) -> None:
    name = os.fsdecode(b"caf\xe9.py")
    write_files(project.root, {name: "import os\n\nos.system(input())\nHALF = '\\udce9'\n"})
    done = agent_gate(project.root, "check", "--all", "--format", form)
    assert done.returncode == 1, done.stderr
    assert "errored" not in done.stderr
    assert "caf" in done.stdout
    assert "characters" in done.stdout


def test_an_advisory_gate_that_fails_is_a_question(project: Repository) -> None:
    write_files(project.root, {"till.py": HONEST, "tests/test_till.py": HONEST_TESTS, "change.py": "X = 1\n"})
    done = agent_gate(project.root, "check")
    assert done.returncode == 3, done.stdout
    assert "? coverage     failed (the tests run 66.6 % of the changed lines" in done.stderr
    assert "? change.py:1 not-run" in done.stdout
    assert "✗" not in done.stdout + done.stderr


def test_a_protected_path_is_a_question(quick: Repository) -> None:
    write_files(quick.root, {"pyproject.toml": FILES["pyproject.toml"] + "# a comment\n"})
    done = agent_gate(quick.root, "check")
    assert done.returncode == 3, done.stdout
    assert "pyproject.toml" in done.stdout


def test_clauses_are_bound_with_a_spec(project: Repository, tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").write_text(SPEC)
    write_files(project.root, {"till.py": HONEST, "tests/test_till.py": HONEST_TESTS})
    done = agent_gate(project.root, "check", "--spec", str(tmp_path / "spec.yaml"))
    assert done.returncode == 1
    assert "ACC-1: unverified" in done.stdout
