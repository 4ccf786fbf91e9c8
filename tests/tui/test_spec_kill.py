"""Nothing that was typed is lost when the program is killed: a real process at a real terminal."""

from __future__ import annotations

import signal
import time
from pathlib import Path

from program import command
from terminal import Terminal

from agent_gate.drafting.store import DraftStore
from agent_gate.vcs.repo import Repository


def kept_title(root: Path, wanted: str) -> None:
    """Waits until the draft on the disk has this title."""
    store = DraftStore(root / ".git")
    deadline = time.monotonic() + 60
    while not any(kept.draft.text("title") == wanted for _, kept in store.unfinished()):
        assert time.monotonic() < deadline, store.unfinished()
        time.sleep(0.02)


def test_what_was_typed_is_there_after_a_kill(shop: Repository) -> None:
    with Terminal(command(), shop.root, size=(80, 24)) as terminal:
        terminal.wait_for("No runs here yet")
        terminal.type("n")
        terminal.wait_for("How do you want to begin?")
        terminal.type("\x1b[F")  # End: the last of the list
        terminal.type("\x1b[A\x1b[A\n")  # two up, the blank form
        terminal.wait_for("Goal")
        for letter in "Half a tit":
            terminal.type(letter)
        kept_title(shop.root, "Half a tit")
        terminal.process.send_signal(signal.SIGKILL)
        terminal.process.wait()
    with Terminal(command(), shop.root, size=(80, 24)) as terminal:
        terminal.wait_for("No runs here yet")
        terminal.type("n")
        terminal.wait_for("Half a tit")
        terminal.type("\n")
        terminal.wait_for("restored what you had typed")
