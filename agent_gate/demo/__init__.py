"""The demo's repository, spec and recorded replies: data that ships with the program."""

from __future__ import annotations

from agent_gate.demo.sample import replies_path, sample_files, spec_bytes

__all__ = ["replies_path", "sample_files", "spec_bytes"]
