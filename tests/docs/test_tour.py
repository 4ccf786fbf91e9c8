"""The README's commands, run as they stand there, and the output that it shows, against the real one."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from demo_run import demo_run
from program import command

DIFFERS = (
    (r"\b[0-9A-HJKMNP-TV-Z]{26}\b", "RUN"),
    (r"\b[0-9a-f]{10,64}\b", "ID"),
    (r"\b\d+\.\d s\b", "TIME"),
    (r"\bbandit \d[\d.]*\d", "bandit VERSION"),
)


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)


def lines(text: str) -> set[str]:
    """The lines without what differs from run to run, and without what git says of a commit's place."""
    for pattern, name in DIFFERS:
        text = re.sub(pattern, name, text)
    return {line.rstrip() for line in text.splitlines() if line.strip()}


def shown(page: str) -> set[str]:
    return lines("\n".join(blocks(page, "text")))


def run_as_written(where: Path, script: str) -> tuple[str, list[str]]:
    """Everything that a shell says to the script, and each `agent-gate` command with its exit code."""
    log = where / "exit-codes"
    program = shlex.join(command())
    prelude = (
        f'agent-gate() {{ local code=0; {program} "$@" || code=$?; echo "$1 $code" >> {shlex.quote(str(log))}; }}\n'
        "set -e\n"
    )
    done = subprocess.run(
        ["bash", "-c", prelude + script],
        cwd=where,
        env={**os.environ, "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout, log.read_text().splitlines()


@pytest.mark.slow
@pytest.mark.usefixtures("confined")
def test_the_tour_works_as_written(
    readme: Mapping[str, str], pages: Mapping[str, str], tmp_path: Path
) -> None:
    tour = readme["A five-minute tour"]
    evidence = pages["docs/evidence.md"]
    decode = next(block for block in blocks(evidence, "sh") if "b64decode" in block)
    told, codes = run_as_written(tmp_path, "\n".join((*blocks(tour, "sh"), decode)))
    assert codes == [
        "init 0", "spec 0", "run 0", "run 3", "show 0", "approve 0", "verify 0", "check 1",
    ]  # fmt: skip
    assert shown(tour) - lines(told) == set()
    assert shown(evidence) - lines(told) == set()


@pytest.mark.slow
@pytest.mark.usefixtures("confined")
def test_the_demo_says_what_the_readme_shows(
    readme: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    done = demo_run(tmp_path_factory)
    assert done.returncode == 0, done.stderr
    expected = shown(readme["What the demo shows"])
    assert len(expected) > 20
    assert expected - lines(done.stdout + done.stderr) == set()
