"""`spec check` and `spec schema`: exit codes, streams, formats."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from program import agent_gate
from spec_files import CLAUSE, GOOD

ASKED = (
    CLAUSE.replace("trivial", "standard") + "not_applicable: {latency: x, failure_modes: x, security: x}\n"
)
"""A spec that leaves something open: a load without a duration."""
BAD = GOOD.replace("goal:", "gaol:")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("good", GOOD), ("asked", ASKED), ("bad", BAD), ("torn", "a: 'b\n")):
        (tmp_path / f"{name}.yaml").write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["good.yaml"], 0),
        (["good.yaml", "--strict"], 0),
        (["asked.yaml"], 0),
        (["asked.yaml", "--strict"], 2),
        (["bad.yaml"], 2),
        (["torn.yaml"], 2),
        (["good.yaml", "asked.yaml"], 0),
        (["good.yaml", "bad.yaml"], 2),
        (["bad.yaml", "good.yaml"], 2),
        (["missing.yaml"], 2),
        (["."], 2),
        ([], 2),
        (["--format", "xml", "good.yaml"], 2),
    ],
)
def test_errors_end_with_2_and_questions_only_when_strict(
    folder: Path, arguments: list[str], code: int
) -> None:
    assert agent_gate(folder, "spec", "check", *arguments).returncode == code


@pytest.mark.parametrize("form", ["json", "sarif"])
def test_the_format_changes_no_exit_code(folder: Path, form: str) -> None:
    for arguments, code in ((["asked.yaml"], 0), (["asked.yaml", "--strict"], 2), (["torn.yaml"], 2)):
        done = agent_gate(folder, "spec", "check", "--format", form, *arguments)
        assert done.returncode == code
        assert json.loads(done.stdout)


def test_each_file_is_told_with_its_line_code_and_what_to_write(folder: Path) -> None:
    done = agent_gate(folder, "spec", "check", "good.yaml", "bad.yaml", "torn.yaml", "missing.yaml")
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert "good.yaml: a-change, trivial, 0 clauses; 0 verified by a machine, 0 by a person" in lines[0]
    assert "bad.yaml:4:1: SP01 gaol: there is no such field" in lines[1]
    assert "did you mean goal?" in lines[2]
    assert "torn.yaml:1:4: YA01 not valid YAML" in lines[3]
    assert "missing.yaml: YA01 No such file or directory" in lines[5]
    assert "name an existing spec file" in lines[6]
    assert len(lines) == 7


def test_a_question_is_told_and_counted(folder: Path) -> None:
    done = agent_gate(folder, "spec", "check", "asked.yaml")
    assert "LO01 " in done.stdout
    assert "1 clauses; 1 verified by a machine" in done.stdout
    assert "open questions" in done.stdout


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"NO_COLOR": ""}, {"TERM": "dumb"}])
def test_nothing_is_coloured_where_nobody_looks(folder: Path, env: dict[str, str]) -> None:
    assert "\x1b" not in agent_gate(folder, "spec", "check", "bad.yaml", "asked.yaml", env=env).stdout


def test_a_name_that_is_no_text_is_told_all_the_same(tmp_path: Path) -> None:
    name = "sp\udcffec.yaml"
    (tmp_path / name).write_text(BAD)
    for form in ("text", "json", "sarif"):
        done = agent_gate(tmp_path, "spec", "check", "--format", form, name)
        assert (done.returncode, done.stderr) == (2, "")
        assert "SP01" in done.stdout


def test_machines_get_every_file_in_one_document(folder: Path) -> None:
    done = agent_gate(folder, "spec", "check", "--format", "json", "bad.yaml", "good.yaml", "missing.yaml")
    specs = json.loads(done.stdout)["specs"]
    assert [spec["path"] for spec in specs] == ["bad.yaml", "good.yaml", "missing.yaml"]
    assert [len(spec["remarks"]) for spec in specs] == [1, 0, 1]
    assert done.stderr == ""
    log = json.loads(agent_gate(folder, "spec", "check", "--format", "sarif", "bad.yaml", "good.yaml").stdout)
    assert [result["ruleId"] for result in log["runs"][0]["results"]] == ["SP01"]


def test_the_schema_is_printed_for_editors(tmp_path: Path) -> None:
    done = agent_gate(tmp_path, "spec", "schema")
    assert (done.returncode, done.stderr) == (0, "")
    schema = json.loads(done.stdout)
    assert schema["$schema"].endswith("2020-12/schema")
    assert set(schema["required"]) == {"schema", "id", "title", "goal", "paths"}
    assert agent_gate(tmp_path, "spec", "schema", "more").returncode == 2
