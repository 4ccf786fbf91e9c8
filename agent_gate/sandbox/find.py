"""Finds out, by really trying, how this machine can confine a command."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from agent_gate import process
from agent_gate.resources import cache_directory
from agent_gate.sandbox.base import Sandbox
from agent_gate.sandbox.bubblewrap import Bubblewrap, locate
from agent_gate.sandbox.remembered import Remembered, TrialStore, identity

HINT = (
    "install bubblewrap and util-linux; on Ubuntu 24.04 and later unprivileged user namespaces also need the"
    " AppArmor profile bwrap-userns-restrict (package apparmor-profiles); in a container they must be allowed;"
    " where they cannot be, Linux 6.12 or newer with Landlock does"
)
_VERSION_TIMEOUT_S = 10.0


@dataclass(frozen=True)
class Probe:
    """The sandbox of this machine, or why there is none."""

    sandbox: Sandbox | None
    reason: str = ""
    """Why there is none; beside a sandbox, why a better one is not used."""
    hint: str = ""
    detail: str = ""
    """The sandbox and its version, and what strengthens or weakens it, for people."""


_probes: dict[str, Probe] = {}


async def find_sandbox() -> Probe:
    """Probes once per process. Without a sandbox, `reason` is a sentence and `hint` says what to do.

    What was found is remembered in the cache folder, until the machine starts again or a program changes.
    """
    if "probe" not in _probes:
        _probes["probe"] = await probe(candidates(), TrialStore(cache_directory() / "sandbox"))
    return _probes["probe"]


Candidate = tuple[str, Callable[[], Sandbox | str]]
"""A name, and what makes the sandbox or says in a sentence why there is none."""


def candidates() -> tuple[Candidate, ...]:
    """The sandboxes of this operating system, the best one first."""
    if sys.platform == "darwin":
        return (("seatbelt", seatbelt),)
    return (("bubblewrap", locate), ("landlock", landlock))


def landlock() -> Sandbox | str:
    """Landlock, or a sentence that says what is missing of it."""
    from agent_gate.sandbox import confine, seccomp  # only where there is no bubblewrap
    from agent_gate.sandbox.landlock import Landlock

    abi, machine = confine.landlock_abi(), seccomp.this_machine()
    if machine is None:
        return f"no system call filter is written for {os.uname().machine}"
    if abi < confine.ABI_NEEDED:
        told = f"only version {abi} of Landlock" if abi else "no Landlock"
        return f"this kernel has {told}; version {confine.ABI_NEEDED} (Linux 6.12) also stops signals"
    return Landlock(abi, machine, as_root=os.geteuid() == 0)


def seatbelt() -> Sandbox | str:
    """MacOS's own sandbox, or a sentence where its program is missing."""
    from agent_gate.sandbox.seatbelt import PROGRAM, Seatbelt

    return Seatbelt() if Path(PROGRAM).exists() else f"the program {PROGRAM} is not installed"


async def probe(choices: Iterable[Candidate], store: TrialStore | None = None) -> Probe:
    """The first of these that confines, by the same mounts, filters and limits as everything else.

    A trial that went well is remembered in `store`; one that did not is made again each time. A machine
    that changed in a way that the memory does not see makes commands fail, and never run unconfined: both
    programs give up where a step of theirs fails.
    """
    reasons: list[str] = []
    for name, make in choices:
        sandbox = make()
        if isinstance(sandbox, str):
            reasons.append(f"{name}: {sandbox}")
            continue
        key = identity(sandbox)
        known = store.recall(key) if store else None
        if known is None:
            from agent_gate.sandbox.trial import try_out  # what was tried is mostly known

            trial = await try_out(sandbox)
            if trial.problem:
                reasons.append(trial.problem)
                continue
            known = Remembered(loopback=trial.loopback, detail=await _detail(sandbox))
            if store:
                store.keep(key, known)
        if isinstance(sandbox, Bubblewrap):
            sandbox = replace(sandbox, has_loopback=known.loopback)
        return Probe(sandbox, "; ".join(reasons), detail=known.detail)
    return Probe(None, "; ".join(reasons), HINT)


async def _detail(sandbox: Sandbox) -> str:
    from agent_gate.sandbox.landlock import Landlock

    if isinstance(sandbox, Landlock):
        return f"landlock version {sandbox.abi}, system call filter"
    if isinstance(sandbox, Bubblewrap):
        told = await process.run(
            (sandbox.bwrap, "--version"), cwd=Path("/"), env={}, timeout_s=_VERSION_TIMEOUT_S
        )
        version = told.stdout.decode(errors="replace").strip() or "bubblewrap"
        return f"{version}, {'system call filter' if sandbox.filter else 'no system call filter'}"
    return f"{sandbox.name} on {os.uname().release}"
