"""Runs a gate that is a tool: on the candidate and on the base, with and without suppressions.

The tool reads hostile files, so it runs confined where that is possible. It is configured by the base,
judged by what the change introduces, and never believed by its exit code alone.
"""

from __future__ import annotations

import asyncio
import os
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, replace

from agent_gate.domain.gate import Finding, GateDefinition
from agent_gate.domain.value import Value
from agent_gate.gating.configuration import Configuration, find_configuration
from agent_gate.gating.context import GateContext, together
from agent_gate.gating.copies import Copy
from agent_gate.gating.parsers import PARSERS
from agent_gate.gating.parsers.report import Report
from agent_gate.gating.tools import Tool, ask_rules, expand, find_tool
from agent_gate.process import Completed

_EXCERPT_LINES = 5
_EXCERPT_CHARACTERS = 400


class ToolError(Exception):
    """The tool did not do its work; the message says how."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


class Measured(Value):
    """What a tool says about one tree."""

    plain: tuple[Finding, ...]
    everything: tuple[Finding, ...]
    """Suppressions ignored."""
    asked: tuple[Finding, ...] = ()
    """Of the single rules on which clauses rest, whatever the base configures."""
    unparsed: tuple[str, ...] = ()
    examined: tuple[str, ...] | None = None
    """None where the tool does not say."""
    output_sha256: str = ""


@dataclass(frozen=True)
class Tooling:
    """A gate's tool, ready to be run."""

    context: GateContext
    tool: Tool
    configuration: Configuration
    rules: tuple[str, ...]

    @property
    def definition(self) -> GateDefinition:
        """The gate."""
        return self.context.definition

    @property
    def values(self) -> Mapping[str, str]:
        """What the placeholders of `argv` stand for."""
        return {"python": str(self.context.environment.python), "rules": ",".join(self.rules)}


async def prepare(context: GateContext) -> Tooling:
    """Finds the tool, its configuration and the rules asked of it. Raises ToolError, SetupError."""
    definition, job = context.definition, context.job
    tool = find_tool(definition.tool)
    if tool is None:
        raise ToolError(
            f"the tool {definition.tool!r} is not installed", f"install it: pip install {definition.tool}"
        )
    known: frozenset[str] = frozenset()
    if job.asked_rules and definition.rules:
        known = await ask_rules(definition.rules, tool, {"python": str(context.environment.python)})
    configuration = await asyncio.to_thread(find_configuration, context.repository, job.base_tree, definition)
    return Tooling(context, tool, configuration, tuple(r for r in job.asked_rules if r in known))


async def measure(tooling: Tooling, tree: str) -> Measured:
    """Runs the tool over one tree, each way once, side by side. Raises ToolError."""
    definition = tooling.definition
    copy = await tooling.context.copies.shared(tree)
    configured, loud = tooling.configuration.argv, definition.suppressions_argv
    ways = {"plain": configured}
    if loud:
        ways["everything"] = (*configured, *loud)
    if tooling.rules:
        ways["asked"] = (*definition.default_argv, *loud, *definition.rules_argv)
    runs = await together(*(_run(tooling, copy, way) for way in ways.values()))
    reports = dict(zip(ways, runs, strict=True))
    plain = reports["plain"]
    everything = reports.get("everything", plain)
    asked = reports.get("asked")
    listed = await _examined(tooling, copy, configured)
    if changed := await asyncio.to_thread(copy.changed_files):
        raise ToolError(f"the tool changed {changed[0]}", "a gate must not write to what it judges")
    return Measured(
        plain=_findings(definition, copy, plain),
        everything=_findings(definition, copy, everything),
        asked=tuple(f for f in _findings(definition, copy, asked) if f.rule in tooling.rules)
        if asked
        else (),
        unparsed=tuple(sorted({hit.path for hit in (*plain.hits, *everything.hits) if hit.unparsed})),
        examined=tuple(sorted(plain.examined)) if plain.examined is not None else listed,
        output_sha256=plain.output_sha256,
    )


async def _run(tooling: Tooling, copy: Copy, more: tuple[str, ...]) -> Report:
    definition = tooling.definition
    completed = await _execute(tooling, copy, (*definition.argv, *more))
    if completed.timed_out:
        raise ToolError(
            f"{definition.tool} did not finish in {tooling.context.job.timeout_s} s",
            "raise gates.<id>.timeout_s",
        )
    if completed.truncated:
        raise ToolError(f"{definition.tool} wrote more output than is kept", "the report is not complete")
    if completed.returncode not in definition.accepted_exit_codes:
        raise ToolError(
            f"{definition.tool} ended with exit code {completed.returncode}: {completed.tail(3)}",
            "see whether the base's configuration fits the installed version",
        )
    try:
        report = PARSERS[definition.parser](completed.stdout, str(copy.folder))
    except ValueError as error:
        raise ToolError(
            f"the output of {definition.tool} cannot be read ({error}): {completed.tail(3)}",
            f"expected {definition.parser}",
        ) from None
    return replace(report, output_sha256=completed.output_sha256)


async def _examined(tooling: Tooling, copy: Copy, configured: tuple[str, ...]) -> tuple[str, ...] | None:
    """The files that the tool looks at, where it can be asked for a list (`options.examined_argv`)."""
    listing = tuple(tooling.definition.options.get("examined_argv", ()))
    if not listing:
        return None
    completed = await _execute(tooling, copy, (*tooling.definition.argv, *configured, *listing))
    if completed.returncode or completed.truncated or completed.timed_out:
        raise ToolError(
            f"{tooling.definition.tool} did not tell which files it examines: {completed.tail(3)}"
        )
    root = f"{copy.folder}/"
    lines = completed.stdout.decode(errors="surrogateescape").splitlines()
    return tuple(sorted(line.removeprefix(root) for line in lines if line))


async def _execute(tooling: Tooling, copy: Copy, argv: tuple[str, ...]) -> Completed:
    context = tooling.context
    read_only = [*tooling.tool.paths, copy.folder, *context.environment.paths]
    values = dict(tooling.values)
    if tooling.configuration.path:
        base = await context.copies.shared(context.job.base_tree)
        values["config"] = str(base.folder / tooling.configuration.path)
        read_only.append(base.folder)
    return await context.execute(
        expand(argv, tooling.tool, values),
        cwd=copy.folder,
        read_only=read_only,
        env={name: os.environ[name] for name in tooling.definition.environment if name in os.environ},
        timeout_s=tooling.context.job.timeout_s,
    )


def _findings(definition: GateDefinition, copy: Copy, report: Report) -> tuple[Finding, ...]:
    """The hits as findings, each with the lines that it stands on; these lines are part of its identity."""
    texts: dict[str, list[str]] = {}
    found: list[Finding] = []
    for hit in report.hits:
        if hit.path not in texts:
            texts[hit.path] = _lines(copy, hit.path)
        last = min(max(hit.line, hit.end_line), hit.line + _EXCERPT_LINES - 1)
        excerpt = "\n".join(texts[hit.path][max(hit.line - 1, 0) : last]) if hit.line else ""
        found.append(
            Finding(
                gate=definition.id,
                rule=hit.rule,
                path=hit.path,
                message=hit.message,
                line=hit.line,
                end_line=hit.end_line,
                column=hit.column,
                severity=hit.severity,
                excerpt=textwrap.dedent(excerpt)[:_EXCERPT_CHARACTERS].strip(),
            )
        )
    return tuple(found)


def _lines(copy: Copy, path: str) -> list[str]:
    """The lines of a regular file of the tree; nothing is read through a link."""
    entry = copy.entries.get(path)
    if entry is None or not entry.mode.startswith("100"):
        return []
    return (copy.folder / path).read_bytes().decode(errors="replace").splitlines()
