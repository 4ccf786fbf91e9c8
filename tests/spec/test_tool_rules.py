"""The lists of rules. After an update of ruff or bandit: `UPDATE_GOLDEN=1 python -m pytest tests/spec/test_tool_rules.py`."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest

from agent_gate.spec.tool_rules import RULES_FILE, known_rules


def said_by(*command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout


def installed() -> dict[str, list[str]]:
    """The codes that the installed tools name themselves."""
    ruff = json.loads(said_by("ruff", "rule", "--all", "--output-format", "json"))
    bandit = re.findall(r"^\s+(B\d{3})\s", said_by("bandit", "--help"), re.MULTILINE)
    return {"bandit": sorted(set(bandit)), "ruff": sorted({rule["code"] for rule in ruff} - {None})}


def test_the_lists_are_those_of_the_installed_tools() -> None:
    made = json.dumps(installed(), separators=(",", ":")) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        RULES_FILE.write_text(made, encoding="utf-8")
    assert RULES_FILE.read_text(encoding="utf-8") == made


@pytest.mark.parametrize(("tool", "rule"), [("ruff", "S608"), ("bandit", "B608")])
def test_a_known_rule_is_listed(tool: str, rule: str) -> None:
    assert rule in (known_rules(tool) or ())
    assert "X999" not in (known_rules(tool) or ())


def test_of_other_tools_nobody_knows_the_rules() -> None:
    assert known_rules("semgrep") is None
