"""The exact next command for a run, the same words for every face."""

from __future__ import annotations

from agent_gate.run.state import RunState


def next_command(state: RunState) -> str:
    """What a person types to carry the run on; empty when it has ended."""
    match state.phase:
        case "awaiting_approval":
            answers = "".join(
                f" --answer {c.clause}='…'" for c in (state.verdict.awaiting if state.verdict else ())
            )
            return f"agent-gate approve {state.run_id}{answers}"
        case "sealed":
            assert state.sealed is not None  # noqa: S101 - the phase says so
            return f"agent-gate verify {state.sealed.commit[:12]}"
        case "blocked" | "rejected" | "aborted":
            return ""
        case _:
            return f"agent-gate resume {state.run_id}"
