"""What `agent-gate demo` is made of: a small repository, a spec for it, and recorded replies.

The first reply fails: it builds SQL from the searched text, and a carrier that does not answer breaks
the search. The second reply passes.
"""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).resolve().parent
_SAMPLE = _HERE / "sample"
_LEFT_BY_TOOLS = frozenset({"__pycache__", ".pytest_cache", ".ruff_cache", ".mypy_cache"})


def sample_files() -> dict[str, bytes]:
    """The files of the sample repository, path to content, in the order of their paths."""
    files = (path for path in _SAMPLE.rglob("*") if path.is_file() and not _LEFT_BY_TOOLS & set(path.parts))
    return {path.relative_to(_SAMPLE).as_posix(): path.read_bytes() for path in sorted(files)}


def spec_bytes() -> bytes:
    """The spec of the change that the demo makes, as YAML."""
    return (_HERE / "spec.yaml").read_bytes()


def replies_path() -> Path:
    """The recorded replies: JSON lines, one per attempt."""
    return _HERE / "search-orders.jsonl"
