"""Canonical bytes and their digests. Standard library only: what is in a hurry asks for nothing more."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def canonical_json(data: Any) -> bytes:
    """Sorted keys, no white space, UTF-8, no NaN: RFC 8785 for the types that we use (no floats)."""
    return json.dumps(
        data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def sha256(data: bytes) -> str:
    """The digest in the form that trailers and statements use: `sha256:<64 hex>`."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
