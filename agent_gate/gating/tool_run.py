"""Runs a gate that is a tool: on the candidate and on the base, with and without suppressions.

The tool reads hostile files, so it runs confined where that is possible. It is configured by the base,
judged by what the change introduces, and never believed by its exit code alone.
"""

from __future__ import annotations

import asyncio
import textwrap
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent_gate.domain.gate import Finding, GateDefinition
from agent_gate.domain.pattern import matches
from agent_gate.domain.value import Value
from agent_gate.gating.configuration import Configuration, find_configuration, pinned_tree
from agent_gate.gating.context import GateContext, together
from agent_gate.gating.copies import Copy
from agent_gate.gating.installed import installed_folders, link_installed
from agent_gate.gating.job import passed_variables
from agent_gate.gating.parsers import find_parser
from agent_gate.gating.parsers.report import Hit, Parse, Report
from agent_gate.gating.tool_output import ToolError, ToolRun, read_run, run_tool_once
from agent_gate.gating.tools import Tool, ask_rules, expand, gate_tool

_EXCERPT_LINES = 5
_EXCERPT_CHARACTERS = 400


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
    cases: tuple[str, ...] = ()
    """The tests that passed."""
    incomplete: str = ""
    """Why the tool stopped before it had looked at everything."""
    output_sha256: str = ""


def merged(base: Measured, part: Measured, touched: Collection[str]) -> Measured:
    """What the tool says of a whole tree, by what it said of the base and of the files that differ."""

    def both(old: Iterable[Finding], new: Iterable[Finding]) -> tuple[Finding, ...]:
        kept = [finding for finding in old if finding.path not in touched]
        return tuple(sorted([*kept, *new], key=lambda f: (f.path, f.line, f.column, f.rule)))

    def names(old: Iterable[str] | None, new: Iterable[str] | None) -> tuple[str, ...] | None:
        if old is None or new is None:
            return None
        return tuple(sorted({*(name for name in old if name not in touched), *new}))

    return Measured(
        plain=both(base.plain, part.plain),
        everything=both(base.everything, part.everything),
        asked=both(base.asked, part.asked),
        unparsed=names(base.unparsed, part.unparsed) or (),
        examined=names(base.examined, part.examined),
        incomplete=part.incomplete,
        output_sha256=part.output_sha256,
    )


@dataclass(frozen=True)
class Tooling:
    """A gate's tool, ready to be run."""

    context: GateContext
    tool: Tool
    parse: Parse
    configuration: Configuration
    rules: tuple[str, ...] = ()

    @property
    def definition(self) -> GateDefinition:
        """The gate."""
        return self.context.definition

    async def values(self, copy: Copy | None = None) -> Mapping[str, str]:
        """What the placeholders of `argv` stand for."""
        python = str(self.context.environment.python)
        values = {"python": python, "rules": ",".join(self.rules)}
        if copy is not None:
            values["copy"] = str(copy.folder)
        if self.configuration.path:
            holder = copy if copy is not None and self.definition.pinned else await self.base()
            values["config"] = str(holder.folder / self.configuration.path)
        return values

    def may_write(self, place: Place) -> bool:
        """Whether nothing kept the tool from changing what it looked at."""
        return place.writable or self.context.workplace.sandbox is None

    async def base(self) -> Copy:
        """The base's files, where its configuration stands."""
        return await self.context.copies.shared(self.context.job.base_tree)


@dataclass(frozen=True)
class Place:
    """Where the tool looks."""

    copy: Copy
    folders: tuple[Path, ...] = ()
    """What is installed beside the sources."""
    writable: bool = False


async def prepare(context: GateContext) -> Tooling:
    """Finds the tool, its configuration and the rules asked of it. Raises ToolError, SetupError."""
    definition, job = context.definition, context.job
    tool = await asyncio.to_thread(gate_tool, definition, context.environment)
    if tool is None:
        raise ToolError(f"the tool {definition.tool!r} is not installed", _how_to_install(definition))
    parse = find_parser(definition.parser)
    if parse is None:
        raise ToolError(
            f"there is no parser {definition.parser!r} here", "install the package that brings it"
        )
    configuration = await asyncio.to_thread(find_configuration, context.repository, job.base_tree, definition)
    tooling = Tooling(context, tool, parse, configuration)
    if not job.asked_rules or not definition.rules:
        return tooling
    known = await ask_rules(definition.rules, tool, await tooling.values())
    return Tooling(context, tool, parse, configuration, tuple(r for r in job.asked_rules if r in known))


async def measure(
    tooling: Tooling, tree: str, files: Sequence[str] | None = None, argv: tuple[str, ...] = ()
) -> Measured:
    """Runs the tool over one tree, or some files of it, each way once, side by side.

    `argv` is the command for files, where it is not the definition's. Raises ToolError, SetupError.
    """
    definition = tooling.definition
    command = definition.argv if files is None else definition.files_argv
    if files is None and not await asyncio.to_thread(_has_scope, tooling.context, tree):
        return Measured(plain=(), everything=())  # tools take a tree without any of their files for a mistake
    configured, loud = tooling.configuration.argv, definition.suppressions_argv
    ways = {"plain": configured}
    suppressing: bool = await asyncio.to_thread(_may_suppress, tooling.context, tree, files or ())
    if loud and suppressing:
        ways["everything"] = (*configured, *loud)
    if tooling.rules and definition.rules_argv:
        ways["asked"] = (*definition.default_argv, *loud, *definition.rules_argv)
    places = await together(*(_place(tooling, tree) for _ in ways))
    runs = await together(
        *(
            _run(tooling, place, (*(argv or command), *way), files or ())
            for place, way in zip(places, ways.values(), strict=True)
        )
    )
    reports = dict(zip(ways, runs, strict=True))
    plain, copy = reports["plain"], places[0].copy
    everything = reports.get("everything", plain)
    asked = reports.get("asked", everything)
    listed = await _examined(tooling, places[0], configured)
    for copied in {id(place.copy): place.copy for place in places if tooling.may_write(place)}.values():
        if changed := await asyncio.to_thread(copied.changed_files):
            raise ToolError(f"the tool changed {changed[0]}", "a gate must not write to what it judges")
    return await asyncio.to_thread(_measured, tooling, copy, (plain, everything, asked), listed)


def _may_suppress(context: GateContext, tree: str, files: Sequence[str]) -> bool:
    """Whatever the gate's scope: a tool may look at more than that."""
    pattern = context.definition.suppressions
    return not pattern or context.repository.holds(tree, pattern, files)


def _has_scope(context: GateContext, tree: str) -> bool:
    scope = context.definition.scope
    return "*" in scope or any(matches(path, scope) for path in context.repository.entries(tree))


def _measured(
    tooling: Tooling, copy: Copy, reports: tuple[Report, Report, Report], listed: tuple[str, ...] | None
) -> Measured:
    definition = tooling.definition
    plain, everything, asked = reports
    return Measured(
        plain=_findings(definition, copy, [hit for hit in plain.hits if not hit.suppressed]),
        everything=_findings(definition, copy, everything.hits),
        asked=_findings(definition, copy, [hit for hit in asked.hits if hit.rule in tooling.rules]),
        unparsed=tuple(sorted({hit.path for hit in (*plain.hits, *everything.hits) if hit.unparsed})),
        examined=tuple(sorted(plain.examined)) if plain.examined is not None else listed,
        cases=tuple(sorted(set(plain.cases))),
        incomplete=plain.incomplete,
        output_sha256=plain.output_sha256,
    )


async def _place(tooling: Tooling, tree: str) -> Place:
    """A static gate looks at a read-only copy; a later one gets its own, and may write beside the files."""
    context, definition = tooling.context, tooling.definition
    base, names = context.job.base_tree, definition.installed
    wanted = await asyncio.to_thread(pinned_tree, context.repository, base, tree, definition)
    folders = await asyncio.to_thread(installed_folders, definition, context.environment)

    async def linked() -> Copy:
        copy = await context.copies.fresh(wanted)
        await asyncio.to_thread(link_installed, copy, dict(zip(names, folders, strict=True)))
        return copy

    if definition.stage != "static":
        return Place(await linked(), folders, writable=True)
    if not names:
        return Place(await context.copies.shared(wanted))
    key = f"a copy of {wanted} with {' '.join(map(str, folders))}"
    return Place(await context.workplace.once(key, linked), folders)


async def _run(tooling: Tooling, place: Place, argv: tuple[str, ...], files: Sequence[str]) -> Report:
    run = await _tool_run(tooling, place, (*argv, *(f"./{file}" for file in files)))
    return await read_run(tooling.context, run, tooling.parse)


async def _examined(tooling: Tooling, place: Place, configured: tuple[str, ...]) -> tuple[str, ...] | None:
    """The files that the tool looks at, where it can be asked for a list (`options.examined_argv`)."""
    listing = tuple(tooling.definition.options.get("examined_argv", ()))
    if not listing:
        return None
    run = await _tool_run(tooling, place, (*tooling.definition.argv, *configured, *listing))
    output = await run_tool_once(tooling.context, run)
    if output.exit_code:
        raise ToolError(f"{tooling.definition.tool} did not tell which files it examines: {output.tail(3)}")
    root = f"{place.copy.folder}/"
    lines = output.stdout.decode(errors="surrogateescape").splitlines()
    return tuple(sorted(line.removeprefix(root) for line in lines if line))


async def _tool_run(tooling: Tooling, place: Place, argv: tuple[str, ...]) -> ToolRun:
    context, folder = tooling.context, place.copy.folder
    read_only = [*tooling.tool.paths, *context.environment.paths, *place.folders]
    if tooling.configuration.path:
        read_only.append((await tooling.base()).folder)
    return ToolRun(
        argv=expand(argv, tooling.tool, await tooling.values(place.copy)),
        cwd=folder,
        read_only=tuple(read_only if place.writable else [*read_only, folder]),
        writable=(folder,) if place.writable else (),
        env=passed_variables(tooling.definition),
        folders=tooling.tool.folders,
    )


def _how_to_install(definition: GateDefinition) -> str:
    if "/" in definition.tool:
        return "install the project's own tools in the checkout: npm ci, say"
    if definition.environment_tool:
        return f"install {definition.tool} into the project's environment"
    return f"install it: pip install {definition.tool}"


def _findings(
    definition: GateDefinition, copy: Copy, hits: list[Hit] | tuple[Hit, ...]
) -> tuple[Finding, ...]:
    """The hits as findings, each with the lines that it stands on; these lines are part of its identity."""
    texts: dict[str, list[str]] = {}
    found: list[Finding] = []
    for hit in sorted(hits, key=lambda hit: (hit.path, hit.line, hit.column, hit.rule)):
        if hit.path not in texts:
            texts[hit.path] = _lines(copy, hit.path)
        last = min(max(hit.line, hit.end_line), hit.line + _EXCERPT_LINES - 1)
        excerpt = "\n".join(texts[hit.path][max(hit.line - 1, 0) : last]) if hit.line else ""
        found.append(
            Finding(
                gate=definition.id,
                rule=hit.rule,
                path=hit.path,
                message=hit.message.replace(f"{copy.folder}/", ""),
                line=hit.line,
                end_line=hit.end_line,
                column=hit.column,
                severity=hit.severity,
                excerpt=hit.identity or textwrap.dedent(excerpt)[:_EXCERPT_CHARACTERS].strip(),
            )
        )
    return tuple(found)


def _lines(copy: Copy, path: str) -> list[str]:
    """The lines of a regular file of the tree; nothing is read through a link."""
    entry = copy.entries.get(path)
    if entry is None or not entry.mode.startswith("100"):
        return []
    return (copy.folder / path).read_bytes().decode(errors="replace").splitlines()
