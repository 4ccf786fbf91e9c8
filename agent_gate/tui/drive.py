"""Carries a run on in a thread of its own, so that nothing the engine does can stop the screen.

The engine's events wait here until the screen asks for them; nothing is decided here.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any

from agent_gate.engine.advance import advance
from agent_gate.engine.context import Context
from agent_gate.errors import AgentGateError
from agent_gate.run.events import LiveEvent
from agent_gate.tui.view import RunView, see, view_of


class Drive:
    """One run on its way, from `start` to the next decision or end."""

    def __init__(
        self,
        context: Context,
        run_id: str,
        *,
        began: datetime,
        may_rebase: bool = False,
        before: Callable[[], object] | None = None,
    ) -> None:
        """`before` is called first, in the same thread: a decision, which may be refused."""
        self.began = began
        self.view: RunView = view_of(context.runs.find(run_id).events(), live=True)
        self.error: BaseException | None = None
        """What stopped it, if anything did: an AgentGateError, or a bug of ours."""
        self._context = context
        self._may_rebase = may_rebase
        self._before = before
        self._heard: deque[LiveEvent] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Any] | None = None
        self._cancelled = False
        self._guard = threading.Lock()
        self._thread = threading.Thread(target=self._work, name=f"run-{run_id}", daemon=True)

    @property
    def run_id(self) -> str:
        """The run's ULID."""
        return self.view.run_id

    @property
    def active(self) -> bool:
        """Whether it is still on its way, or has something to tell."""
        return self._thread.is_alive() or bool(self._heard)

    def start(self) -> None:
        """Begins; returns at once."""
        self._thread.start()

    def listen(self) -> bool:
        """Takes in what has happened since; True when anything has."""
        anything = bool(self._heard)
        while self._heard:
            self.view = see(self.view, self._heard.popleft())
        return anything

    def cancel(self) -> None:
        """Stops it where it stands: nothing that is in the journal is lost, `resume` carries on."""
        with self._guard:
            self._cancelled = True
            if self._loop is not None and self._task is not None:
                self._loop.call_soon_threadsafe(self._task.cancel)

    def wait(self, timeout_s: float) -> bool:
        """Waits for its end; False when it did not come in time."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    async def finished(self) -> None:
        """Waits for its end, however long that takes, without holding up the screen."""
        await asyncio.to_thread(self._thread.join)

    def _work(self) -> None:
        try:
            if self._before is not None:
                self._before()
            asyncio.run(self._advance())
        except asyncio.CancelledError:
            pass
        except BaseException as error:  # noqa: BLE001 - the screen tells it, or raises it again
            self.error = error

    async def _advance(self) -> None:
        work: Coroutine[Any, Any, Any] = advance(
            self._context, self.run_id, self._heard.append, may_rebase=self._may_rebase
        )
        task = asyncio.ensure_future(work)
        with self._guard:
            self._loop, self._task = asyncio.get_running_loop(), task
            if self._cancelled:
                task.cancel()
        try:
            await task
        finally:
            with self._guard:
                self._loop = self._task = None

    @property
    def refusal(self) -> AgentGateError | None:
        """What stopped it, where that is for the user to mend."""
        return self.error if isinstance(self.error, AgentGateError) else None
