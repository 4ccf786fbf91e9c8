"""Runs the program as a user does: a child process, its exit code, its two streams."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from warm_program import at_start, warm_program


def agent_gate(
    where: Path,
    *arguments: str,
    env: Mapping[str, str] | None = None,
    timeout: float = 120,
    stdin: str = "",
    under: Sequence[str] = (),
) -> subprocess.CompletedProcess[str]:
    """Runs `agent-gate` with no terminal; `under` is a command that starts it.

    A process of its own, but not one that imports the program anew, where nothing hangs on the start.
    """
    environment = {**os.environ, **(env or {})}
    warm = warm_program()
    if not under and at_start(environment) == warm.started_with:
        return warm.run(arguments, where, environment, stdin, timeout)
    return subprocess.run(
        [*under, *command(*arguments)],
        cwd=where,
        env=environment,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


WITHOUT_SANDBOX = (sys.executable, str(Path(__file__).with_name("no_sandbox.py")))
"""Starts a command as on a machine that has neither bubblewrap nor Landlock."""


def command(*arguments: str) -> list[str]:
    """The argument list of the program under test."""
    return [sys.executable, "-P", "-m", "agent_gate", *arguments]


def record_replies(path: Path, texts: Sequence[str], finish_reason: str = "stop") -> str:
    """Writes a recording and returns the model name that plays it."""
    lines = [
        json.dumps(
            {"attempt": number, "model": "recorded/model", "text": text, "finish_reason": finish_reason}
        )
        for number, text in enumerate(texts, start=1)
    ]
    path.write_text("\n".join(lines) + "\n")
    return f"replay:{path}"


def new_file(path: str, content: str) -> str:
    """A reply's block that creates a file."""
    return f"{path}\n```python\n<<<<<<< SEARCH\n=======\n{content.rstrip()}\n>>>>>>> REPLACE\n```\n"


def replace(path: str, old: str, new: str) -> str:
    """A reply's block that replaces lines."""
    return (
        f"{path}\n```python\n<<<<<<< SEARCH\n{old.rstrip()}\n=======\n{new.rstrip()}\n>>>>>>> REPLACE\n```\n"
    )


def events(output: str) -> list[dict[str, object]]:
    """The events that `--json` printed."""
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]
