"""`gates`: what is listed, and what each gate's canary says."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from program import agent_gate
from repositories import MakeRepository
from small_project import FILES

from agent_gate.engine.inventory import CanaryState, inventory
from agent_gate.sandbox import find

TOOL = """\
schema = "agent-gate/gate/v1"
id = "{id}"
title = "A gate of the project"
scope = ["*.py"]
tool = "{tool}"
argv = ["{{tool}}", "check", ".", "--no-fix", "--no-cache", "--isolated", "--select", "C901", "--output-format", "json"]
parser = "ruff-json"
accepted_exit_codes = [0, 1]

[canary]
files = {{ "canary.py" = "import os\\n" }}
"""
BLIND = TOOL.format(id="blind", tool="ruff")
ABSENT = TOOL.format(id="absent", tool="no-such-tool")


def listed(where: Path) -> dict[str, dict[str, Any]]:
    done = agent_gate(where, "gates", "--json")
    assert done.returncode == 0, done.stderr
    return {told["gate"]: told for told in map(json.loads, done.stdout.splitlines())}


@pytest.mark.usefixtures("confined")
def test_every_built_in_gate_sees_its_canary(tmp_path: Path) -> None:
    """Outside of a repository, too."""
    found = listed(tmp_path)
    assert {"scope", "ruff", "bandit", "tests"} <= set(found)
    canaries = {gate: told["canary"] for gate, told in found.items() if told["available"]}
    assert {gate: canary for gate, canary in canaries.items() if canary["reason"]} == {}
    assert {canary["status"] for canary in canaries.values()} == {"passed", "in run"}
    assert found["tests"]["canary"]["status"] == "in run"


@pytest.mark.usefixtures("known_canaries")
def test_a_gate_that_is_blind_and_one_whose_tool_is_missing(make_repository: MakeRepository) -> None:
    files = {".agent-gate/gates/blind.toml": BLIND, ".agent-gate/gates/absent.toml": ABSENT}
    repository = make_repository({**FILES, **files})
    found = listed(repository.root)
    assert found["blind"]["available"]
    assert found["blind"]["canary"] == {
        "status": "failed",
        "reason": "it must find anything in a known-bad change, and found nothing",
    }
    assert not found["absent"]["available"]
    assert found["absent"]["canary"] == {"status": "not run", "reason": "no-such-tool is not installed"}
    lines = agent_gate(repository.root, "gates").stdout.splitlines()
    assert len(lines) == len(found)
    told = {line.split()[1]: line for line in lines}
    assert told["blind"].startswith("! blind ")
    assert "canary failed  it must find anything in a known-bad change" in told["blind"]
    assert told["absent"].endswith("canary not run not available: no-such-tool is not installed")


def test_the_list_is_whole_where_the_policy_is_not_in_order(make_repository: MakeRepository) -> None:
    """The message about a gate that does not exist sends people here."""
    repository = make_repository({**FILES, "agent-gate.toml": '[gates]\nrequired = ["rufff"]\n'})
    found = listed(repository.root)
    assert found["ruff"]["available"]
    assert found["ruff"]["canary"]["status"] == "not run"
    assert "rufff" in found["ruff"]["canary"]["reason"]


def test_without_a_sandbox_gates_that_execute_code_are_not_available(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(find._probes, "probe", find.Probe(None, "there is no bubblewrap"))
    found = {item.definition.id: item for item in asyncio.run(inventory(None))}
    assert found["tests"].problem == "no sandbox: there is no bubblewrap"
    assert found["tests"].canary == CanaryState("not run", "no sandbox: there is no bubblewrap")
    assert found["scope"].canary == CanaryState("passed")
