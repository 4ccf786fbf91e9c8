"""Programs that say in their first line what they are written in."""

from __future__ import annotations

import tomllib

import pytest

from agent_gate.gating.programs import is_program
from agent_gate.resources import data_directory

PATTERN = tomllib.loads((data_directory("gates") / "bandit.toml").read_text())["first_line"]


@pytest.mark.parametrize(
    ("path", "first", "mode"),
    [
        ("bin/nightly", "#!/usr/bin/env python3", "100755"),
        ("bin/nightly", "#!/usr/bin/env python3", "100644"),
        ("nightly", "#! /usr/bin/python3.12 -I", "100755"),
        ("nightly", "#!/usr/bin/env -S uv run --script", "100755"),
        ("nightly", "#!/opt/pypy3", "100755"),
        ("site/shop.cgi", "#!/usr/bin/python", "100755"),
    ],
)
def test_a_program_is_told_by_its_first_line(path: str, first: str, mode: str) -> None:
    assert is_program(PATTERN, path, f"{first}\nimport os\n".encode(), mode)


@pytest.mark.parametrize(
    ("path", "first", "mode"),
    [
        ("bin/nightly", "#!/bin/sh", "100755"),
        ("bin/nightly", "#!/usr/bin/env python2", "100755"),
        ("bin/nightly", "# python", "100755"),
        ("bin/nightly", "\n#!/usr/bin/env python3", "100755"),
        ("nightly.in", "#!/usr/bin/env python3", "100644"),
        ("LICENSE", "MIT", "100644"),
    ],
)
def test_other_files_are_none(path: str, first: str, mode: str) -> None:
    assert not is_program(PATTERN, path, f"{first}\nimport os\n".encode(), mode)


def test_a_gate_without_a_pattern_knows_none() -> None:
    assert not is_program("", "bin/nightly", b"#!/usr/bin/env python3\n", "100755")
    assert not is_program(PATTERN, "bin/nightly", None, "100755")


def test_all_gates_that_look_at_them_mean_the_same() -> None:
    folder = data_directory("gates")
    assert tomllib.loads((folder / "ruff.toml").read_text())["first_line"] == PATTERN
    assert tomllib.loads((folder / "integrity.toml").read_text())["options"]["python_first_line"] == PATTERN
