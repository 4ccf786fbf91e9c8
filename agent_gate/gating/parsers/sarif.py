"""Reads SARIF 2.1.0 (OASIS standard, 2020), the format of static analysis results.

What a tool says of itself counts: a run that was not successful, or that tells of an error which
belongs to no file, is an error here too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agent_gate.domain.gate import Severity
from agent_gate.gating.parsers.report import (
    Hit,
    Report,
    ToolOutput,
    checked,
    load_json,
    position,
    text,
)
from agent_gate.gating.parsers.sarif_place import Places

_SEVERITIES: Mapping[str, Severity] = {"error": "high", "warning": "medium", "note": "low"}
_NO_FAILURE = frozenset({"pass", "notApplicable", "informational"})
_UNUSED = frozenset({
    "snippet", "contextRegion", "contents", "codeFlows", "threadFlows", "fixes", "graphs", "stacks", "hashes",
    "help", "fullDescription", "relatedLocations", "properties", "fingerprints", "partialFingerprints",
})  # fmt: skip
"""What nothing here depends on and may be large."""
_NOTIFICATIONS = ("toolExecutionNotifications", "toolConfigurationNotifications")


def parse_sarif(output: ToolOutput) -> Report:
    """The results of all runs: errors are of high severity, warnings of medium, notes of low.

    A suppressed result counts as found and waived. An error that the tool reports about a file means
    that it could not read that file. Files with the role of analysis target were examined; with the
    option `artifacts = "examined"`, all that are listed. Raises ValueError for anything else than SARIF
    2.1, for a run without results, and for one that failed.
    """
    data = load_json(output.stdout, _UNUSED)
    try:
        if not text(data["version"]).startswith("2.1"):
            raise ValueError(f"SARIF {text(data['version'])[:40]} is not read, only 2.1.0")
        runs = [_Run(run, Places(run, output.root)) for run in data["runs"]]
        if not runs:
            raise ValueError("the log holds no run")
        hits = [hit for run in runs for hit in (*run.results(), *run.failures())]
        listed = output.options.get("artifacts") == "examined"
        told = [examined for run in runs if (examined := run.places.examined(all_listed=listed)) is not None]
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise ValueError(f"not what SARIF 2.1.0 describes: {type(error).__name__} {error}") from None
    broken = {hit.path for hit in hits if hit.unparsed}
    examined = frozenset().union(*told) - broken if told else None
    return checked(output, Report(hits=tuple(hits), examined=examined))


def check_sarif(options: Mapping[str, Any]) -> None:
    """Raises ValueError for another value of `artifacts` than `examined`."""
    if options.get("artifacts", "examined") != "examined":
        raise ValueError('artifacts: can only be "examined"')


@dataclass(frozen=True)
class _Run:
    data: Any
    places: Places

    def results(self) -> Iterator[Hit]:
        """The results that are failures, or that a person has to look at."""
        if self.data.get("externalPropertyFileReferences", {}).get("results"):
            raise ValueError("its results lie in another file")
        if self.data.get("results") is None:
            raise ValueError("a run without results: the tool did not get to look")
        rules = self._rules()
        for result in self.data["results"]:
            rule = self._rule(result, rules)
            severity = _severity(result, rule)
            if severity is not None and result.get("baselineState") != "absent":
                yield self._hit(result, rule, severity)

    def failures(self) -> Iterator[Hit]:
        """What the tool could not read. Raises ValueError where it failed as a whole."""
        for invocation in self.data.get("invocations") or ():
            located = 0
            for note in _errors(invocation):
                path, region = self.places.first(note.get("locations"))
                if not path:
                    raise ValueError(f"the tool reports: {_message(note, {})}")
                located += 1
                yield Hit(
                    rule=text(note.get("descriptor", {}).get("id") or "unparsable"),
                    path=path,
                    message=_message(note, {}),
                    line=position(region.get("startLine")),
                    severity="high",
                    unparsed=True,
                )
            if invocation.get("executionSuccessful") is False and not located:
                reason = (
                    invocation.get("exitCodeDescription") or invocation.get("exitSignalName") or "no reason"
                )
                raise ValueError(f"the tool says that it failed: {text(reason)}")

    def _rules(self) -> list[list[Any]]:
        """The rules of the driver, then those of each extension."""
        tool = self.data["tool"]
        return [list(part.get("rules") or ()) for part in (tool["driver"], *(tool.get("extensions") or ()))]

    def _rule(self, result: Any, rules: list[list[Any]]) -> Any:
        """What the tool says about the result's rule (§3.27.5 to 3.27.7); an empty table where it says nothing."""
        reference = result.get("rule", {})
        component = position(reference.get("toolComponent", {}).get("index", -1) + 1)
        index = reference.get("index", result.get("ruleIndex", -1))
        own = rules[component] if component < len(rules) else []
        if isinstance(index, int) and 0 <= index < len(own):
            return own[index]
        name = result.get("ruleId") or reference.get("id")
        return next((rule for part in rules for rule in part if rule.get("id") == name), {})

    def _hit(self, result: Any, rule: Any, severity: Severity) -> Hit:
        path, region = self.places.first(result.get("locations"))
        start = position(region.get("startLine"))
        name = result.get("ruleId") or result.get("rule", {}).get("id") or rule.get("id") or "finding"
        return Hit(
            rule=text(name),
            path=path,
            message=_message(result, rule),
            line=start,
            end_line=max(position(region.get("endLine")), start),
            column=position(region.get("startColumn")),
            severity=severity,
            suppressed=_is_suppressed(result),
        )


def _severity(result: Any, rule: Any) -> Severity | None:
    """None for what is no failure (§3.27.9 kind, §3.27.10 level)."""
    kind = result.get("kind", "fail")
    if kind in _NO_FAILURE:
        return None
    if kind != "fail":
        return "low"  # `open` and `review`: nobody can say yet
    level = result.get("level") or rule.get("defaultConfiguration", {}).get("level") or "warning"
    return None if level == "none" else _SEVERITIES[level]


def _is_suppressed(result: Any) -> bool:
    """One that is still under review, or was rejected, suppresses nothing (§3.27.23)."""
    states = [suppression.get("status", "accepted") for suppression in result.get("suppressions") or ()]
    return bool(states) and all(state == "accepted" for state in states)


def _message(holder: Any, rule: Any) -> str:
    """The text, or the rule's text of that id, with its arguments put in (§3.11.11)."""
    message = holder.get("message", {})
    strings = rule.get("messageStrings") or {}
    told = message.get("text") or message.get("markdown") or strings.get(message.get("id"), {}).get("text")
    told = told or rule.get("shortDescription", {}).get("text") or ""
    for number, argument in enumerate(message.get("arguments") or ()):
        told = text(told).replace(f"{{{number}}}", text(argument))
    return text(told)


def _errors(invocation: Any) -> Iterator[Any]:
    for kind in _NOTIFICATIONS:
        for note in invocation.get(kind) or ():
            if note.get("level") == "error":
                yield note
