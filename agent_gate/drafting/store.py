"""Drafts of specs, kept while they are typed: what was written survives a crash."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from agent_gate.domain.value import Value
from agent_gate.drafting.draft import SpecDraft

_NEW = ":new-"
"""Begins the keys of specs that have no file yet; no path of a repository begins so."""


def fresh_key() -> str:
    """A key for one more new spec, so that two that are written at a time do not overwrite each other."""
    return f"{_NEW}{secrets.token_hex(4)}"


class KeptDraft(Value):
    """A draft, and the file that it is meant for (empty while it has none)."""

    path: str = ""
    draft: SpecDraft


class DraftStore:
    """In `<git common dir>/agent-gate/drafts/`, one file for each spec that is being edited."""

    def __init__(self, common_directory: Path) -> None:
        self.root = common_directory / "agent-gate" / "drafts"

    def keep(self, key: str, kept: KeptDraft) -> None:
        """Stores a draft, whole or not at all. `key` is the spec's path, or `fresh_key()` for a new one."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        target = self._file(key)
        fresh = target.with_suffix(".tmp")
        fresh.write_text(kept.model_dump_json(), encoding="utf-8")
        fresh.replace(target)

    def find(self, key: str) -> KeptDraft | None:
        """What was kept; None when nothing was, or another version wrote it."""
        try:
            return KeptDraft.model_validate_json(self._file(key).read_bytes())
        except (FileNotFoundError, ValidationError):
            return None

    def unfinished(self) -> tuple[tuple[str, KeptDraft], ...]:
        """New specs that were left before they had a file, with their keys; the last one comes first."""
        return tuple(self._unfinished())

    def _unfinished(self) -> Iterator[tuple[str, KeptDraft]]:
        for place in sorted(self.root.glob("new*.json"), key=lambda p: p.stat().st_mtime_ns, reverse=True):
            key = f":{place.stem}" if place.stem != "new" else ""
            if (kept := self.find(key)) is not None:
                yield key, kept

    def forget(self, key: str) -> None:
        """Drops the draft: it was saved, or is not wanted."""
        self._file(key).unlink(missing_ok=True)

    def _file(self, key: str) -> Path:
        if key.startswith(_NEW):
            return self.root / f"{key[1:]}.json"
        name = hashlib.sha256(key.encode(errors="surrogateescape")).hexdigest()[:16] if key else "new"
        return self.root / f"{name}.json"
