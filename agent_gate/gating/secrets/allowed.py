"""The way out for what only looks like a secret: a list of digests in the base."""

from __future__ import annotations

import hashlib
import re

from agent_gate.domain.value import PlainData
from agent_gate.vcs.repo import Repository

ALLOWED_FILE = ".agent-gate/secrets-allowed.txt"
HINT = (
    "take it out, and revoke it if it is real: git keeps what was committed once. If it is none, put its digest into "
    f"{ALLOWED_FILE}, in a commit that the base holds: of the value (printf %s 'VALUE' | sha256sum), or of the "
    "whole file (sha256sum FILE)"
)
_LINE = re.compile(r"(?:sha256:)?([0-9a-f]{64})(?:\s.*)?")
_MOST_BYTES = 1024 * 1024


def read_allowed(repository: Repository, tree: str) -> PlainData:
    """The digests that a tree allows, and the numbers of the lines that are none: these allow nothing.

    A line is 64 hexadecimal digits, then perhaps a reason; empty lines and `#` are comments.
    """
    entry = repository.entries(tree).get(ALLOWED_FILE)
    if entry is None or not entry.mode.startswith("100"):
        return {"digests": [], "unread": []}
    lines = repository.blob(entry.oid)[:_MOST_BYTES].decode(errors="replace").splitlines()
    told = {number: line.strip() for number, line in enumerate(lines, start=1) if line.strip()}
    read = {number: _LINE.fullmatch(line) for number, line in told.items() if not line.startswith("#")}
    return {
        "digests": sorted({match[1] for match in read.values() if match}),
        "unread": [number for number, match in read.items() if match is None],
    }


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal, as sha256sum writes it."""
    return hashlib.sha256(content).hexdigest()
