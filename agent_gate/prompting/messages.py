"""The messages of a proposal and of a repair.

Both show the base, because every reply applies to it; a repair also shows the attempt before and what
was found. The part that both share comes first and is the same byte for byte, so that a provider's
prompt cache can be used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agent_gate.domain.gate import Finding, GateDefinition
from agent_gate.domain.proposal import Message, PromptRef
from agent_gate.domain.secret import redact
from agent_gate.domain.spec import Spec
from agent_gate.domain.verdict import Reason
from agent_gate.prompting.context import DEFAULT_BYTE_CAP, render_files, render_withheld, select_files
from agent_gate.prompting.data_block import data_block
from agent_gate.prompting.findings_text import render_findings
from agent_gate.prompting.library import load_prompt
from agent_gate.prompting.spec_text import render_gates, render_spec

PREVIOUS_CAP = 60_000
"""Characters shown of the attempt before."""


@dataclass(frozen=True)
class Prompt:
    """What is sent, and the released prompts that it was made from."""

    messages: tuple[Message, ...]
    prompts: tuple[PromptRef, ...]


@dataclass(frozen=True)
class PreviousAttempt:
    """The attempt that did not pass: its change as a diff, or its reply where it gave no change."""

    number: int
    diff: str = ""
    reply: str = ""


def propose_messages(
    spec: Spec,
    files: Mapping[str, bytes],
    gates: Sequence[GateDefinition],
    byte_cap: int = DEFAULT_BYTE_CAP,
) -> Prompt:
    """The first prompt. `files` are the base's regular files, path to content; `gates` those that will run."""
    system, user = load_prompt("propose/v1/system"), load_prompt("propose/v1/user")
    selection = select_files(spec, files, byte_cap)
    text = user.render(
        spec=render_spec(spec, files),
        gates=render_gates(gates),
        files=render_files(selection),
        withheld=render_withheld(selection),
    )
    return Prompt(
        messages=(Message(role="system", content=system.render()), Message(role="user", content=text)),
        prompts=(system.ref, user.ref),
    )


def repair_messages(
    spec: Spec,
    files: Mapping[str, bytes],
    gates: Sequence[GateDefinition],
    previous: PreviousAttempt,
    findings: Sequence[Finding],
    reasons: Sequence[Reason] = (),
    byte_cap: int = DEFAULT_BYTE_CAP,
) -> Prompt:
    """The prompt after an attempt that did not pass.

    `findings` are the gates' (or the problems of a refused reply), `reasons` the verdict's `blocking`:
    of these, the ones that are no finding are shown too.
    """
    first = propose_messages(spec, files, gates, byte_cap)
    repair = load_prompt("repair/v1/user")
    system, user = first.messages
    text = repair.render(
        attempt=str(previous.number),
        previous=_render_previous(previous),
        findings=render_findings(findings, reasons),
    )
    return Prompt(
        messages=(system, Message(role="user", content=f"{user.content}\n{text}")),
        prompts=(*first.prompts, repair.ref),
    )


def _render_previous(previous: PreviousAttempt) -> str:
    if previous.diff.strip():
        return data_block(
            f"the change of attempt {previous.number}, as a diff", _capped(previous.diff), "diff"
        )
    if previous.reply.strip():
        title = f"the reply of attempt {previous.number}, of which nothing could be applied"
        return data_block(title, _capped(previous.reply))
    return "The reply was empty."


def _capped(text: str) -> str:
    text = redact(text.encode("utf-8", errors="replace").decode("utf-8"))
    if len(text) <= PREVIOUS_CAP:
        return text
    return f"{text[:PREVIOUS_CAP]}\n(cut: {len(text) - PREVIOUS_CAP} more characters)\n"
