"""`check --format …` and `show --format …`, as a user calls them on a real repository."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from check_reports import blocked_report, reports
from click.testing import CliRunner, Result
from hypothesis import given, settings
from program import agent_gate
from repositories import MakeRepository, write_files
from small_project import FILES
from values import candidate, case, checks, from_tests, proposal, started

from agent_gate.cli.check import check
from agent_gate.cli.check_text import say_check
from agent_gate.cli.look import show
from agent_gate.domain.visible import has_hidden
from agent_gate.gating.parsers.junit import parse_junit
from agent_gate.report.check_report import CheckReport
from agent_gate.run import events as ev
from agent_gate.run.journal import RunStore
from agent_gate.run.state import fold
from agent_gate.vcs.repo import Repository

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reports.md"
STATIC = '[gates]\nrequired = ["scope", "ruff"]\nadvisory = ["bandit"]\n'
UNSAFE = FILES["till.py"] + "\n\ndef total_of(text: str) -> int:\n    return eval(text)\n"


@pytest.fixture
def project(make_repository: MakeRepository) -> Repository:
    """Static gates only, so that each check is quick; bandit only advises."""
    repository = make_repository({**FILES, "agent-gate.toml": STATIC})
    write_files(repository.root, {"till.py": UNSAFE, "bad\u202ename.py": "import os\n"})
    return repository


def formats_of(command: click.Command) -> set[str]:
    (option,) = (p for p in command.params if p.name == "form")
    assert isinstance(option.type, click.Choice)
    return set(option.type.choices)


def test_the_contract_names_the_formats() -> None:
    assert formats_of(check) == {"text", "json", "sarif", "junit", "github", "markdown"}
    assert formats_of(show) == {"text", "json", "markdown", "html", "sarif", "junit"}


@pytest.mark.parametrize("command", [check, show], ids=["check", "show"])
def test_the_page_tells_every_format(command: click.Command) -> None:
    page = PAGE.read_text(encoding="utf-8")
    told = {line.removeprefix("## ").strip("`") for line in page.splitlines() if line.startswith("## `")}
    assert formats_of(command) - told == set()


def called(command: click.Command, root: Path, form: str, *arguments: str) -> Result:
    """In this process: six programs would start six times."""
    result = CliRunner().invoke(command, [*arguments, "--repo", str(root), "--format", form])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_each_format_tells_the_same_of_one_change(project: Repository) -> None:
    told = {}
    for form in sorted(formats_of(check)):
        done = called(check, project.root, form)
        assert done.exit_code == 1, done.stderr
        assert "till.py" in done.stdout
        assert not has_hidden(done.stdout)
        told[form] = done.stdout
    whole = json.loads(told["json"])
    found = [(f["rule"], f["effect"]) for result in whole["results"] for f in result["findings"]]
    assert ("B307", "ask") in found
    assert ("characters", "block") in found
    assert (whole["exit_code"], whole["outcome"]) == (1, "blocked")
    assert "? till.py:10 B307" in told["text"]
    assert "::warning file=till.py,line=10" in told["github"]
    assert "::error file=bad\\u202ename.py" in told["github"]
    results = [result for run in json.loads(told["sarif"])["runs"] for result in run["results"]]
    assert {(r["ruleId"], r["level"]) for r in results} >= {("B307", "warning"), ("characters", "error")}
    outcomes = {case.id: case.outcome for case in parse_junit(told["junit"].encode())}
    assert outcomes["agent-gate::verdict"] == "failed"
    assert outcomes["bandit::B307 till.py:10"] == "skipped"
    assert "| ? | bandit | `B307` | `till.py:10` |" in told["markdown"]


def test_a_clean_tree_in_every_format(make_repository: MakeRepository) -> None:
    repository = make_repository({**FILES, "agent-gate.toml": STATIC})
    for form in sorted(formats_of(check)):
        done = called(check, repository.root, form)
        assert done.exit_code == 0, done.stderr
        assert (done.stdout == "") == (form == "github")


def test_progress_goes_to_standard_error_and_only_with_text(project: Repository) -> None:
    assert "ruff" in called(check, project.root, "text").stderr
    done = agent_gate(project.root, "check", "--format", "junit")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("<?xml")


def test_an_unknown_format_is_a_usage_error(project: Repository) -> None:
    done = called(check, project.root, "yaml")
    assert done.exit_code == 2
    assert "sarif" in done.stderr


def test_a_run_in_every_format(make_repository: MakeRepository) -> None:
    repository = make_repository(FILES)
    head = repository.resolve("HEAD")
    journal = RunStore(repository.common_directory).create()
    history: tuple[ev.JournalEvent, ...] = (
        started(base=head),
        ev.ProposalStarted(attempt=1),
        ev.ProposalFinished(proposal=proposal()),
        ev.CandidatePrepared(attempt=1, candidate=candidate(repository.tree_of(head), head)),
    )
    history += checks(fold(history), from_tests(case()), tree=repository.tree_of(head))
    with journal.writing():
        for event in history:
            journal.append(event)
    told = {}
    for form in sorted(formats_of(show)):
        done = called(show, repository.root, form, "@")
        assert done.exit_code == 0, done.stderr
        told[form] = done.stdout
    own = json.loads(told["sarif"])["runs"][-1]["properties"]["agentGate"]
    assert own["clauses"] == {"ACC-1": "verified"}
    assert own["run"] == journal.run_id
    outcomes = {case.id: case.outcome for case in parse_junit(told["junit"].encode())}
    assert outcomes["clauses::ACC-1 stored once"] == "passed"
    assert f'name="run" value="{journal.run_id}"' in told["junit"]
    assert f"run `{journal.run_id}`, checked: passed" in told["markdown"]


def text_of(report: CheckReport) -> str:
    @click.command()
    def tell() -> None:
        say_check(report)

    return CliRunner().invoke(tell, catch_exceptions=False).output


def test_text_goes_gate_by_gate() -> None:
    assert text_of(blocked_report()).splitlines() == [
        "ruff",
        "  ✗ shop/a.py:3 S608 string-built SQL",
        "      query = f'{note}'",
        "      run(query)",
        "  ? shop/b c.py S307 eval",
        "style",
        "  ? shop/a.py:3 C1 too long",
        "clauses",
        "✗ ACC-1    stored once",
        "  ✗ pytest:tests/test_shop.py::test_once  passes, red on the base: failed: assert 1 == 2  [model-written]",
        "  ● manual  look at the lock: waits for the approver's sentence",
        "✗ ACC-1: violated: stored once (pytest:tests/test_shop.py::test_once: failed: assert 1 == 2)",
        "✗ bandit: errored: no report",
        "✗ secrets: required, but it did not run",
        "✗ tests: failed",
        "✗ blocked",
    ]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(reports())
def test_no_text_of_others_reaches_the_terminal_as_it_is(report: CheckReport) -> None:
    told = text_of(report)
    assert not has_hidden(told)
    assert told.splitlines()[-1].endswith(report.outcome)
