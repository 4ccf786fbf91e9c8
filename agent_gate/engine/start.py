"""Starts a run: fixes what is asked, on which base, for which branch, under which policy."""

from __future__ import annotations

from dataclasses import dataclass

from agent_gate import __version__
from agent_gate.domain.approval import Person
from agent_gate.domain.policy import ModelPolicy, Policy
from agent_gate.domain.spec import Paths, Spec
from agent_gate.engine.context import Context
from agent_gate.errors import PolicyError, UsageError
from agent_gate.llm.budget import microusd
from agent_gate.llm.client import Budget, open_client
from agent_gate.policy import PolicySource
from agent_gate.run.events import RunStarted
from agent_gate.run.journal import Journal
from agent_gate.vcs.git_command import GitError
from agent_gate.vcs.repo import Repository


@dataclass(frozen=True)
class RunOptions:
    """What the person who starts a run may decide; nothing here can loosen a gate."""

    model: str = ""
    attempts: int | None = None
    base: str = ""
    branch: str = ""
    allow_unsandboxed: bool = False
    budget_microusd: int | None = None


@dataclass(frozen=True)
class Ground:
    """What a run stands on: the base, the branch it shall land on, and the base's policy."""

    base: str
    ref: str
    source: PolicySource

    @property
    def policy(self) -> Policy:
        """The base's policy."""
        return self.source.policy


def find_ground(context: Context, options: RunOptions) -> Ground:
    """Raises RepositoryError without a commit, UsageError without a branch, PolicyError."""
    repository = context.repository
    ref = _target_ref(repository, options.branch)
    base = repository.resolve(options.base or repository.ref(ref) or "HEAD")
    source = context.policy(base)
    if source.policy.approval.ai_trailer == "forbid":
        raise PolicyError(
            "the policy forbids commits that a model helped with (approval.ai_trailer)",
            hint="change agent-gate.toml on the base branch, or write the change by hand",
        )
    if source.policy.proposer.command:
        raise PolicyError(
            "proposer.command: this version asks models only; it cannot wrap an agent yet",
            hint="take proposer.command out of agent-gate.toml on the base branch",
        )
    return Ground(base, ref, source)


async def start_run(context: Context, spec: Spec, options: RunOptions) -> Journal:
    """Creates the run and its first event; asks no model yet. Raises UsageError, PolicyError, SetupError."""
    ground = find_ground(context, options)
    policy = ground.policy
    operator = context.repository.author()
    confined = policy.sandbox.require and not options.allow_unsandboxed
    await context.sandbox(required=confined)
    model = options.model or policy.model.default
    open_client(model, budget=Budget(limit_microusd=0))  # raises where no such model can be asked
    event = RunStarted(
        spec=spec,
        base=ground.base,
        ref=ground.ref,
        policy=policy,
        policy_blob=ground.source.blob,
        model=model,
        attempts=options.attempts or policy.model.attempts,
        budget_microusd=_budget(options, policy.model),
        operator=Person(name=operator.name, email=operator.email),
        allow_unsandboxed=not confined,
        version=__version__,
    )
    journal = context.runs.create()
    with journal.writing():
        journal.append(event)
    return journal


def trivial_spec(goal: str, allow: tuple[str, ...]) -> Spec:
    """The spec behind `run --goal TEXT --allow PATTERN`: a machine holds it to being trivial."""
    title = goal.strip().splitlines()[0][:72]
    slug = "-".join("".join(c if c.isascii() and c.isalnum() else " " for c in title.lower()).split())[:60]
    return Spec.model_validate(
        {
            "schema": "agent-gate/spec/v1",
            "id": slug.strip("-") or "change",
            "title": title,
            "goal": goal,
            "risk": "trivial",
            "paths": Paths(allow=allow),
        }
    )


def _target_ref(repository: Repository, branch: str) -> str:
    if branch:
        name = branch.removeprefix("refs/heads/")
        try:
            repository.git("check-ref-format", "--branch", name)
        except GitError:
            raise UsageError(f"{branch!r} is no name for a branch") from None
        return f"refs/heads/{name}"
    current = repository.branch()
    if current is None:
        raise UsageError(
            "HEAD is detached: there is no branch to land on",
            hint="name one with --branch NAME, or check a branch out",
        )
    return current


def _budget(options: RunOptions, policy: ModelPolicy) -> int:
    if options.budget_microusd is not None:
        return options.budget_microusd
    return microusd(policy.budget_usd)
