"""The trees that the tests gate runs: the change's source and tests, mixed with the base's on purpose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agent_gate.domain.gate import GateDefinition
from agent_gate.domain.pattern import matches
from agent_gate.gating.checks.markers import registered_markers
from agent_gate.gating.context import GateContext
from agent_gate.vcs.repo import Entry

Entries = Mapping[str, Entry]


@dataclass(frozen=True)
class TestTrees:
    """Four trees. pytest's configuration is the base's in all of them, and none holds byte code."""

    __test__ = False  # pytest: this is a value, not a test class

    base: str
    candidate: str
    hybrid: str
    """The base's tests over the change's source."""
    red: str
    """The change's tests over the base's source."""
    markers: tuple[str, ...]
    """The marks that the change registers for its own tests."""
    base_entries: Entries
    candidate_entries: Entries


def is_test_side(path: str, definition: GateDefinition) -> bool:
    """Whether a file belongs to the tests: test modules, conftest.py, and all in a tests folder."""
    return matches(path, definition.options["tests"])


def make_trees(context: GateContext) -> TestTrees:
    """Writes the trees into the object store (as loose objects that no ref keeps)."""
    repository, job, definition = context.repository, context.job, context.definition
    base, candidate = repository.entries(job.base_tree), repository.entries(job.tree)

    def tree(source: Entries, tests: Entries) -> str:
        wanted = {
            path: entry
            for entries, tested in ((source, False), (tests, True))
            for path, entry in entries.items()
            if is_test_side(path, definition) == tested
            and path not in definition.options["configuration"]
            and not _is_byte_code(path)
        }
        wanted |= {path: base[path] for path in definition.options["configuration"] if path in base}
        changes: dict[str, Entry | None] = {path: None for path in base if path not in wanted}
        changes |= {path: entry for path, entry in wanted.items() if base.get(path) != entry}
        return repository.write_tree(job.base_tree, changes) if changes else job.base_tree

    return TestTrees(
        base=tree(base, base),
        candidate=tree(candidate, candidate),
        hybrid=tree(candidate, base),
        red=tree(base, candidate),
        markers=registered_markers(repository, job.tree, definition),
        base_entries=base,
        candidate_entries=candidate,
    )


def _is_byte_code(path: str) -> bool:
    """Python would run these instead of the source that people read."""
    return path.endswith((".pyc", ".pyo")) or "__pycache__" in path.split("/")
