"""Start-up time is a promise: what a command does not use it does not load."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = frozenset({"litellm", "textual", "git", "click", "ruamel", "ulid", "bandit", "pytest"})
VALUES = (
    "value",
    "visible",
    "pattern",
    "measure",
    "spec",
    "policy",
    "proposal",
    "gate",
    "clause",
    "performance",
    "hazard",
    "verdict",
    "approval",
)

LOADED = """
import importlib, json, sys
importlib.import_module(sys.argv[1])
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def loaded_by(module: str) -> set[str]:
    """The top-level packages that importing this module alone brings in."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, module], capture_output=True, text=True, check=True, timeout=60
    )
    return set(json.loads(done.stdout))


def test_the_measure_sees_what_is_loaded() -> None:
    assert "click" in loaded_by("click")


@pytest.mark.parametrize("name", VALUES)
def test_a_value_loads_nothing_but_pydantic(name: str) -> None:
    found = loaded_by(f"agent_gate.domain.{name}")
    assert not found & HEAVY
    assert not found & {"asyncio", "subprocess"} - loaded_by("pydantic")


@pytest.mark.parametrize("module", ["agent_gate.run.state", "agent_gate.run.events"])
def test_the_state_of_a_run_loads_no_heavy_package(module: str) -> None:
    assert not loaded_by(module) & HEAVY


def test_the_journal_loads_only_ulid_besides() -> None:
    assert loaded_by("agent_gate.run.journal") & HEAVY == {"ulid"}


@pytest.mark.parametrize("module", ["agent_gate.spec.lint", "agent_gate.spec.report"])
def test_a_spec_is_checked_without_its_model(module: str) -> None:
    """That is what makes `spec check` fast: see docs/decisions/0015-specs-are-checked-without-the-model.md."""
    found = loaded_by(module)
    assert "yaml" in found
    assert not found & {*HEAVY, "pydantic", "asyncio", "subprocess"}


def test_the_spec_reader_loads_no_heavy_package() -> None:
    assert not loaded_by("agent_gate.spec.reader") & HEAVY


@pytest.mark.parametrize(
    "module", ["agent_gate", "agent_gate.errors", "agent_gate.resources", "agent_gate.process"]
)
def test_the_ground_floor_loads_nothing_of_others(module: str) -> None:
    assert not loaded_by(module) & {*HEAVY, "pydantic"}


def test_the_command_line_loads_neither_model_nor_screen_nor_git() -> None:
    assert not loaded_by("agent_gate.cli") & {"litellm", "textual", "git"}
