"""Gates as data, and what they find."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from agent_gate.domain.digest import canonical_json, sha256
from agent_gate.domain.field_types import Pattern
from agent_gate.domain.measure import Quantity
from agent_gate.domain.value import PlainData, Value, WritableText

GATE_SCHEMA = "agent-gate/gate/v1"
Severity = Literal["low", "medium", "high"]
Level = Literal["block", "ask", "note"]
"""What a finding does: it blocks, it asks the approver, or it is only told."""
Status = Literal["passed", "failed", "errored", "skipped"]
Outcome = Literal["passed", "failed", "errored", "skipped", "absent"]
NOT_APPLICABLE = "not applicable"
"""The reason of a gate that had nothing to look at: the one kind of skip that does not block."""
STATIC_GATE_BLOCKS = "a static gate blocks"
EARLIER_GATE_BLOCKS = "a gate of an earlier stage blocks"
HELD_UP = frozenset({STATIC_GATE_BLOCKS, EARLIER_GATE_BLOCKS})
"""The reasons of gates whose turn did not come."""
DecimalText = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,12}(\.[0-9]{1,9})?$")]
"""An exact decimal as text: nothing that is measured is below zero, and no value is a float."""

Stage = Literal["static", "tests", "mutation", "latency", "load", "faults"]
STAGES: tuple[Stage, ...] = ("static", "tests", "mutation", "latency", "load", "faults")
"""In their order. Gates of the first two run side by side; each later one has the machine to itself."""

_SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high")


def at_least(severity: Severity, threshold: Severity) -> bool:
    """Whether a severity reaches the one that blocks."""
    return _SEVERITIES.index(severity) >= _SEVERITIES.index(threshold)


class Finding(Value):
    """One thing that a gate has to say about one place.

    The fingerprint does not hold the line number, so that a finding keeps its identity when the code
    above it moves (SARIF 2.1.0, §3.27.17 partialFingerprints).
    """

    gate: str
    rule: WritableText
    path: WritableText
    message: WritableText
    line: int = Field(default=0, ge=0)
    end_line: int = Field(default=0, ge=0)
    column: int = Field(default=0, ge=0)
    severity: Severity = "medium"
    level: Level = "block"
    excerpt: WritableText = ""
    """The offending lines, as they stand in the candidate."""
    suppressed: bool = False
    """Found only when the suppressions in the code are ignored."""
    introduced: bool = True

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes two findings the same one: path, rule, and the line's text without its spacing."""
        return self.path, self.rule, " ".join((self.excerpt or self.message).split())

    @property
    def fingerprint(self) -> str:
        """A digest of the gate and the key."""
        return sha256(canonical_json([self.gate, *self.key, self.level, self.suppressed]))


class TestCase(Value):
    """One test of the candidate's run, and what it did on the base."""

    __test__ = False  # pytest: this is a value, not a test class

    id: WritableText
    outcome: Outcome
    on_base: Outcome = "absent"
    """The same test, as the candidate has it, over the base's source; `absent` where it was not run."""
    changed: bool = False
    """The change adds or edits the file that holds the test: it is model-written."""
    red: WritableText = ""
    """How it failed on the base (`assertion`, or the exception's name); empty when it did not."""
    message: WritableText = ""
    mutants_tried: int = Field(default=0, ge=0)
    """Over so many mutants of the changed lines it was run, where the gate `mutation` looked at it."""
    mutants_killed: int = Field(default=0, ge=0)
    """Of these, how many made it fail in a line of its own: a crash of the code under test is none."""


class Measurement(Value):
    """One number that a gate measured on the candidate, and on the base where both were measured."""

    source: str = Field(min_length=1)
    """What was measured: the clause that describes the load or the fault, or a benchmark's node id or file."""
    metric: str = Field(min_length=1)
    field: str = ""
    """The FIELD of `distinct(FIELD)`."""
    value: DecimalText
    unit: str = ""
    base: DecimalText | Literal[""] = ""
    """The same on the base, in the same unit; empty where the base was not measured."""
    samples: int = Field(ge=0)
    """How many single observations the value is made of."""
    changed: bool = False
    """The change adds or edits the file that says how it is measured: it is model-written."""

    @property
    def quantity(self) -> Quantity:
        """The value with its unit."""
        return Quantity(Decimal(self.value), self.unit)

    @property
    def base_quantity(self) -> Quantity | None:
        """What the base measured, with its unit."""
        return Quantity(Decimal(self.base), self.unit) if self.base else None


class ConfigurationSource(Value):
    """A file of the base in which a tool's configuration may stand, perhaps in one table of it."""

    path: str
    table: str = ""
    """Of a TOML or JSON file, dotted; of any other, the section of an INI file."""
    keys: tuple[str, ...] = ()
    """The table counts only if it holds one of these."""
    argv: tuple[str, ...] = ()
    """Added instead of the definition's `configured_argv`, where this file is the one that configures."""


class ToolCommand(Value):
    """How to ask a tool something about itself."""

    argv: tuple[str, ...] = Field(min_length=1)
    pattern: str = r"(\d+(?:\.\d+)+)"


class Told(Value):
    """Findings that are told, and neither block nor ask: those of some rules, in some files."""

    rules: tuple[str, ...] = ("",)
    """What the names of the rules begin with."""
    paths: tuple[Pattern, ...] = ("*",)


class Choice(Value):
    """How a project chooses among a tool's rules. Where it does not, the tool's own choice grows with its versions."""

    keys: tuple[str, ...] = Field(min_length=1)
    """Of the configuration, dotted: with one of these all that the tool finds was asked for."""
    added: tuple[str, ...] = ()
    """Keys that list rules beside the tool's own."""
    rules: tuple[str, ...] = ()
    """Where nothing is chosen: what the names of the rules begin with that count all the same."""


class Canary(Value):
    """A known-bad change: a gate that does not flag it shows nothing when it is silent."""

    base: Mapping[str, str] = {}
    """Files of the base, by path."""
    files: Mapping[str, str] = Field(min_length=1)
    """What the bad change adds or rewrites, by path."""
    rule: str = ""
    """The rule of the finding that must be there; empty where any finding does."""


class GateDefinition(Value):
    """A gate as data: the tool or built-in check, when it runs, how its output is read, what blocks.

    `argv` may use `{tool}` (the gate's own tool), `{config}` (the base's configuration file), `{python}`
    (the environment's interpreter), `{copy}` (the folder that is looked at) and `{output}` (a file for the
    report, where the tool writes none to its standard output).
    """

    schema_: Literal["agent-gate/gate/v1"] = Field(alias="schema")
    id: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$")]
    title: str
    stage: Stage = "static"
    scope: tuple[str, ...] = ("*",)
    """Patterns of the files that it looks at; with none of them in the candidate it is skipped."""
    check: str = ""
    """The name of a built-in check, instead of a tool."""
    tool: str = ""
    argv: tuple[str, ...] = ()
    files_argv: tuple[str, ...] = ()
    """Instead of `argv`, with the names of single files after it. Only for a tool that says the same of a file
    whatever stands beside it: of a candidate it then looks at no more than what differs from the base."""
    first_line: str = ""
    """A pattern: changed files without an ending whose first line it fits are looked at too (`^#!.*\\bpython`)."""
    first_line_argv: tuple[str, ...] = ()
    """The command for these, with their names after it; empty where `files_argv` does it."""
    suppressions_argv: tuple[str, ...] = ()
    """Added to `argv` for a second run that ignores the suppressions in the code."""
    suppressions: str = ""
    """What every suppression holds (POSIX extended pattern, in any case): without it in a file that is looked
    at, the second run could say nothing else, and is spared."""
    parser: str = ""
    parser_options: PlainData = Field(default={})
    """What the parser needs to know: the pattern of `regex`, say."""
    accepted_exit_codes: tuple[int, ...] = (0,)
    canary: Canary | None = None
    canary_in_run: bool = False
    """A built-in check that proves in each run that it would have seen something bad."""
    installed: tuple[str, ...] = ()
    """Folders that an installation put beside the sources (`node_modules`): shown to the tool, read-only."""
    environment_tool: bool = False
    """The tool that is installed for the code under test comes first: it sees what that code imports."""
    configuration: tuple[ConfigurationSource, ...] = ()
    requires_configuration: bool = False
    """Without any of `configuration` in the base there is nothing to do: not applicable."""
    pinned: tuple[str, ...] = ()
    """Patterns of files that are the base's in every copy, for tools that find their configuration beside
    the sources. `{config}` then names the file in that copy."""
    configured_argv: tuple[str, ...] = ()
    """Added where the base configures the tool."""
    default_argv: tuple[str, ...] = ()
    """Added where it does not."""
    verifies: tuple[str, ...] = ()
    """The kinds of verifier that this gate answers."""
    rules: ToolCommand | None = None
    """Lists the rules that the tool knows, so that a clause cannot rest on one that does not exist."""
    rules_argv: tuple[str, ...] = ()
    """Added when clauses rest on single rules; `{rules}` is their list, joined by commas."""
    version: ToolCommand | None = None
    block_at: Severity = "low"
    told: tuple[Told, ...] = ()
    """What does not block where the base does not choose the rules: opinions that the project has not asked for."""
    choice: Choice | None = None
    """Without one, a base that configures the tool asks for all that it finds."""
    timeout_s: int = Field(default=120, gt=0, le=3600)
    executes: bool = False
    """Runs the candidate's code: only ever in the sandbox."""
    environment: tuple[str, ...] = ()
    """Names of the variables that are let through from the caller's environment."""
    options: PlainData = Field(default={})
    """What a built-in check needs to know."""

    @model_validator(mode="after")
    def _one_way_to_run(self) -> GateDefinition:
        if bool(self.check) == bool(self.tool):
            raise ValueError("a gate has either a tool with argv, or a built-in check")
        if self.tool and not (self.argv and self.parser):
            raise ValueError("a gate with a tool needs argv and a parser")
        if bool(self.canary) == self.canary_in_run:
            raise ValueError("a gate needs a canary: a known-bad change that it must flag")
        if self.canary_in_run and not self.check:
            raise ValueError("only a built-in check proves itself in each run: a tool needs a canary")
        return self


class GateResult(Value):
    """What one gate says about one tree."""

    gate: str
    definition_digest: str
    tool_version: str = ""
    status: Status
    reason: WritableText = ""
    """Why it errored or was skipped, in a sentence."""
    hint: WritableText = ""
    findings: tuple[Finding, ...] = ()
    cases: tuple[TestCase, ...] = ()
    known_rules: tuple[str, ...] = ()
    """Of the rules that clauses rest on, those that the tool knows and applied."""
    verifies: tuple[str, ...] = ()
    measures: Mapping[str, int] = {}
    measurements: tuple[Measurement, ...] = ()
    """What clauses that expect numbers are compared with."""
    canary: Literal["", "passed", "in run"] = ""
    """How it was shown that the gate would have seen something bad."""
    sandbox: str = ""
    """How the candidate's code was confined: `bubblewrap`, `none`, or empty when none of it ran."""
    duration_ms: int = Field(default=0, ge=0)
    cached: bool = False
    output_sha256: str = ""

    def at(self, level: Level) -> tuple[Finding, ...]:
        """The introduced findings of one level."""
        return tuple(f for f in self.findings if f.introduced and f.level == level)


def one_each(results: Iterable[GateResult]) -> dict[str, GateResult]:
    """One result a gate. Of two nobody can say which one holds, so the gate counts as errored."""
    by_gate: dict[str, GateResult] = {}
    for result in results:
        twice = result.gate in by_gate
        by_gate[result.gate] = (
            result.model_copy(update={"status": "errored", "reason": "it gave two results for one tree"})
            if twice
            else result
        )
    return by_gate
