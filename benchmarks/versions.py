"""`agent-gate check` from each real version of a library to the next one: what is flagged that should not be?

    python benchmarks/versions.py [--library NAME …] [--policy FILE] [--folder FOLDER] [--json FILE]

The source distributions of LIBRARIES come from the index that pip is configured for. Each becomes a commit
of one repository; the environment has what its tests need. From version to version `check --all` runs with
the default policy, and ruff, bandit and pytest are run by hand as well. Prints a line for each step, then how often
each rule blocked and asked; the findings themselves go into the JSON file, to be looked at one by one.
docs/false-alarms.md says what was found. A release is a large change by careful people: what blocks it
should be rare.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from memory import MeasuredCheck, measured_check
from timing import IDENTITY, command, timed


@dataclass(frozen=True)
class Library:
    """A library, successive releases of it, and what its tests need beside it."""

    name: str
    versions: tuple[str, ...]
    requirements: tuple[str, ...]


# A new pip, which can tell how old a package is.
_COMMON = ("pip==26.3",)
LIBRARIES = (
    Library(
        "itsdangerous",
        ("1.1.0", "2.0.0", "2.0.1", "2.1.0", "2.1.1", "2.1.2", "2.2.0"),
        ("pytest==9.2.0", "freezegun==1.5.5"),
    ),
    Library(
        "more-itertools",
        ("10.4.0", "10.5.0", "10.6.0", "10.7.0", "10.8.0", "11.0.0"),
        ("pytest==9.2.0",),
    ),
    # From 8.2.0 on its own tests of the pager hang or fail now and then, by hand as well.
    Library("click", ("8.1.3", "8.1.4", "8.1.5", "8.1.6", "8.1.7", "8.1.8"), ("pytest==8.4.2",)),
    Library(
        "attrs",
        ("23.2.0", "24.1.0", "24.2.0", "24.3.0", "25.1.0", "25.3.0"),
        # Its tests ask what is installed under its name.
        ("pytest==8.4.2", "hypothesis==6.170.15", "cloudpickle==3.1.2", "attrs==25.3.0"),
    ),
    Library("cachetools", ("7.1.0", "7.1.4", "7.2.0", "7.2.8", "7.3.0", "8.0.0"), ("pytest==9.2.0",)),
)


@dataclass(frozen=True)
class Step:
    """What `check` said of one release over the one before, and what it took."""

    library: str
    base: str
    version: str
    exit_code: int
    check_s: float
    """With nothing in the cache of what the base's tests do."""
    by_hand_s: float
    memory_mib: float
    """The largest size of the checking process itself."""
    errored: Mapping[str, str]
    """Gates that could not look, with their reason."""
    findings: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    """What blocks, asks or is told."""
    reasons: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    """What blocks or asks and is no finding."""

    def count(self, effect: str) -> int:
        """How many findings have this effect."""
        return sum(finding["effect"] == effect for finding in self.findings)

    def row(self) -> str:
        """One line of the table."""
        step = f"{self.library} {self.base} → {self.version}"
        counts = "".join(f"{self.count(effect):7}" for effect in ("block", "ask", "note"))
        return (
            f"{step:34}{self.exit_code:5}{len(self.errored):8}{counts}{self.check_s:9.1f}{self.by_hand_s:9.1f}"
            f"{self.memory_mib:7.0f}"
        )


HEAD = f"{'step':34}{'exit':>5}{'errored':>8}{'block':>7}{'ask':>7}{'note':>7}{'check s':>9}{'hand s':>9}{'MiB':>7}"


def steps(library: Library, kept: Path, folder: Path, policy: Path | None) -> Iterator[Step]:
    """Checks each release over the one before. Downloads and the environment are in `kept`."""
    python = _environment(library, kept / "venv")
    checkout = folder / "checkout"
    checkout.mkdir(parents=True)
    _git(checkout, "init", "--quiet")
    arguments = ["--all"]
    if policy:
        _commit_file(checkout, policy)
        arguments += ["--policy-from", "policy"]
    env = {
        **os.environ,
        "VIRTUAL_ENV": str(kept / "venv"),
        "AGENT_GATE_CACHE_DIR": str(folder / "cache"),
    }
    before = ""
    for version in library.versions:
        _commit(checkout, _archive(library, version, kept / "archives", python), version)
        if before:
            measured = measured_check(checkout, env, f"{before}..{version}", *arguments)
            yield _step(library.name, before, version, measured, _by_hand_s(checkout, kept / "venv"))
        before = version


def _step(name: str, base: str, version: str, measured: MeasuredCheck, by_hand_s: float) -> Step:
    told = measured.told
    findings = [
        {"gate": result["gate"], **finding}
        for result in told["results"]
        for finding in result["findings"]
        if finding["effect"] != "none"
    ]
    known = {finding["fingerprint"] for finding in findings}
    return Step(
        library=name,
        base=base,
        version=version,
        exit_code=told["exit_code"],
        check_s=measured.seconds,
        by_hand_s=by_hand_s,
        memory_mib=measured.mib,
        errored={r["gate"]: r["reason"] for r in told["results"] if r["status"] == "errored"},
        findings=findings,
        reasons=[r for r in (*told["blocking"], *told["questions"]) if r["fingerprint"] not in known],
    )


def _by_hand_s(checkout: Path, environment: Path) -> float:
    """ruff, bandit and pytest, one after another, over the release alone."""
    ours = Path(sys.executable).parent
    env = {**os.environ, "PYTHONPATH": f"{checkout}:{checkout / 'src'}", "PYTHONDONTWRITEBYTECODE": "1"}
    tools = (
        command([str(ours / "ruff"), "check", "--no-cache", "."], checkout),
        command([sys.executable, "-m", "bandit", "-q", "-r", "."], checkout),
        command(
            [str(environment / "bin" / "python"), "-m", "pytest", "-q", "-p", "no:cacheprovider"],
            checkout,
            env,
        ),
    )
    return timed(lambda: [tool() for tool in tools])


def _environment(library: Library, folder: Path) -> Path:
    """An interpreter with what the tests need."""
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([*_pip(python), "install", *_COMMON, *library.requirements], check=True)
    return python


def _archive(library: Library, version: str, folder: Path, python: Path) -> Path:
    """The source distribution of one version, downloaded where it is not there yet."""
    found = list(folder.glob(f"*-{version}.tar.gz"))
    if not found:
        wanted = f"{library.name}=={version}"
        download = ["download", "--no-deps", "--no-binary", library.name, "--dest", str(folder), wanted]
        subprocess.run([*_pip(python), *download], check=True)
        found = list(folder.glob(f"*-{version}.tar.gz"))
    return found[0]


def _pip(python: Path) -> list[str]:
    return [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check"]


def _commit(checkout: Path, archive: Path, version: str) -> None:
    """Puts a release in the place of the one before, as a commit with the version as its tag."""
    for item in checkout.iterdir():
        if item.name != ".git":
            shutil.rmtree(item) if item.is_dir() else item.unlink()
    with tempfile.TemporaryDirectory(dir=checkout.parent) as place, tarfile.open(archive) as stream:
        stream.extractall(place, filter="data")
        for item in next(Path(place).iterdir()).iterdir():
            item.rename(checkout / item.name)
    for arguments in (
        ["add", "--all", "--force"],
        ["commit", "--quiet", "--message", version],
        ["tag", version],
    ):
        _git(checkout, *arguments)


def _commit_file(checkout: Path, policy: Path) -> None:
    """A commit beside the releases that has nothing but a policy; `policy` is its tag."""
    (checkout / "agent-gate.toml").write_bytes(policy.read_bytes())
    for arguments in (
        ["add", "agent-gate.toml"],
        ["commit", "--quiet", "--message", "policy"],
        ["tag", "policy"],
    ):
        _git(checkout, *arguments)


def _git(checkout: Path, *arguments: str) -> None:
    subprocess.run(["git", *IDENTITY, *arguments], cwd=checkout, check=True)


def rules(made: Collection[Step]) -> Iterator[str]:
    """How often each rule blocked and asked, and in how many steps."""
    counts: Counter[tuple[str, str]] = Counter()
    touched: Counter[tuple[str, str]] = Counter()
    for step in made:
        told = [(f"{f['gate']}/{f['rule']}", f["effect"]) for f in step.findings]
        counts.update(told)
        touched.update(set(told))
    for rule, effect in sorted(counts, key=lambda key: (key[1] != "block", key[1], key[0])):
        yield f"{effect:6} {rule:44}{counts[rule, effect]:6} findings in {touched[rule, effect]:3} steps"


def main() -> None:
    """Prints a row for each step as soon as it is made."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [library.name for library in LIBRARIES]
    parser.add_argument(
        "--library", nargs="*", choices=names, default=names, metavar="NAME", help=", ".join(names)
    )
    parser.add_argument("--policy", type=Path, help="A policy to judge by, instead of the default.")
    parser.add_argument(
        "--folder", type=Path, help="Where downloads and environments are kept for the next time."
    )
    parser.add_argument("--json", type=Path, help="Where the findings are written.")
    options = parser.parse_args()
    made: list[Step] = []
    print(HEAD, flush=True)
    with tempfile.TemporaryDirectory(prefix="agent-gate-versions-") as name:
        for library in LIBRARIES:
            if library.name not in options.library:
                continue
            kept = (options.folder or Path(name)) / library.name
            for step in steps(library, kept, Path(name) / library.name, options.policy):
                made.append(step)
                print(step.row(), flush=True)
                if options.json:
                    options.json.write_text(json.dumps([asdict(one) for one in made], indent=1))
    print(*rules(made), sep="\n")


if __name__ == "__main__":
    main()
