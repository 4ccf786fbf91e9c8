"""The commit message: what it says is ours, made from the spec and the verdict.

A model's text never stands in it. Subject and body are fixed before the approval, which covers them;
the approvers' sentences are in the evidence.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable

from agent_gate.audit.evidence import Bundle
from agent_gate.domain.gate import GateResult
from agent_gate.domain.policy import Policy
from agent_gate.domain.spec import Spec
from agent_gate.domain.traceability import ClauseResult
from agent_gate.domain.verdict import Verdict
from agent_gate.errors import PolicyError
from agent_gate.vcs import trailers
from agent_gate.vcs.trailers import Trailer, plain_line

WIDTH = 72
_TOOL_VERSION = re.compile(r"\d")
_STARTS_A_LINE = re.compile(r"\s|[-*+>]\s|\d+[.)]\s")


def render_subject(spec: Spec) -> str:
    """The first line: the spec's title; git takes a line that begins with `#` for a comment."""
    return plain_line(spec.title).strip().lstrip("# ") or spec.id


def render_body(spec: Spec, verdict: Verdict) -> str:
    """The goal, and each clause with its state and what that rests on; without trailers."""
    paragraphs = re.split(r"\n\s*\n", spec.goal.strip())
    goal = "\n\n".join(_flowed(paragraph) for paragraph in paragraphs)
    if not verdict.clauses:
        return goal
    clauses = "\n".join(_clause_lines(clause) for clause in verdict.clauses)
    return f"{goal}\n\n{clauses}"


def require_trailer_allowed(policy: Policy) -> None:
    """Raises PolicyError where the policy forbids changes that a model took part in."""
    if policy.approval.ai_trailer == "forbid":
        raise PolicyError(
            "approval.ai_trailer is 'forbid': this repository takes no change that a model took part in",
            hint="the candidate stays in the run; the policy is changed on the base branch, by a person",
        )


def commit_trailers(
    bundle: Bundle, policy: Policy, spec: Spec, reviewers: Iterable[str] = ()
) -> tuple[Trailer, ...]:
    """The trailers that follow from the evidence; `reviewers` are those whose signatures verify."""
    require_trailer_allowed(policy)
    facts = bundle.facts
    assisted = trailers.GENERATED_BY if policy.approval.ai_trailer == "generated-by" else trailers.ASSISTED_BY
    return (
        Trailer(assisted, " ".join((f"agent-gate:{_model(bundle)}", *judging_tools(bundle.results, policy)))),
        Trailer(trailers.RUN, facts.run),
        Trailer(trailers.SPEC, f"{spec.id}@{facts.spec_digest}"),
        Trailer(trailers.EVIDENCE, bundle.digest),
        Trailer(trailers.RESULT, facts.result),
        *(Trailer(trailers.CO_AUTHORED_BY, str(person)) for person in facts.pair),
        *(Trailer(trailers.REVIEWED_BY, reviewer) for reviewer in reviewers),
    )


def judging_tools(results: Iterable[GateResult], policy: Policy) -> tuple[str, ...]:
    """The tools that looked at the tree, in the policy's order of gates; built-in checks are none."""
    order = {gate: place for place, gate in enumerate((*policy.gates.required, *policy.gates.advisory))}
    ordered = sorted(results, key=lambda result: (order.get(result.gate, len(order)), result.gate))
    looked = (r for r in ordered if r.status in {"passed", "failed"} and _TOOL_VERSION.match(r.tool_version))
    return tuple(dict.fromkeys(result.verifies[0] if result.verifies else result.gate for result in looked))


def _model(bundle: Bundle) -> str:
    """The model that answered last, as one word: a provider's text must not add words to the trailer."""
    last = bundle.generation.attempts[-1]
    return re.sub(r"[^\x21-\x7e]+", "-", last.model_returned or last.model_requested) or "unknown"


def _flowed(paragraph: str) -> str:
    """A paragraph at the width of a commit message; the lines of a list or of code stay lines."""
    lines = paragraph.splitlines()
    if any(_STARTS_A_LINE.match(line) for line in lines):
        return "\n".join(_wrapped(line) for line in lines)
    return _wrapped(" ".join(paragraph.split()))


def _wrapped(line: str) -> str:
    parts = textwrap.wrap(line, WIDTH, break_long_words=False, break_on_hyphens=False) or [""]
    return "\n".join(plain_line(part) for part in parts)


def _clause_lines(clause: ClauseResult) -> str:
    state = "by the approver's word" if clause.awaits_person else clause.state
    rests_on = dict.fromkeys(
        f"{item.verifier} (written by the model)" if item.model_written else item.verifier
        for item in clause.evidence
    )
    lines = [
        *_indented(f"{clause.clause} {state}: {clause.sentence}", "- "),
        *_indented(f"rests on {', '.join(rests_on)}", "  "),
    ]
    return "\n".join(lines)


def _indented(text: str, first: str) -> list[str]:
    return textwrap.wrap(
        plain_line(" ".join(text.split())),
        WIDTH,
        initial_indent=first,
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
