"""Which program a gate's tool is, and what a sandbox has to show for it."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from repositories import MakeRepository

from agent_gate.domain.gate import GateDefinition
from agent_gate.errors import PolicyError, SetupError
from agent_gate.gating.catalog import load_catalog
from agent_gate.gating.copies import Copy
from agent_gate.gating.environment import Environment
from agent_gate.gating.installed import installed_digest, installed_folders, link_installed
from agent_gate.gating.tools import gate_tool


def definition(tool: str, **more: object) -> GateDefinition:
    return GateDefinition.model_validate({
        "schema": "agent-gate/gate/v1", "id": "a", "title": "a", "tool": tool, "argv": ["{tool}"],
        "parser": "sarif", "canary": {"files": {"a": "a"}}, **more,
    })  # fmt: skip


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def theirs(environment: Environment, tmp_path: Path) -> Environment:
    """An environment of the project's own, which has a mypy, and a checkout with installed folders."""
    python = tmp_path / "venv" / "bin" / "python"
    program(python.parent / "mypy", f"#!{python}\n")
    python.symlink_to(sys.executable)
    return replace(environment, python=python, paths=(tmp_path / "venv",), root=tmp_path / "checkout")


async def test_the_environments_own_tool_comes_first_where_the_definition_says_so(
    theirs: Environment,
) -> None:
    ours = gate_tool(definition("mypy"), theirs)
    assert ours
    assert ours.argv == (sys.executable, "-I", "-B", "-m", "mypy")
    tool = gate_tool(definition("mypy", environment_tool=True), theirs)
    assert tool
    folder = theirs.python.parent
    assert tool.argv == (str(theirs.python), "-I", "-B", str(folder / "mypy"))
    assert tool.paths == theirs.paths


async def test_a_script_on_path_brings_its_interpreter(
    theirs: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    python = elsewhere / "bin" / "python3"
    script = program(elsewhere / "bin" / "scanner", f"#!{python}\n")
    python.symlink_to(sys.executable)
    (elsewhere / "pyvenv.cfg").write_text(f"home = {tmp_path / 'base' / 'bin'}\n")
    monkeypatch.setenv("PATH", f"{elsewhere / 'bin'}:/usr/bin:/bin")
    tool = gate_tool(definition("scanner"), theirs)
    assert tool
    assert tool.argv == (str(python), "-I", "-B", str(script))
    assert {elsewhere, tmp_path / "base"} <= set(tool.paths)
    assert gate_tool(definition("no-such-tool-anywhere"), theirs) is None


async def test_an_installed_tool_is_run_by_what_its_first_line_names(theirs: Environment) -> None:
    assert theirs.root
    script = program(theirs.root / "node_modules" / "x" / "cli.js", "#!/usr/bin/env sh\n")
    link = theirs.root / "node_modules" / ".bin" / "x"
    link.parent.mkdir()
    link.symlink_to("../x/cli.js")
    tool = gate_tool(definition("node_modules/.bin/x", installed=["node_modules"]), theirs)
    assert tool
    assert Path(tool.argv[0]).name == "sh"
    assert tool.argv[1:] == (str(script),)
    assert theirs.root / "node_modules" in tool.paths


async def test_an_installed_tool_does_not_lead_out_of_its_folder(theirs: Environment) -> None:
    assert theirs.root
    program(theirs.root / "src" / "x", "#!/bin/sh\n")
    (theirs.root / "node_modules").mkdir()
    (theirs.root / "node_modules" / "x").symlink_to("../src/x")
    assert gate_tool(definition("node_modules/x", installed=["node_modules"]), theirs) is None


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ('tool = "scripts/check"', "lies in no folder that `installed` names"),
        ('tool = "x"\ninstalled = ["../other"]', "is no folder of the checkout"),
        ('tool = "x"\ninstalled = ["/usr"]', "is no folder of the checkout"),
        ('tool = "x"\nparser_options = { level = 1 }', "parser_options.level: sarif has no such option"),
    ],
)
def test_a_definition_that_would_run_the_trees_own_tool_is_refused(key: str, told: str) -> None:
    text = f"""
schema = "agent-gate/gate/v1"
id = "own"
title = "own"
{key}
argv = ["{{tool}}"]
parser = "sarif"
canary = {{ files = {{ a = "a" }} }}
"""
    with pytest.raises(PolicyError) as caught:
        load_catalog({".agent-gate/gates/own.toml": text.encode()})
    assert told in caught.value.message
    assert caught.value.hint


async def test_what_is_installed_takes_part_in_the_key(theirs: Environment) -> None:
    assert theirs.root
    gate = definition("x", installed=["vendor"])
    assert installed_digest(definition("x"), theirs) == ""
    missing = installed_digest(gate, theirs)
    with pytest.raises(SetupError, match="vendor is not installed"):
        installed_folders(gate, theirs)
    file = program(theirs.root / "vendor" / "a", "one")
    walked = installed_digest(gate, theirs)
    file.write_text("three")
    grown = installed_digest(gate, theirs)
    (theirs.root / "vendor" / ".package-lock.json").write_text("{}")
    recorded = installed_digest(gate, theirs)
    assert len({missing, walked, grown, recorded}) == 4
    file.write_text("something else")
    assert installed_digest(gate, theirs) == recorded  # the installer's own record counts
    assert installed_folders(gate, theirs) == (theirs.root / "vendor",)


@pytest.mark.parametrize("tracked", ["web", "web/vendor", "web/vendor/a/b"])
def test_a_tree_with_a_file_of_that_name_is_not_judged_with_it(
    make_repository: MakeRepository, tmp_path: Path, tracked: str
) -> None:
    repository = make_repository({tracked: "x"})
    entries = repository.entries(repository.resolve("HEAD"))
    with pytest.raises(SetupError, match=f"the tree holds {tracked}, where web/vendor"):
        link_installed(Copy(tmp_path / "copy", entries), {"web/vendor": tmp_path})
