"""Where the base configures a tool, and which of its files stand in every copy."""

from __future__ import annotations

import pytest
from repositories import MakeRepository

from agent_gate.domain.gate import GateDefinition
from agent_gate.gating.configuration import find_configuration, pinned_tree
from agent_gate.vcs.repo import Entry, Repository


def definition(**more: object) -> GateDefinition:
    return GateDefinition.model_validate({
        "schema": "agent-gate/gate/v1", "id": "a", "title": "a", "tool": "a", "argv": ["a"], "parser": "sarif",
        "canary": {"files": {"a": "a"}}, "configured_argv": ["-c"], "default_argv": ["-d"], **more,
    })  # fmt: skip


@pytest.mark.parametrize(
    ("path", "content", "source", "found"),
    [
        ("a.toml", "[tool.x]\nfiles = 1\n", {"table": "tool.x"}, True),
        ("a.toml", "[tool.x]\nfiles = 1\n", {"table": "tool.x", "keys": ["files", "other"]}, True),
        ("a.toml", "[tool.x]\nfile = 1\n", {"table": "tool.x", "keys": ["files"]}, False),
        ("a.toml", "[tool.y]\n", {"table": "tool.x"}, False),
        ("a.toml", "not toml", {"table": "tool.x"}, False),
        ("a.json", '{"x": {"y": {}}}', {"table": "x.y"}, True),
        ("a.json", "[" * 100_000, {"table": "x.y"}, False),
        ("setup.cfg", "[x]\nfiles = %\n", {"table": "x", "keys": ["files"]}, True),
        ("setup.cfg", "[tool:x.y]\n", {"table": "tool:x.y"}, True),
        ("setup.cfg", "nonsense\n", {"table": "x"}, False),
        ("setup.cfg", b"\xff", {"table": "x"}, False),
        ("anything", "", {}, True),
        ("other", "", {}, False),
    ],
)
def test_a_source_counts_only_if_it_configures(
    make_repository: MakeRepository, path: str, content: str | bytes, source: dict[str, object], found: bool
) -> None:
    repository = make_repository({path: content} if path != "other" else {"README": ""})
    gate = definition(configuration=[{"path": path, **source}])
    configuration = find_configuration(repository, repository.resolve("HEAD"), gate)
    assert configuration.path == (path if found else "")
    assert configuration.argv == (("-c",) if found else ("-d",))


def changed(repository: Repository, base: str, files: dict[str, str | None]) -> str:
    entries = {
        path: Entry("100644", repository.write_blob(text.encode())) if text is not None else None
        for path, text in files.items()
    }
    return repository.write_tree(base, entries)


def test_pinned_files_are_the_bases(make_repository: MakeRepository) -> None:
    repository = make_repository({"x.ini": "base", "pkg/x.ini": "base", "gone.ini": "base", "a.py": "base"})
    base = repository.tree_of(repository.resolve("HEAD"))
    tree = changed(
        repository,
        base,
        {"x.ini": "new", "pkg/x.ini": "new", "gone.ini": None, "more.ini": "new", "a.py": "new"},
    )
    pinned = pinned_tree(repository, base, tree, definition(pinned=["*.ini"]))
    texts = {path: repository.blob(entry.oid) for path, entry in repository.entries(pinned).items()}
    assert texts == {"x.ini": b"base", "pkg/x.ini": b"base", "gone.ini": b"base", "a.py": b"new"}


def test_without_a_pinned_file_in_the_change_the_tree_is_itself(make_repository: MakeRepository) -> None:
    repository = make_repository({"x.ini": "base", "a.py": "base"})
    base = repository.tree_of(repository.resolve("HEAD"))
    tree = changed(repository, base, {"a.py": "new"})
    assert pinned_tree(repository, base, tree, definition(pinned=["*.ini"])) == tree
    assert pinned_tree(repository, base, base, definition(pinned=["*"])) == base
