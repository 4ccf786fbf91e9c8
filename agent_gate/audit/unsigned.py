"""Where an unsigned approval does not count, and why (contract: Evidence, Signatures)."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from agent_gate.domain.pattern import matches, pattern_problem
from agent_gate.domain.policy import Policy
from agent_gate.vcs.repo import Repository

ALLOWED_SIGNERS = ".agent-gate/allowed_signers"
CODEOWNERS = ("CODEOWNERS", ".github/CODEOWNERS", ".gitlab/CODEOWNERS", "docs/CODEOWNERS")


def signatures_wanted(
    repository: Repository, base: str, policy: Policy, paths: Collection[str]
) -> Iterator[str]:
    """The reasons for which an approval of these changed paths has to be signed; none where it may not be.

    Everything is read from the base commit.
    """
    rules = policy.approval
    if rules.signatures == "required":
        yield "the policy requires signatures"
    if (required := policy.required_approvals(paths)) > 1:
        yield f"the policy requires {required} approvals"
    if rules.independent:
        yield "the policy requires an independent approver"
    if repository.read(base, ALLOWED_SIGNERS):
        yield f"the base names its signers in {ALLOWED_SIGNERS}"
    for name in CODEOWNERS:
        found = repository.read(base, name)
        owned = next(_owned(found[1], paths), "") if found else ""
        if owned:
            yield f"{owned} has owners in {name}"


def _owned(codeowners: bytes, paths: Collection[str]) -> Iterator[str]:
    """The paths that some line gives an owner, later lines that take it away again not counted.

    A pattern that cannot be read covers everything, and a section with owners lends them to all its
    lines (GitLab): of two errors this is the safe one.
    """
    section_owned = False
    for line in codeowners.decode(errors="replace").splitlines():
        words = line.split(" #")[0].split()
        if not words or words[0].startswith("#"):
            continue
        if words[0].startswith(("[", "^[")):
            section_owned = len(words) > 1
            continue
        if len(words) == 1 and not section_owned:
            continue
        pattern = words[0].lstrip("/") or "*"
        yield from (path for path in paths if pattern_problem(pattern) or matches(path, (pattern,)))
