"""A run as one HTML page: no script, nothing fetched, readable on paper, in the dark, and in years."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from html import escape

from agent_gate.domain.approval import Approval
from agent_gate.domain.clause import Clause
from agent_gate.domain.matrix import SIGNS, MatrixClause, MatrixRow, matrix
from agent_gate.domain.traceability import ClauseResult, trace
from agent_gate.domain.verdict import Reason
from agent_gate.domain.visible import visible, visible_line
from agent_gate.report.check_report import CheckReport, Effect, GateReport, ShownFinding
from agent_gate.report.html_style import STYLE
from agent_gate.run.state import RunState

_GATE_SIGNS = {"passed": "✓", "failed": "✗", "errored": "!", "skipped": "–"}
_DIFF_HEADS = ("index ", "--- ", "+++ ", "new ", "old ", "deleted ", "similarity ", "rename ", "copy ")
_DIFF_KINDS = {"+": "added", "-": "removed", "@": "hunk"}
_EFFECTS: Mapping[Effect, tuple[str, str]] = {"block": ("✗", "violated"), "ask": ("?", "unverified")}


def html_report(state: RunState, diff: str, now: Iterable[ClauseResult] = ()) -> str:
    """The whole page: the matrix with the scenario of each clause, gates, words of people, and the diff.

    All text of others is made visible and escaped; a browser is told to load and run nothing. `now` are
    the clauses of the spec as it is worded now; without them the run's own are shown.
    """
    spec = state.started.spec
    clauses = matrix(now or state.clauses or trace(spec, state.results))
    parts = (
        *_head(state, clauses),
        *_reasons(state),
        *_matrix(clauses, {clause.id: clause for clause in spec.clauses}),
        *_waved(spec.not_applicable),
        *_gates(CheckReport.of_run(state).gates),
        *_approvals(state),
        *_binding(state),
        *_diff(diff),
    )
    return "\n".join(
        (
            "<!DOCTYPE html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
            f"<title>{_text(spec.title)} · agent-gate</title>",
            f"<style>{STYLE}</style></head><body>",
            *parts,
            "</body></html>",
        )
    )


def _head(state: RunState, clauses: Iterable[MatrixClause]) -> Iterator[str]:
    spec = state.started.spec
    model = next(
        (a.proposal.model_returned for a in reversed(state.attempts) if a.proposal), state.started.model
    )
    facts = {
        "run": state.run_id,
        "spec": f"{spec.id}, {spec.risk}",
        "branch": state.started.ref.removeprefix("refs/heads/"),
        "model": f"{model}, attempt {len(state.attempts)} of {state.started.attempts}",
    }
    if state.sealed:
        facts["commit"] = state.sealed.commit
    phase = state.phase.replace("_", " ")
    yield "<header>"
    yield f'<p class="phase">{_text(phase)}</p><h1>{_text(spec.title)}</h1>'
    yield f'<p class="goal">{escape(visible(spec.goal.strip()))}</p>'
    yield _facts(facts)
    if state.end_message:
        yield f"<p>{_text(state.end_message)}</p>"
    counts = [clause.state for clause in clauses]
    told = [f"{_sign(name)} {counts.count(name)} {name}" for name in SIGNS if name in counts]
    yield f'<p class="counts">{" ".join(f"<span>{item}</span>" for item in told)}</p>'
    yield "</header>"


def _reasons(state: RunState) -> Iterator[str]:
    if state.verdict is None:
        return
    yield from _list("What blocks", "violated", "✗", state.verdict.blocking)
    yield from _list("What asks the approver", "unverified", "?", state.verdict.questions)


def _list(title: str, state: str, sign: str, reasons: Iterable[Reason]) -> Iterator[str]:
    items = [
        f"<li>{_sign(state, sign)} <b>{_text(reason.source)}</b> {_text(reason.message)}</li>"
        for reason in reasons
    ]
    if items:
        yield f'<section><h2>{title}</h2><ul class="reasons">{"".join(items)}</ul></section>'


def _matrix(clauses: Iterable[MatrixClause], asked: Mapping[str, Clause]) -> Iterator[str]:
    """A table whose bodies are the clauses, so that none is torn apart on paper."""
    yield "<section><h2>Clauses</h2>"
    yield '<table class="matrix"><thead><tr><th>verifier</th><th>required</th><th>measured</th><th>state</th></tr></thead>'
    for clause in clauses:
        yield f'<tbody><tr class="clause"><th colspan="3"><span class="id">{_text(clause.clause)}</span> {_text(clause.sentence)}'
        if clause.clause in asked:
            yield _scenario(asked[clause.clause])
        yield f"</th><td>{_state(clause.state)}</td></tr>"
        for row in clause.rows:
            yield _row(row)
        yield "</tbody>"
    yield "</table></section>"


def _scenario(clause: Clause) -> str:
    """The six parts of a quality scenario, as far as the spec says them."""
    parts = {name: text for name, text in clause.scenario._asdict().items() if text}
    says_more = list(parts.values()) != [clause.sentence]
    return _facts(parts, "scenario") if says_more else ""


def _row(row: MatrixRow) -> str:
    note = ' <span class="note">model-written</span>' if row.model_written else ""
    return (
        f"<tr><td><code>{_name(row.verifier)}</code>{note}</td><td>{_text(row.required)}</td>"
        f"<td>{_text(row.measured)}</td><td>{_state(row.state)}</td></tr>"
    )


def _waved(reasons: Mapping[str, str]) -> Iterator[str]:
    """What the spec says nobody has to think of here: an approver signs that, too."""
    if reasons:
        named = {name.replace("_", " "): reason for name, reason in reasons.items()}
        yield f"<section><h2>Not applicable</h2>{_facts(named)}</section>"


def _gates(gates: Iterable[GateReport]) -> Iterator[str]:
    rows = [row for gate in gates for row in _gate(gate)]
    if rows:
        yield "<section><h2>Gates</h2><table><thead><tr><th>gate</th><th>status</th><th>tool</th><th>time</th></tr></thead><tbody>"
        yield from rows
        yield "</tbody></table></section>"


def _gate(gate: GateReport) -> Iterator[str]:
    result = gate.result
    reason = f" ({result.reason})" if result.reason else ""
    confined = f", {result.sandbox}" if result.sandbox else ""
    time = f"{result.duration_ms / 1000:.1f} s" + (", cached" if result.cached else "")
    sign = f'<span class="sign {result.status}">{_GATE_SIGNS[result.status]}</span>'
    yield (
        f"<tr><td><b>{_text(result.gate)}</b></td><td>{sign} {_text(f'{result.status}{reason}')}</td>"
        f"<td>{_text(f'{result.tool_version}{confined}'.removeprefix(', '))}</td><td>{time}</td></tr>"
    )
    for item in gate.findings:
        if item.effect in _EFFECTS:
            yield f'<tr class="finding"><td></td><td colspan="3">{_finding(item)}</td></tr>'


def _finding(item: ShownFinding) -> str:
    finding = item.finding
    sign, state = _EFFECTS[item.effect]
    place = f"{finding.path}:{finding.line}" if finding.line else finding.path
    return f"{_sign(state, sign)} <code>{_text(place)}</code> {_text(finding.rule)}: {_text(finding.message)}"


def _approvals(state: RunState) -> Iterator[str]:
    if not state.decisions:
        return
    counted = state.valid_approvals
    yield "<section><h2>Decisions</h2>"
    for decision in state.decisions:
        yield _decision(decision.approval, decision.signer, counts=decision.approval in counted)
    yield "</section>"


def _decision(approval: Approval, signer: str, *, counts: bool) -> str:
    approved = approval.decision == "approve"
    facts = {
        "by": str(approval.approver),
        "when": f"{approval.time:%Y-%m-%d %H:%M %Z}",
        "means": approval.means,
        "signed by": signer or "nobody",
        **({"reason": approval.reason} if approval.reason else {}),
        **{f"on {clause}": sentence for clause, sentence in approval.answers.items()},
        **({"confirmed": ", ".join(approval.confirmed)} if approval.confirmed else {}),
    }
    sign = _sign("verified") if approved else _sign("violated")
    void = (
        ""
        if counts or not approved
        else ' <span class="note">counts for nothing: it binds something else, or is not enough here</span>'
    )
    return f"<h3>{sign} {'approved' if approved else 'rejected'}{void}</h3>{_facts(facts)}"


def _binding(state: RunState) -> Iterator[str]:
    binding = state.binding
    if binding is None:
        return
    facts = {
        "tree": binding.tree,
        "base": binding.base,
        "branch": binding.ref.removeprefix("refs/heads/"),
        "spec": binding.spec_digest,
        "policy": binding.policy_digest,
        "verdict": binding.verdict_digest,
        "message": binding.message_digest,
    }
    yield f"<section><h2>What an approval binds</h2>{_facts(facts, 'digests')}</section>"


def _diff(diff: str) -> Iterator[str]:
    if diff:
        lines = "".join(_diff_line(line) for line in visible(diff).splitlines())
        yield f'<section><h2>Diff</h2><pre class="diff">{lines}</pre></section>'


def _diff_line(line: str) -> str:
    """Each line is a block of its own, so that no newline stands between them."""
    kind = "meta" if line.startswith(_DIFF_HEADS) else _DIFF_KINDS.get(line[:1], "same")
    return f'<span class="{"file" if line.startswith("diff ") else kind}">{escape(line) or " "}</span>'


def _facts(facts: Mapping[str, str], kind: str = "facts") -> str:
    pairs = "".join(f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>" for name, value in facts.items())
    return f'<dl class="{kind}">{pairs}</dl>'


def _state(state: str) -> str:
    return f"{_sign(state)} {_text(state)}"


def _sign(state: str, sign: str = "") -> str:
    kind = "person" if state not in {"verified", "violated", "unverified", "waived"} else state
    return f'<span class="sign {kind}">{sign or SIGNS[state]}</span>'


def _name(text: str) -> str:
    """The same for a name, which may be broken after its separators."""
    return re.sub(r"(::|[/_.])", r"\1<wbr>", _text(text))


def _text(text: str) -> str:
    """Text of somebody else's: shown as it is, and never obeyed."""
    return escape(visible_line(text.strip()))
