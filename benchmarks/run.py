"""Times agent-gate against what people would do without it: ratios within one run, nothing asserted.

    python benchmarks/run.py [--runs N] [--library REQUIREMENT]

(a) start-up: `agent-gate --version` against `python -c "import click"`.
(b) `agent-gate check` on a change to a real library, its base already measured, against ruff, bandit and
    pytest run by hand one after another on the same tree.
(c) a second `check` of the same tree, against the first.
(d) `agent-gate spec check` on a typical spec, against a bare `import pydantic`.

The library comes from the index that pip is configured for. Absolute times depend on the machine; the
ratios are what to look at.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

LIBRARY = "more-itertools==11.2.1"
TYPICAL_SPEC = Path(__file__).resolve().parents[1] / "agent_gate" / "demo" / "spec.yaml"
_NEW_FUNCTION = '''

def last_index(iterable, value):
    """Return the last position of *value* in *iterable*, or -1."""
    found = -1
    for position, item in enumerate(iterable):
        if item == value:
            found = position
    return found
'''


@dataclass(frozen=True)
class Comparison:
    """One row: what was timed, against what, in seconds."""

    name: str
    ours: Sequence[float]
    reference: str
    theirs: Sequence[float]

    @property
    def ratio(self) -> float:
        return statistics.median(self.ours) / statistics.median(self.theirs)


def timed(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def command(argv: Sequence[str], where: Path, env: dict[str, str] | None = None) -> Callable[[], object]:
    """A call that runs a command and throws its output away, whatever it returns."""
    return lambda: subprocess.run(argv, cwd=where, env=env, capture_output=True, check=False)


def interleaved(
    ours: Callable[[], object], theirs: Callable[[], object], runs: int
) -> tuple[list[float], list[float]]:
    """Times two actions in turn, so that a machine that grows slower is slower for both."""
    ours(), theirs()
    pairs = [(timed(ours), timed(theirs)) for _ in range(runs)]
    return [a for a, _ in pairs], [b for _, b in pairs]


def start_up(folder: Path, runs: int) -> Comparison:
    program = str(Path(sys.executable).parent / "agent-gate")
    ours, theirs = interleaved(
        command([program, "--version"], folder), command([sys.executable, "-c", "import click"], folder), runs
    )
    return Comparison("agent-gate --version", ours, 'python -c "import click"', theirs)


def spec_check(folder: Path, runs: int) -> Comparison:
    program = str(Path(sys.executable).parent / "agent-gate")
    ours, theirs = interleaved(
        command([program, "spec", "check", str(TYPICAL_SPEC)], folder),
        command([sys.executable, "-c", "import pydantic"], folder),
        runs,
    )
    return Comparison("spec check", ours, 'python -c "import pydantic"', theirs)


def real_library(folder: Path, requirement: str) -> tuple[Path, Path]:
    """(checkout with a change in its work tree, environment with pytest)."""
    environment = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    python = str(environment / "bin" / "python")
    download = [
        "download",
        "--quiet",
        "--no-deps",
        "--no-binary",
        ":all:",
        "--dest",
        str(folder),
        requirement,
    ]
    subprocess.run([python, "-m", "pip", *download], check=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", "pytest"], check=True)
    archive = next(folder.glob("*.tar.gz"))
    with tarfile.open(archive) as stream:
        stream.extractall(folder, filter="data")
    checkout = folder / archive.name.removesuffix(".tar.gz")
    for arguments in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", requirement]):
        identity = ["-c", "user.name=Benchmark", "-c", "user.email=benchmark@example.org"]
        subprocess.run(["git", *identity, *arguments], cwd=checkout, check=True)
    changed = checkout / "more_itertools" / "more.py"
    changed.write_text(changed.read_text() + _NEW_FUNCTION)
    return checkout, environment


def check_against_hand(folder: Path, requirement: str, runs: int) -> tuple[Comparison, Comparison]:
    checkout, environment = real_library(folder, requirement)
    here = Path(sys.executable).parent
    gate = [str(here / "agent-gate"), "check"]
    caches = folder / "cache"
    env = {**os.environ, "VIRTUAL_ENV": str(environment), "AGENT_GATE_CACHE_DIR": str(caches)}
    by_hand = [
        command([str(here / "ruff"), "check", "--no-cache", "."], checkout),
        command([sys.executable, "-m", "bandit", "-q", "-r", "."], checkout),
        command(
            [str(environment / "bin" / "python"), "-m", "pytest", "-q", "-p", "no:cacheprovider"], checkout
        ),
    ]
    changed = checkout / "more_itertools" / "more.py"
    original = changed.read_text()
    first, second, hand = [], [], []
    command(gate, checkout, env)()  # measures the base, as a run does while the model is typing
    for number in range(runs):
        changed.write_text(f"{original}\n# {number}\n")
        first.append(timed(command(gate, checkout, env)))
        second.append(timed(command(gate, checkout, env)))
        hand.append(timed(lambda: [step() for step in by_hand]))
    shutil.rmtree(caches, ignore_errors=True)
    return (
        Comparison(f"check on {requirement}", first, "ruff, bandit, pytest by hand", hand),
        Comparison("second check of the same tree", second, "the first check", first),
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--library", default=LIBRARY)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="agent-gate-bench-") as name:
        folder = Path(name)
        rows = [
            start_up(folder, max(10, options.runs)),
            spec_check(folder, max(10, options.runs)),
            *check_against_hand(folder, options.library, options.runs),
        ]
    print(f"{'what':36} {'median s':>9} {'min':>7} {'max':>7}   {'against':32} {'median s':>9} {'ratio':>6}")
    for row in rows:
        print(
            f"{row.name:36} {statistics.median(row.ours):9.3f} {min(row.ours):7.3f} {max(row.ours):7.3f}   "
            f"{row.reference:32} {statistics.median(row.theirs):9.3f} {row.ratio:6.2f}"
        )


if __name__ == "__main__":
    main()
