"""Waits until what was typed has arrived where it belongs; a key such as ^S overtakes the letters before it."""

from __future__ import annotations

import asyncio

from textual.message_pump import MessagePump


async def settled(*nodes: MessagePump | None) -> None:
    """Waits until each of these, in this order, has handled what it was sent so far.

    Not from a handler of one of them, which would wait for itself; a worker may.
    """
    for node in nodes:
        if node is not None and node.is_running:
            handled = asyncio.Event()
            node.call_later(handled.set)
            await handled.wait()
