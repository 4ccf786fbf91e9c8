"""The one core: carries a run on, step by step, until a person is needed or nothing is left to do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack

from agent_gate.engine.check import check
from agent_gate.engine.context import Context
from agent_gate.engine.park import give_up, park
from agent_gate.engine.prepare import prepare
from agent_gate.engine.propose import propose
from agent_gate.engine.rebase import rebase
from agent_gate.engine.recorder import Emit, Recorder, silent
from agent_gate.engine.seal import land_commit, seal
from agent_gate.engine.session import Session
from agent_gate.run.state import RunState, Step, next_step

_STEPS: Mapping[Step, Callable[[Session], Awaitable[None]]] = {
    Step.PROPOSE: propose,
    Step.PREPARE: prepare,
    Step.CHECK: check,
    Step.PARK: park,
    Step.GIVE_UP: give_up,
    Step.REBASE: rebase,
    Step.SEAL: seal,
    Step.LAND: land_commit,
}


async def advance(
    context: Context, run_id: str, emit: Emit = silent, *, may_rebase: bool = False
) -> RunState:
    """Carries the run on as far as it goes without a person, and returns where it stands.

    Stops at a decision, at a moved base (unless `may_rebase`), after a provider error, and at the
    end. Every event is in the journal before `emit` sees it; killed at any point, the next call goes
    on from there. Raises RunBusyError where another process works on the run.
    """
    journal = context.runs.find(run_id)
    with journal.writing():
        recorder = Recorder(journal, emit)
        async with AsyncExitStack() as stack:
            session = Session(context, recorder, stack)
            while not session.stopped:
                step = next_step(recorder.state)
                if step not in _STEPS or (step is Step.REBASE and not may_rebase):
                    break
                await _STEPS[step](session)
        return recorder.state
