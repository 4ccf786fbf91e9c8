"""What a change introduces: the multiset difference between its findings and the base's.

A set would not do: a second identical mistake in the same file is a new one (bandit's own baseline
loses it). Line numbers do not take part, so that moved code stays what it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from agent_gate.domain.gate import Finding


def introduced(
    candidate: Iterable[Finding], base: Iterable[Finding], renamed: Mapping[str, str] | None = None
) -> tuple[Finding, ...]:
    """The candidate's findings that the base does not have, in the candidate's order.

    `renamed` maps a path of the base to the path that the same file has in the candidate. Where some of
    several equal findings are new, the last ones are called so.
    """
    paths = renamed or {}
    known = Counter(
        f.model_copy(update={"path": paths[f.path]}).key if f.path in paths else f.key for f in base
    )
    new: list[Finding] = []
    for finding in candidate:
        if known[finding.key]:
            known[finding.key] -= 1
        else:
            new.append(finding)
    return tuple(new)
