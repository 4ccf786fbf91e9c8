"""The trees that the tests gate runs: the change's source and tests, mixed with the base's on purpose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agent_gate.domain.gate import GateDefinition
from agent_gate.domain.pattern import matches
from agent_gate.gating.checks.markers import registered_markers
from agent_gate.gating.checks.project_files import NAMES, judged_by_the_base
from agent_gate.gating.context import GateContext
from agent_gate.vcs.repo import Entry

Entries = Mapping[str, Entry]


@dataclass(frozen=True)
class TestTrees:
    """Four trees. pytest's configuration is the base's in all of them, and none holds byte code.

    What else stands in the same file, as in pyproject.toml, goes with the source.
    """

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

    of_base = {path: base[path] for path in definition.options["configuration"] if path in base}
    of_candidate = {**of_base, **_project_files(context, base, candidate)}

    def tree(source: Entries, tests: Entries) -> str:
        wanted = {
            path: entry
            for entries, tested in ((source, False), (tests, True))
            for path, entry in entries.items()
            if is_test_side(path, definition) == tested
            and path not in definition.options["configuration"]
            and not _is_byte_code(path)
        }
        wanted |= of_candidate if source is candidate else of_base
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


def _project_files(context: GateContext, base: Entries, candidate: Entries) -> Entries:
    """The change's pyproject.toml and its like, which say of pytest what the base says."""
    repository, job = context.repository, context.job
    made: dict[str, Entry] = {}
    for name in NAMES:
        if candidate.get(name) in {None, base.get(name)} or not _regular(candidate, name):
            continue
        old = repository.read(job.base_tree, name) if _regular(base, name) else None
        new = repository.read(job.tree, name)
        if name in base and old is None:
            continue
        content = judged_by_the_base(name, old[1] if old else None, new[1] if new else None)
        if content is not None:
            made[name] = Entry("100644", repository.write_blob(content))
    return made


def _regular(entries: Entries, name: str) -> bool:
    return name in entries and entries[name].mode.startswith("100")


def _is_byte_code(path: str) -> bool:
    """Python would run these instead of the source that people read."""
    return path.endswith((".pyc", ".pyo")) or "__pycache__" in path.split("/")
