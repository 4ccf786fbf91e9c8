"""Finds out, by really running the real command line once, whether this machine can confine a command."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from agent_gate import process
from agent_gate.sandbox.base import Confinement, Sandbox
from agent_gate.sandbox.bubblewrap import Bubblewrap, locate

HINT = (
    "install bubblewrap and util-linux; on Ubuntu 24.04 and later unprivileged user namespaces also need the"
    " AppArmor profile bwrap-userns-restrict (package apparmor-profiles); in a container they must be allowed"
)
_PROBE_TIMEOUT_S = 20.0


@dataclass(frozen=True)
class Probe:
    """The sandbox of this machine, or why there is none."""

    sandbox: Sandbox | None
    reason: str = ""
    hint: str = ""


_probes: dict[str, Probe] = {}


async def find_sandbox() -> Probe:
    """Probes once per process. Without a sandbox, `reason` is a sentence and `hint` says what to do."""
    if "probe" not in _probes:
        _probes["probe"] = await probe(locate())
    return _probes["probe"]


async def probe(found: Bubblewrap | str) -> Probe:
    """Probes now: runs `true` under the same mounts, namespaces and limits as everything else.

    `found` is what `locate` says.
    """
    return Probe(None, found, HINT) if isinstance(found, str) else await _try(found)


async def _try(sandbox: Bubblewrap) -> Probe:
    with tempfile.TemporaryDirectory(prefix="agent-gate-probe-") as name:
        folder = Path(name)
        argv, env = sandbox.wrap(Confinement(argv=("true",), cwd=folder, writable=(folder,)))
        completed = await process.run(argv, cwd=folder, env=env, timeout_s=_PROBE_TIMEOUT_S)
    if completed.returncode == 0:
        return Probe(sandbox)
    told = completed.tail(2) or f"exit code {completed.returncode}"
    return Probe(None, f"bubblewrap cannot confine a command here: {told}", HINT)
