"""Times agent-gate against what people would do without it: ratios within one run, nothing asserted.

    python benchmarks/run.py [--runs N] [--library REQUIREMENT] [--only PART …]

start: `agent-gate --version` against `import click`; `spec check` against a bare `import pydantic`.
check: `agent-gate check` on a change to a real library, its base already measured, against ruff, bandit
    and pytest run by hand one after another on the same tree; a second check of the same tree; what we
    take ourselves beside the slowest gate of each stage.
candidate: preparing a candidate among 20,000 files, against `git worktree add`.
memory: the largest size of a check whose tool writes 50 MiB with 2,000 findings.

The library comes from the index that pip is configured for. Absolute times depend on the machine; the
ratios are what to look at.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from candidate import preparing_a_candidate
from checks import PROGRAM, check_against_hand
from memory import memory_of_a_wordy_tool
from timing import Amount, Comparison, command, interleaved

LIBRARY = "more-itertools==11.2.1"
TYPICAL_SPEC = Path(__file__).resolve().parents[1] / "agent_gate" / "demo" / "spec.yaml"
Row = Comparison | Amount


def start_up(folder: Path, runs: int) -> tuple[Row, ...]:
    """Whole processes that do next to nothing."""
    rows = (
        ("agent-gate --version", [PROGRAM, "--version"], "import click", "at most 1.3"),
        ("spec check", [PROGRAM, "spec", "check", str(TYPICAL_SPEC)], "import pydantic", "at most 2"),
    )
    made = []
    for name, argv, reference, wanted in rows:
        plain = command([sys.executable, "-c", reference], folder)
        made.append(
            Comparison(name, *_swap(interleaved(command(argv, folder), plain, runs), reference), wanted)
        )
    return tuple(made)


def _swap(pair: tuple[list[float], list[float]], reference: str) -> tuple[list[float], str, list[float]]:
    return pair[0], f'python -c "{reference}"', pair[1]


def _shown(row: Row) -> str:
    if isinstance(row, Amount):
        value = (
            f"{statistics.median(row.values):.2f} {row.unit} ({min(row.values):.2f} … {max(row.values):.2f})"
        )
        return f"{row.name:38} {value:34} {'':52} {row.wanted}"
    ours, theirs = statistics.median(row.ours), statistics.median(row.theirs)
    value = f"{ours:.3f} s ({min(row.ours):.3f} … {max(row.ours):.3f})"
    return f"{row.name:38} {value:34} {row.reference:32} {theirs:9.3f} s {row.ratio:7.2f} {row.wanted}"


def main() -> None:
    """Prints a row for each part, as it is measured."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parts: Mapping[str, Callable[[Path], Iterable[Row]]] = {
        "start": lambda folder: start_up(folder, max(10, options.runs)),
        "candidate": lambda folder: (preparing_a_candidate(folder, options.runs),),
        "memory": lambda folder: (memory_of_a_wordy_tool(folder),),
        "check": lambda folder: check_against_hand(folder, options.library, options.runs),
    }
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--library", default=LIBRARY)
    parser.add_argument("--only", nargs="*", choices=list(parts), default=list(parts))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="agent-gate-bench-") as name:
        for part in options.only:
            for row in parts[part](Path(name)):
                print(_shown(row), flush=True)


if __name__ == "__main__":
    main()
