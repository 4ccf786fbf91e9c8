"""Gates that are logic, not a tool, by the name that a definition's `check` uses."""

from __future__ import annotations

from collections.abc import Mapping

from agent_gate.gating.checks.check import Check
from agent_gate.gating.checks.hooks import HOOKS
from agent_gate.gating.checks.scope import SCOPE
from agent_gate.gating.checks.tests import TESTS

CHECKS: Mapping[str, Check] = {"hooks": HOOKS, "scope": SCOPE, "tests": TESTS}
