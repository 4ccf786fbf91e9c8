"""How much memory a check needs for a tool that says very much."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from timing import Amount, new_repository

FINDINGS = 2_000
OUTPUT_BYTES = 50 * 1024 * 1024
_WORDY = f"""
import json, os, sys
count, size = (1, 100) if os.path.exists("canary.py") else ({FINDINGS}, {OUTPUT_BYTES} // {FINDINGS})
place = {{"row": 1, "column": 1}}
files = ["canary.py"] if count == 1 else [f"m{{number}}.py" for number in range(count)]
sys.stdout.write(json.dumps([
    {{"code": "LOUD1", "filename": name, "message": "x" * size, "location": place, "end_location": place}} for name in files
]))
"""
_DEFINITION = """
schema = "agent-gate/gate/v1"
id = "wordy"
title = "A tool that says very much"
tool = "python3"
argv = ["{tool}", "-I", "-c", %s]
parser = "ruff-json"
canary = { files = { "canary.py" = "" }, rule = "LOUD1" }
"""
_MEASURED = """
import resource, sys
from agent_gate.cli import main
try:
    main(["check", "--format", "json", *sys.argv[1:]])
finally:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
"""


def memory_of_a_wordy_tool(folder: Path) -> Amount:
    """The largest resident size of the checking process itself, in MiB; the tool's own does not count."""
    checkout = folder / "wordy"
    (checkout / ".agent-gate" / "gates").mkdir(parents=True)
    (checkout / ".agent-gate" / "gates" / "wordy.toml").write_text(_DEFINITION % json.dumps(_WORDY))
    (checkout / "agent-gate.toml").write_text('[gates]\nrequired = ["wordy"]\nadvisory = []\n')
    for number in range(FINDINGS):
        (checkout / f"m{number}.py").write_text("VALUE = 1\n")
    new_repository(checkout)
    for number in range(FINDINGS):
        (checkout / f"m{number}.py").write_text("VALUE = 2\n")
    env = {**os.environ, "AGENT_GATE_CACHE_DIR": str(folder / "wordy-cache")}
    measured = measured_check(checkout, env)
    found = measured.told["results"][0]
    if len(found["findings"]) != FINDINGS:
        raise SystemExit(f"the wordy tool's findings did not arrive: {found['status']} {found['reason']}")
    return Amount(f"{FINDINGS:,} findings in 50 MiB of output", [measured.mib], "MiB", "under 300")


class MeasuredCheck(NamedTuple):
    """What a check told, and what it took."""

    told: Mapping[str, Any]
    seconds: float
    mib: float
    """The largest resident size of the checking process itself; the tools' own does not count."""


def measured_check(checkout: Path, env: Mapping[str, str], *arguments: str) -> MeasuredCheck:
    """Runs `agent-gate check --format json`. Raises SystemExit where it gives no result."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, *arguments],
        cwd=checkout,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - started
    if not done.stdout:
        raise SystemExit(f"{checkout}: the check gave no result: {done.stderr}")
    return MeasuredCheck(json.loads(done.stdout), seconds, int(done.stderr.splitlines()[-1]) / 1024)
