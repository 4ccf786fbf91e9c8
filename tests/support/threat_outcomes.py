"""Carries a case out: what naive tools say about the change, and what the gates say."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from package_index import PackageIndex, Release
from repositories import new_repository
from threat_cases import Case, Says, make_change

from agent_gate.domain.policy import Policy
from agent_gate.domain.spec import Spec
from agent_gate.engine.check_change import CheckOutcome, check_change
from agent_gate.engine.context import Context
from agent_gate.gating.environment import Environment, describe
from agent_gate.policy import PolicySource
from agent_gate.spec.reader import read_spec
from agent_gate.vcs.change_source import ChangeSource, locate_change
from agent_gate.vcs.repo import Repository

BIN = Path(sys.executable).parent
_PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
NAIVE: Mapping[str, tuple[str, ...]] = {
    "pytest": _PYTEST,
    "pytest, plugins": _PYTEST,
    "pytest, PYTHONPATH": _PYTEST,
    "pytest -m": (*_PYTEST, "-m", "not slow"),
    "ruff": (str(BIN / "ruff"), "check", "--no-cache", "."),
    "bandit": (str(BIN / "bandit"), "-q", "-ll", "-r", "."),
    "mypy": (str(BIN / "mypy"), "--cache-dir", "/dev/null", "--strict", "shop"),
    "make test": ("make", "test"),
    "git commit": ("git", "commit", "--quiet", "--all", "--message", "change"),
}
"""Commands as people have them in a script, by the name that a case uses; exit code 0 is what they go by."""
INDEX = PackageIndex(
    {
        name: [Release("1.0"), Release("1.1"), Release("1.2")]
        for name in ("soundthing", "plainthing", "reqeusts", "requests")
    }
)
"""What can be installed."""
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
    environment = {
        key: os.environ[key] for key in ("PATH", "HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM")
    }
    environment |= {"PYTHONDONTWRITEBYTECODE": "1", "PATH": f"{BIN}:{os.environ['PATH']}"}
    if name == "pytest, PYTHONPATH":
        environment["PYTHONPATH"] = "."
    if name != "pytest, plugins":
        environment[_AUTOLOAD] = "1"  # the plugins of this program's own tests take a second
    if name == "git commit":
        subprocess.run(["git", "add", "--all"], cwd=copy, env=environment, check=True, capture_output=True)
    return subprocess.run(
        NAIVE[name], cwd=copy, env=environment, capture_output=True, text=True, errors="replace",
        timeout=_TIMEOUT_S, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip


async def plain_environment() -> dict[str, Environment]:
    """This interpreter, by the key of a policy that names none; without its plugins, which take a second a run."""
    python = Path(sys.executable)
    environment = replace(await describe(python, Path("/nowhere")), plugins=())
    return {f"{Policy().environment.digest} ": environment}


@dataclass(frozen=True)
class _FewGates(Context):
    """Of the policy's gates only some, which say what they would say beside the others."""

    only: frozenset[str] = frozenset()

    def policy(self, base: str) -> PolicySource:
        source = super().policy(base)
        gates = source.policy.gates
        few = {
            "required": tuple(gate for gate in gates.required if gate in self.only),
            "advisory": tuple(gate for gate in gates.advisory if gate in self.only),
        }
        policy = source.policy.model_copy(update={"gates": gates.model_copy(update=few)})
        return replace(source, policy=policy)


async def ask_gates(
    root: Path, environments: dict[str, Environment], spec: str = "", only: Collection[str] = ()
) -> Told:
    """What `agent-gate check` says about the work tree, under the policy of the base.

    `environments` is kept between calls: to ask an interpreter about itself takes a second. `only` are the
    gates to ask, where not all that the policy lists.
    """
    repository = Repository.open(root)
    base, tree = locate_change(repository, ChangeSource())
    context = Context(repository, _environments=environments)
    if only:
        context = _FewGates(repository, _environments=environments, only=frozenset(only))
    return told(await check_change(context, base, tree, spec=_spec(root.parent, spec)))


def _spec(folder: Path, text: str) -> Spec | None:
    if not text:
        return None
    path = folder / "spec.yaml"
    path.write_text(text)
    return read_spec(path)


_OF_THE_MACHINE = {"dependencies/not-audited", "dependencies/age-unknown"}
"""Questions about what is missing on this machine: pip-audit, an index that tells dates."""
_NOT_RUN = "a static gate blocks"
"""Why a later gate has nothing to say: no reason of its own."""
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
    reasons = [
        reason
        for reason in (verdict.blocking if says == "blocked" else verdict.questions)
        if reason.message != f"skipped: {_NOT_RUN}"
    ]
    by = {rules.get(reason.fingerprint, f"{reason.source}/{_kind(reason.message)}") for reason in reasons}
    by -= _OF_THE_MACHINE
    if says == "asked" and not by:
        says = "passed"
    detail = "\n".join(
        f"{reason.source}: {reason.message}" for reason in (*verdict.blocking, *verdict.questions)
    )
    return Told(says, tuple(sorted(by)), detail)


def _kind(message: str) -> str:
    """`errored`, `skipped`, … of a reason that is no finding."""
    return message.partition(":")[0].partition(" ")[0]
