"""Carries every case out, keeps what came of it, and writes docs/threat-model.md.

`score.py` writes the page from what is kept; `score.py --record [NAME…]` carries the cases out again first.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from package_index import serve_index
from repositories import hermetic_git_environment
from threat_cases import read_cases
from threat_outcomes import INDEX, ask_gates, ask_naive, carry_out, plain_environment
from threat_page import OUTCOMES, PAGE, Outcome, page, read_outcomes


async def record(names: Sequence[str]) -> None:
    """Carries out the cases that are named, or all, and keeps what was said."""
    cases = read_cases()
    known = read_outcomes() if OUTCOMES.exists() else {}
    with tempfile.TemporaryDirectory() as folder, serve_index(INDEX) as index:
        home = Path(folder)
        os.environ.update(hermetic_git_environment(home) | index.environment())
        os.environ["AGENT_GATE_CACHE_DIR"] = str(home / "cache")
        environments = await plain_environment()
        for number, case in enumerate(cases):
            if names and case.name not in names:
                continue
            place = home / str(number)
            place.mkdir()
            root = carry_out(case, place)
            naive = {name: ask_naive(name, root, place).returncode for name in case.naive}
            told = await ask_gates(root, environments, case.spec)
            as_wanted = told.says == case.says and set(case.by) <= set(told.by) and not any(naive.values())
            print(
                f"{'' if as_wanted else 'NOT AS WANTED: '}{case.topic}: {case.name}: {told.says} {told.by} {naive}",
                flush=True,
            )
            known[case.name] = {
                "of": case.digest, "says": told.says, "by": list(told.by), "naive": naive,
            }  # fmt: skip
            _keep(known)


def _keep(known: dict[str, Outcome]) -> None:
    ordered = {case.name: known[case.name] for case in read_cases() if case.name in known}
    OUTCOMES.write_text(json.dumps(ordered, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--record"]:
        asyncio.run(record(sys.argv[2:]))
    PAGE.write_text(page())
