"""What `check` was asked for, beside the change itself."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class CheckOptions(NamedTuple):
    """The options that reach the gates or the report."""

    policy_from: str
    spec_path: Path | None
    run_all: bool
    allow_unsandboxed: bool
    form: str
