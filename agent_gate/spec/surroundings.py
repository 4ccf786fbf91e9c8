"""What the lint has to know of the repository in which a spec lies."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from agent_gate.resources import data_directory
from agent_gate.spec.tool_rules import known_rules
from agent_gate.survey.work_tree import WorkTree, find_root

PROTECTED = (
    ".github/**", "agent-gate.toml", ".agent-gate/**", "conftest.py", "pyproject.toml", "CODEOWNERS",
)  # fmt: skip
"""The paths that are protected where the policy says nothing: the default of `paths.protected`."""
PROJECT_GATES = ".agent-gate/gates"


class Surroundings:
    """A work tree and its policy. Read as they lie there: what counts in a run is the base commit's."""

    def __init__(self, tree: WorkTree | None) -> None:
        self.tree = tree

    @classmethod
    def of(cls, start: Path) -> Surroundings:
        """The repository around a path; without one nothing is known."""
        root = find_root(start.resolve())
        return cls(WorkTree(root) if root else None)

    @cached_property
    def protected(self) -> tuple[str, ...]:
        """The patterns of the protected paths."""
        for table in self._policy_tables():
            found = table.get("paths", {})
            patterns = found.get("protected") if isinstance(found, dict) else None
            if isinstance(patterns, list) and all(isinstance(item, str) for item in patterns):
                return tuple(patterns)
        return PROTECTED

    @cached_property
    def gates(self) -> frozenset[str]:
        """The ids of the gates that exist: ours, and the project's own."""
        own = {path.stem for path in data_directory("gates").glob("*.toml")}
        folder = self.tree.root / PROJECT_GATES if self.tree else None
        return frozenset(own | {path.stem for path in folder.glob("*.toml")} if folder else own)

    def rules(self, tool: str) -> frozenset[str] | None:
        """The rules that ruff or bandit has, as installed here; None where nobody can tell."""
        return known_rules(tool)

    def _policy_tables(self) -> Iterator[dict[str, Any]]:
        """The policy's tables that can be read; what is wrong with one, the policy's own reader says."""
        if self.tree is None:
            return
        try:
            yield tomllib.loads(self.tree.text("agent-gate.toml"))
            yield tomllib.loads(self.tree.text("pyproject.toml")).get("tool", {}).get("agent-gate", {})
        except tomllib.TOMLDecodeError:
            return
