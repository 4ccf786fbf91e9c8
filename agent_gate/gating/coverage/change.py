"""Which lines of a change its tests have to run."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent_gate.domain.pattern import matches
from agent_gate.gating.context import GateContext
from agent_gate.gating.coverage.configuration import (
    CoverageConfiguration,
    UnreadableConfigurationError,
    coverage_configuration,
)
from agent_gate.gating.diff import FileDiff
from agent_gate.gating.pytest_harness import Measured

_ODD_LINE_END = re.compile(rb"\r(?!\n)")
"""A line for Python, and none for git."""


@dataclass(frozen=True)
class MeasuredChange:
    """What is measured, and what the base's configuration leaves out."""

    probes: Measured
    left_out: tuple[FileDiff, ...]
    configuration: CoverageConfiguration


async def measured_change(context: GateContext, options: Mapping[str, Any]) -> MeasuredChange | None:
    """The changed source files and their changed lines; None where the base's configuration is broken.

    The coverage gate says so; the tests gate can do without.
    """
    try:
        configuration = await asyncio.to_thread(
            coverage_configuration, context.repository, context.job.base_tree
        )
    except UnreadableConfigurationError:
        return None
    source = [file for file in await context.diff() if is_measurable(file, options)]
    measured = [file for file in source if configuration.measures(file.path)]
    return MeasuredChange(
        probes=Measured(
            files={file.path: changed_lines(file) for file in measured},
            exclude=configuration.exclude,
            partial=configuration.partial,
        ),
        left_out=tuple(file for file in source if file not in measured),
        configuration=configuration,
    )


def is_measurable(file: FileDiff, options: Mapping[str, Any]) -> bool:
    """Whether the change adds lines to a file of Python source that tests are expected to run."""
    return bool(
        file.path.endswith(".py")
        and file.after
        and file.added
        and not matches(file.path, options["left_out"])
    )


def changed_lines(file: FileDiff) -> Sequence[int]:
    """The numbers of the lines that the change adds or edits, as Python counts lines."""
    assert file.after is not None  # noqa: S101 - is_measurable has seen to it
    if _ODD_LINE_END.search(file.after):
        return tuple(range(1, len(file.after.splitlines()) + 1))
    return tuple(line.number for line in file.added)
