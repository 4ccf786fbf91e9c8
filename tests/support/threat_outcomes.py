"""Carries a case out: what naive tools say about the change, and what the gates say."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from repositories import new_repository
from threat_cases import Case, Says, make_change

from agent_gate.domain.spec import Spec
from agent_gate.engine.check_change import CheckOutcome, check_change
from agent_gate.engine.context import Context
from agent_gate.gating.environment import Environment
from agent_gate.spec.reader import read_spec
from agent_gate.vcs.change_source import ChangeSource, locate_change
from agent_gate.vcs.repo import Repository

BIN = Path(sys.executable).parent
_PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
NAIVE: Mapping[str, tuple[str, ...]] = {
    "pytest": _PYTEST,
    "pytest, plugins": _PYTEST,
    "pytest -m": (*_PYTEST, "-m", "not slow"),
    "ruff": (str(BIN / "ruff"), "check", "--no-cache", "."),
    "bandit": (str(BIN / "bandit"), "-q", "-ll", "-r", "."),
    "mypy": (str(BIN / "mypy"), "--cache-dir", "/dev/null", "--strict", "shop"),
    "make test": ("make", "test"),
    "git commit": ("git", "commit", "--quiet", "--all", "--message", "change"),
}
"""Commands as people have them in a script, by the name that a case uses; exit code 0 is what they go by."""
_AUTOLOAD = "PYTEST_DISABLE_PLUGIN_AUTOLOAD"
_TIMEOUT_S = 120


@dataclass(frozen=True)
class Told:
    """What was said about one change."""

    says: Says
    by: tuple[str, ...]
    """`gate/rule` of everything that blocks; where nothing blocks, of everything that asks."""
    detail: str = field(default="", compare=False)


def carry_out(case: Case, folder: Path) -> Path:
    """A repository whose HEAD is the case's base and whose work tree holds its change."""
    root = folder / "repository"
    new_repository(root, case.base)
    make_change(case, root)
    return root


def ask_naive(name: str, root: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs a naive tool in a copy of the work tree: attacks leave things behind."""
    copy = folder / f"naive {name}"
    shutil.copytree(root, copy, symlinks=True)
    environment = {key: os.environ[key] for key in ("PATH", "HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM")}
    environment |= {"PYTHONDONTWRITEBYTECODE": "1", "PATH": f"{BIN}:{os.environ['PATH']}"}
    if name != "pytest, plugins":
        environment[_AUTOLOAD] = "1"  # the plugins of this program's own tests take a second
    if name == "git commit":
        subprocess.run(["git", "add", "--all"], cwd=copy, env=environment, check=True, capture_output=True)
    return subprocess.run(
        NAIVE[name], cwd=copy, env=environment, capture_output=True, text=True, errors="replace",
        timeout=_TIMEOUT_S, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip


async def ask_gates(root: Path, environments: dict[str, Environment], spec: str = "") -> Told:
    """What `agent-gate check` says about the work tree, under the policy of the base.

    `environments` is kept between calls: to ask an interpreter about itself takes a second.
    """
    repository = Repository.open(root)
    base, tree = locate_change(repository, ChangeSource())
    context = Context(repository, _environments=environments)
    return told(await check_change(context, base, tree, spec=_spec(root.parent, spec)))


def _spec(folder: Path, text: str) -> Spec | None:
    if not text:
        return None
    path = folder / "spec.yaml"
    path.write_text(text)
    return read_spec(path)


_SAYS: Mapping[int, Says] = {0: "passed", 1: "blocked", 3: "asked"}


def told(outcome: CheckOutcome) -> Told:
    """The outcome as rules."""
    says = _SAYS[int(outcome.exit_code)]
    verdict = outcome.verdict
    if verdict is None:
        return Told(says, ())
    rules = {
        finding.fingerprint: f"{finding.gate}/{finding.rule}"
        for result in outcome.results
        for finding in result.findings
    }
    reasons = verdict.blocking if says == "blocked" else verdict.questions
    by = {rules.get(reason.fingerprint, f"{reason.source}/{_kind(reason.message)}") for reason in reasons}
    detail = "\n".join(f"{reason.source}: {reason.message}" for reason in (*verdict.blocking, *verdict.questions))
    return Told(says, tuple(sorted(by)), detail)


def _kind(message: str) -> str:
    """`errored`, `skipped`, … of a reason that is no finding."""
    return message.partition(":")[0].partition(" ")[0]
