"""The log of a bug of ours."""

from __future__ import annotations

import platform
import sys
import tempfile
import traceback
from pathlib import Path

from agent_gate import __version__
from agent_gate.domain.secret import redact


def write_crash_log(error: Exception) -> Path:
    """Writes the traceback and the versions, never the environment or a secret, and returns the file's path."""
    text = "".join(traceback.format_exception(error))
    header = f"agent-gate {__version__}, Python {sys.version.split()[0]}, {platform.platform()}\n\n"
    with tempfile.NamedTemporaryFile(
        "w", prefix="agent-gate-crash-", suffix=".log", delete=False, encoding="utf-8"
    ) as stream:
        stream.write(header + redact(text))
    return Path(stream.name)
