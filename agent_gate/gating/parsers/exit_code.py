"""For tools that say nothing that a program could read: their exit code is the finding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent_gate.gating.parsers.report import Hit, Report, ToolOutput


def parse_exit_code(output: ToolOutput) -> Report:
    """One finding of medium severity, with the last lines of output, for an exit code in `failing`.

    Whatever else the definition accepts is clean. It stands for the whole tree: a tool that failed on
    the base already has nothing new to say.
    """
    if output.exit_code not in output.options.get("failing", (1,)):
        return Report(hits=())
    told = output.tail(12)
    code = f"exit code {output.exit_code}"
    return Report(
        hits=(Hit(rule="failed", path="", message=f"{code}: {told}" if told else code, identity=code),)
    )


def check_exit_code(options: Mapping[str, Any]) -> None:
    """Raises ValueError where `failing` is not a list of exit codes."""
    failing = options.get("failing", [1])
    if not isinstance(failing, list | tuple) or not failing or not all(type(code) is int for code in failing):
        raise ValueError("failing: a list of exit codes is expected, such as [1]")
