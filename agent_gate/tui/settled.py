"""Waits until what was typed has arrived where it belongs; a key such as ^S overtakes the letters before it."""

from __future__ import annotations

import asyncio
from typing import Any

from textual.screen import Screen


async def settled(screen: Screen[Any]) -> None:
    """Waits until the focused widget and each one above it has handled what it was sent so far.

    What is typed bubbles up from one to the next, to the screen. Not from a handler of one of them, which
    would wait for itself; a worker may.
    """
    for node in screen.focused.ancestors_with_self if screen.focused else (screen,):
        if node.is_running:
            handled = asyncio.Event()
            node.call_later(handled.set)
            await handled.wait()
        if node is screen:
            return
