"""A run that could say nothing else is spared, and nothing is overlooked by that."""

from __future__ import annotations

from dataclasses import replace

import pytest
from benches import MakeBench

LOUD = """
schema = "agent-gate/gate/v1"
id = "loud"
title = "A tool that finds more when suppressions are ignored"
tool = "python3"
argv = ["{tool}", "-c", "import sys; print('a.py:1: always'); sys.argv[1:] and print('a.py:1: unsuppressed')"]
suppressions_argv = ["--loud"]
suppressions = "qu[i]et(ly)?|co[d]ing[:=]"
parser = "regex"
parser_options = { pattern = '^(?P<path>[^:]+):(?P<line>\\d+): (?P<message>.*)$' }
canary = { files = { "a.py" = "X = 1" } }
"""


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("X = 1\n", False),
        ("X = 1  # quiet\n", True),
        ("X = 1  # QUIETLY\n", True),
        ("# -*- coding: utf-7 -*-\nX = 1\n", True),
        (b"X = '\xff\x00'  # quiet\n", True),
    ],
)
async def test_only_a_file_that_may_suppress_is_run_twice(
    bench: MakeBench, text: str | bytes, runs: bool
) -> None:
    made = await bench({"b.py": "Y = 1\n", ".agent-gate/gates/loud.toml": LOUD}, "loud")
    result = await made.result({"a.py": text})
    assert result.status == "failed", result
    assert any(finding.suppressed for finding in result.findings) is runs


def notebook(line: str) -> str:
    cell = f'{{"cell_type": "code", "execution_count": null, "metadata": {{}}, "outputs": [], "source": ["{line}"]}}'
    return f'{{"cells": [{cell}], "metadata": {{}}, "nbformat": 4, "nbformat_minor": 5}}'


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.py", "import re  # noqa\n"),
        ("a.py", "import re  # NoQA: F401\n"),
        ("a.py", "# ruff: noqa\nimport re\n"),
        ("a.py", "# flake8: noqa\nimport re\n"),
        ("a.py", "import re  # ruff: ignore[F401]\n"),
        ("a.py", "# ruff: disable[F401]\nimport re\n"),
        ("a.py", "import re\n"),
        ("a.ipynb", notebook("import re  # noqa")),
        ("a.ipynb", notebook("import re  # no\\u0071a")),
        ("a.ipynb", notebook("import re")),
    ],
)
async def test_ruff_says_the_same_as_when_it_is_always_run_twice(
    bench: MakeBench, path: str, text: str
) -> None:
    made = await bench({"b.py": "X = 1\n"}, "ruff")
    (definition,) = made.request.definitions
    always = replace(
        made, request=replace(made.request, definitions=(definition.model_copy(update={"suppressions": ""}),))
    )
    spared, full = await made.result({path: text}), await always.result({path: text})
    assert (spared.status, spared.findings) == (full.status, full.findings)
    assert full.findings


@pytest.mark.parametrize(
    "text",
    [
        "eval(input())  # nosec\n",
        "eval(input())  #NOSEC: B307\n",
        "# coding: latin-1\neval('\xe9')  # nosec\n",
        "eval(input())\n",
        "X = 1\n",
    ],
)
async def test_bandit_says_the_same_as_when_it_is_always_run_twice(bench: MakeBench, text: str) -> None:
    made = await bench({"a.py": "import os\n", "[odd].py": "X = 1\n"}, "bandit")
    (definition,) = made.request.definitions
    assert definition.suppressions
    always = replace(
        made, request=replace(made.request, definitions=(definition.model_copy(update={"suppressions": ""}),))
    )
    change = {"a.py": text, "[odd].py": text}
    spared, full = await made.result(change), await always.result(change)
    assert (spared.status, spared.findings) == (full.status, full.findings)
