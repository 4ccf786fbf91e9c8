from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from agent_gate.gating.coverage.configuration import (
    CoverageConfiguration,
    UnreadableConfigurationError,
    coverage_configuration,
)
from agent_gate.vcs.repo import Repository

Make = Callable[..., Repository]


def read(make_repository: Make, files: Mapping[str, str], name: str = "repo") -> CoverageConfiguration:
    repository = make_repository({"a.py": "", **files}, name=name)
    return coverage_configuration(repository, repository.tree_of(repository.resolve("HEAD")))


@pytest.mark.parametrize(
    "files",
    [
        {".coveragerc": "[run]\nomit = a/*, b.py\n[report]\nexclude_also =\n    if DEBUG:\n"},
        {
            "setup.cfg": "[coverage:run]\nomit =\n    a/*\n    b.py\n[coverage:report]\nexclude_also = if DEBUG:\n"
        },
        {
            "tox.ini": "[testenv]\n[coverage:run]\nomit = a/*\n    b.py\n[coverage:report]\nexclude_also = if DEBUG:\n"
        },
        {
            "pyproject.toml": '[tool.coverage]\nrun.omit = ["a/*", "b.py"]\nreport.exclude_also = ["if DEBUG:"]\n'
        },
        {".coveragerc.toml": '[run]\nomit = ["a/*", "b.py"]\n[report]\nexclude_also = ["if DEBUG:"]\n'},
    ],
    ids=lambda files: next(iter(files)),
)
def test_each_of_coverages_files_is_read(make_repository: Make, files: Mapping[str, str]) -> None:
    found = read(make_repository, files)
    assert (found.path, found.omit) == (next(iter(files)), ("a/*", "b.py"))
    assert found.exclude[1:] == ("if DEBUG:",)
    assert "pragma" in found.exclude[0]


def test_the_first_file_that_is_about_coverage_counts(make_repository: Make) -> None:
    table = '[tool.coverage.run]\nomit = ["b.py"]\n'
    other = read(make_repository, {"setup.cfg": "[flake8]\n", "pyproject.toml": table}, "other")
    assert other.path == "pyproject.toml"
    assert read(make_repository, {".coveragerc": "", "pyproject.toml": table}, "own").omit == ()
    assert read(make_repository, {}, "none") == CoverageConfiguration()


def test_lines_of_its_own_replace_the_pragma(make_repository: Make) -> None:
    found = read(
        make_repository, {".coveragerc": "[report]\nexclude_lines = nothing\npartial_branches = never\n"}
    )
    assert (found.exclude, found.partial) == (("nothing",), ("never",))


@pytest.mark.parametrize(
    "text",
    ["[report]\nexclude_lines = (\n", "no section\n", "[run\n", "\0", "[run]\nomit\n"],
    ids=["expression", "no section", "bracket", "zero", "no value"],
)
def test_what_cannot_be_read_is_an_error_that_names_the_file(make_repository: Make, text: str) -> None:
    with pytest.raises(UnreadableConfigurationError, match=r"^\.coveragerc: "):
        read(make_repository, {".coveragerc": text})


@pytest.mark.parametrize(
    "text", ["[tool.coverage.run]\nomit = 3\n", "[tool]\ncoverage = 1\n", "[tool.coverage]\nrun = 1\n"]
)
def test_values_of_another_kind_are_errors(make_repository: Make, text: str) -> None:
    with pytest.raises(UnreadableConfigurationError):
        read(make_repository, {"pyproject.toml": text})


@pytest.mark.parametrize(
    ("omit", "path", "left_out"),
    [
        ("a.py", "a.py", True),
        ("a.py", "src/a.py", False),
        ("*/a.py", "src/deep/a.py", True),
        ("*/a.py", "a.py", True),
        ("src/*", "src/deep/a.py", True),
        ("src/*.py", "src/deep/a.py", False),
        ("src/**/a.py", "src/a.py", True),
        ("*/migrations/*", "src/x/migrations/0001.py", True),
        ("src/", "src/x/a.py", True),
        ("./src/a.py", "src/a.py", True),
        ("a?.py", "ab.py", True),
        ("a[bc].py", "ac.py", True),
        ("a[!b].py", "ab.py", False),
        ("a.py", "axpy", False),
    ],
)
def test_patterns_mean_what_they_mean_to_coverage(omit: str, path: str, left_out: bool) -> None:
    assert CoverageConfiguration(omit=(omit,)).measures(path) is not left_out


@pytest.mark.parametrize(
    ("source", "path", "measured"),
    [
        ("src", "src/calc/a.py", True),
        ("src", "srcs/a.py", False),
        ("calc", "src/calc/a.py", True),
        ("calc", "calc.py", True),
        ("calc.core", "src/calc/core.py", True),
        ("calc", "other/a.py", False),
        (".", "anything.py", True),
    ],
)
def test_sources_are_folders_or_packages(source: str, path: str, measured: bool) -> None:
    assert CoverageConfiguration(source=(source,), include=("never",)).measures(path) is measured


def test_only_what_is_included_counts_where_no_source_is_named() -> None:
    configuration = CoverageConfiguration(include=("src/*",))
    assert configuration.measures("src/a.py")
    assert not configuration.measures("a.py")
