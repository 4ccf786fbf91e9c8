"""No confinement at all: only the environment is an allow-list. Used where a person agreed to it."""

from __future__ import annotations

import tempfile

from agent_gate.sandbox.base import Confinement, inner_environment


class Unconfined:
    """Starts the command as it is. Files, network and processes are not protected."""

    name = "none"
    has_loopback = True
    brings_temporary = False

    def wrap(self, request: Confinement) -> tuple[tuple[str, ...], dict[str, str]]:
        """The command itself; its home is a folder of the request, never the user's."""
        if request.temporary:
            place = str(request.temporary)
            return request.argv, inner_environment(request, place, place)
        home = str(request.writable[0].parent if request.writable else request.cwd)
        return request.argv, inner_environment(request, tempfile.gettempdir(), home)
