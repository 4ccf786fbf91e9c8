"""What a gate says beside its sign, in a few words: why it ended so, and the numbers that a sign does not tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from agent_gate.domain.gate import GateResult


def gate_words(result: GateResult) -> str:
    """`1 new finding; 2 of 3 faults noticed`; the reason is a text of others, not yet made visible."""
    return "; ".join(filter(None, (result.reason, ", ".join(_counts(result)))))


def _counts(result: GateResult) -> Iterator[str]:
    told = result.measures
    if "tests" in told:
        yield f"{told.get('passed', 0)} of {told['tests']} tests"
        if red := told.get("red_on_base", 0):
            yield f"{red} red on the base"
    if "changed_lines" in told and result.status == "passed":  # a failure has the share in its reason
        yield f"{_run(told, 'lines')} changed lines"
        if told.get("changed_branches"):
            yield f"{_run(told, 'branches')} branches"
    if "mutants" in told:
        yield f"{told.get('killed', 0)} of {told['mutants']} faults noticed"
    if "verifiers" in told:
        yield f"{told.get('noticing_verifiers', 0)} of {told['verifiers']} new verifiers notice one"


def _run(told: Mapping[str, int], kind: str) -> str:
    changed = told[f"changed_{kind}"]
    return f"{changed - told.get(f'missed_{kind}', 0)} of {changed}"
