"""The oldest Python that a project says it runs on."""

from __future__ import annotations

import re
import tomllib

from agent_gate.vcs.repo import Repository

_BOUND = re.compile(r"(?:>=|~=|==)\s*(\d{1,2})\.(\d{1,3})")


def lowest_python(repository: Repository, tree: str) -> tuple[int, int]:
    """`project.requires-python` of the tree's pyproject.toml, by its lower bound; (0, 0) where it has none."""
    found = repository.read(tree, "pyproject.toml")
    try:
        project = tomllib.loads(found[1].decode()).get("project") if found else None
    except (ValueError, RecursionError):
        return 0, 0  # that it cannot be read is told by others
    wanted = project.get("requires-python") if isinstance(project, dict) else None
    bounds = [(int(a), int(b)) for a, b in _BOUND.findall(wanted)] if isinstance(wanted, str) else []
    return max(bounds, default=(0, 0))
