"""A repository with a change on it, as the gates are asked to judge it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from agent_gate.domain.gate import GateResult
from agent_gate.gating.request import CheckRequest
from agent_gate.gating.runner import run_gates
from agent_gate.vcs.repo import Entry, Repository

Change = Mapping[str, str | bytes | Entry | None]


@dataclass(frozen=True)
class Bench:
    """Makes requests on one repository and runs their gates."""

    repository: Repository
    request: CheckRequest

    def change(self, change: Change, **more: Any) -> CheckRequest:
        """The request for a change of the base; None deletes a file."""
        repository, base = self.repository, self.request.base_tree
        entries: dict[str, Entry | None] = {}
        for path, content in change.items():
            if content is None or isinstance(content, Entry):
                entries[path] = content
            else:
                data = content.encode() if isinstance(content, str) else content
                entries[path] = Entry("100644", repository.write_blob(data))
        tree = repository.write_tree(base, entries)
        changed = repository.changed_files(base, tree)
        return replace(self.request, tree=tree, changed=changed, **more)

    async def result(self, change: Change, **more: Any) -> GateResult:
        """The result of the only gate."""
        (result,) = await run_gates(self.change(change, **more))
        return result


MakeBench = Callable[..., Awaitable[Bench]]
