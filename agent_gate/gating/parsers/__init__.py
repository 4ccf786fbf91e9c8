"""How each tool's output is read, by the name that a definition uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from agent_gate.gating.parsers.bandit import parse_bandit
from agent_gate.gating.parsers.junit import parse_junit_findings
from agent_gate.gating.parsers.report import Report
from agent_gate.gating.parsers.ruff import parse_ruff

PARSERS: Mapping[str, Callable[[bytes, str], Report]] = {
    "ruff-json": parse_ruff,
    "bandit-json": parse_bandit,
    "junit-xml": parse_junit_findings,
}
"""From a tool's standard output and the folder that it looked at to a report; raises ValueError."""
