from __future__ import annotations

from agent_gate.sandbox.bubblewrap import Bubblewrap
from agent_gate.sandbox.find import Probe, find_sandbox, probe


async def test_it_is_probed_once_per_process() -> None:
    assert await find_sandbox() is await find_sandbox()


async def test_what_the_real_command_line_says_decides() -> None:
    broken = Bubblewrap(bwrap="/bin/false", prlimit="/usr/bin/prlimit")
    found = await probe(broken)
    assert found.sandbox is None
    assert "cannot confine" in found.reason
    assert "bwrap-userns-restrict" in found.hint


async def test_a_missing_program_is_a_reason_and_a_hint() -> None:
    found = await probe("the program bwrap is not installed (package bubblewrap)")
    assert found == Probe(None, "the program bwrap is not installed (package bubblewrap)", found.hint)
    assert "bubblewrap" in found.hint
