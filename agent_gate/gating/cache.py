"""Results by content: what was found out once about the same trees is not found out again."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from agent_gate.domain.digest import sha256
from agent_gate.resources import cache_directory

__all__ = ["Cache", "cache_directory"]


class Cache:
    """A folder of JSON values, each under the digest of what it depends on.

    An entry carries a digest of its own content: a damaged one counts as absent. It protects against
    accidents, not against somebody who may write to the user's own cache folder.
    """

    def __init__(self, folder: Path, *, enabled: bool = True) -> None:
        self.folder = folder
        self.enabled = enabled

    def get(self, key: str) -> Any | None:
        """The value under a key, or None."""
        if not self.enabled:
            return None
        try:
            envelope = json.loads(self._path(key).read_bytes())
            value = envelope["value"]
            intact = envelope["key"] == key and envelope["sha256"] == sha256(_as_json(value))
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        return value if intact else None

    def put(self, key: str, value: Any) -> None:
        """Stores a value, whole or not at all. A cache that cannot be written is only slow."""
        if not self.enabled:
            return
        path = self._path(key)
        content = _as_json({"key": key, "sha256": sha256(_as_json(value)), "value": value})
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".draft-", delete=False) as draft:
                draft.write(content)
            Path(draft.name).replace(path)
        except OSError:
            return

    def _path(self, key: str) -> Path:
        name = key.removeprefix("sha256:")
        return self.folder / "gates" / name[:2] / f"{name}.json"


def _as_json(value: Any) -> bytes:
    """In ASCII, since names of files may hold bytes that UTF-8 cannot write."""
    return json.dumps(value, sort_keys=True, allow_nan=False).encode()
